internal import CStoaProcess
import Glibc
import StoaColumns
import StoaTasks

/// Brings what executors print to the user: line by line, each behind the executor's name.
///
/// What a program prints before it opens its session is not shown, since the user's own process has printed it, too; its
/// last lines are kept for the error of an executor that does not get that far. A thread of its own reads, so that a
/// reader of the user's output who stops makes executors wait that print, and nobody else. Guard: a lock.
final class OutputForwarder: @unchecked Sendable {
    /// Takes whole lines, each with its end: those of standard output or those of standard error.
    typealias Sink = @Sendable (_ text: [UInt8], _ isError: Bool) -> Void

    private struct Stream {
        let descriptor: Int32
        let executor: ExecutorID
        let isError: Bool
        /// The last line as far as it has come.
        var line: [UInt8] = []
    }

    private struct Source {
        var isForwarding = false
        /// The last lines of both streams, in the order they came.
        var lastLines: [String] = []
    }

    private static let keptLines = 10
    /// Of what a pipe still holds: a process that the executor started may go on writing there.
    private static let restLimit = 16 << 20
    /// A longer line is shown in pieces.
    private static let lineLimit = 64 << 10

    private let sink: Sink
    private let wake: WakePipe
    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var streams: [Stream] = []
    private var sources: [ExecutorID: Source] = [:]
    /// Whole lines that are to be shown. The thread shows them without the lock: a reader of ours who stops reading must hold
    /// up nobody but those who print.
    private var shown: [(text: [UInt8], isError: Bool)] = []
    private var isStopping = false
    private var thread: NamedThread?
    private var chunk = [UInt8](repeating: 0, count: 64 << 10)

    init(sink: @escaping Sink) throws(StoaError) {
        self.sink = sink
        wake = try WakePipe()
        thread = try NamedThread.start(name: "stoa-output") { [self] in run() }
    }

    /// Writes to this process's own standard output and error.
    static func writeToUser(_ text: [UInt8], isError: Bool) {
        text.withUnsafeBytes { stoa_print($0.baseAddress, $0.count, isError ? 1 : 0) }
    }

    /// Begins to read the two pipes of an executor, which become the forwarder's.
    func add(_ executor: ExecutorID, output: Int32, errors: Int32) {
        lock.lock()
        streams.append(Stream(descriptor: output, executor: executor, isError: false))
        streams.append(Stream(descriptor: errors, executor: executor, isError: true))
        sources[executor] = Source()
        lock.unlock()
        wake.signal()
    }

    /// Drops what the executor has printed until now and shows what comes.
    func beginForwarding(_ executor: ExecutorID) {
        lock.lock()
        defer { lock.unlock() }
        for position in streams.indices where streams[position].executor == executor {
            _ = read(position, atMost: Self.restLimit)
            streams[position].line = []
        }
        sources[executor]?.isForwarding = true
        sources[executor]?.lastLines = []
    }

    /// Reads what an executor that has ended left, to be shown, and closes its pipes. Gives its last lines.
    func finish(_ executor: ExecutorID) -> [String] {
        lock.lock()
        defer {
            lock.unlock()
            wake.signal()
        }
        for position in streams.indices where streams[position].executor == executor {
            _ = read(position, atMost: Self.restLimit)
            endLine(position)
            close(streams[position].descriptor)
        }
        streams.removeAll { $0.executor == executor }
        return sources.removeValue(forKey: executor)?.lastLines ?? []
    }

    /// Ends the thread when all is shown; all executors are finished.
    func stop() {
        lock.lock()
        isStopping = true
        let running = thread
        thread = nil
        lock.unlock()
        wake.signal()
        running?.join()
    }

    private func run() {
        while true {
            lock.lock()
            let (lines, isLast) = (shown, isStopping)
            shown = []
            lock.unlock()
            for line in lines { sink(line.text, line.isError) }
            if isLast { return }
            lock.lock()
            var polled = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let isIdle = shown.isEmpty && !isStopping
            lock.unlock()
            polled.append(pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0))
            poll(&polled, nfds_t(polled.count), isIdle ? -1 : 0)
            wake.clear()
            let ready = Set(polled.lazy.filter { $0.revents != 0 }.map(\.fd))
            lock.lock()
            // A pipe may have been closed meanwhile, and its number be another one's: reading that does not wait.
            var ended: Set<Int32> = []
            for position in streams.indices where ready.contains(streams[position].descriptor) {
                if !read(position, atMost: 1 << 20) { ended.insert(streams[position].descriptor) }
            }
            for position in streams.indices where ended.contains(streams[position].descriptor) {
                endLine(position)
                close(streams[position].descriptor)
            }
            streams.removeAll { ended.contains($0.descriptor) }
            lock.unlock()
        }
    }

    /// Reads what is there; false at the end. With the lock held.
    private func read(_ position: Int, atMost limit: Int) -> Bool {
        var total = 0
        while total < limit {
            let count = Glibc.read(streams[position].descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno == EAGAIN }
            if count == 0 { return false }
            total += count
            take(chunk[..<count], position)
        }
        return true
    }

    private func take(_ bytes: ArraySlice<UInt8>, _ position: Int) {
        var shown: [UInt8] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            streams[position].line += rest[..<end]
            append(streams[position].line, position, to: &shown)
            streams[position].line = []
            rest = rest[(end + 1)...]
        }
        streams[position].line += rest
        while streams[position].line.count >= Self.lineLimit {
            append(Array(streams[position].line.prefix(Self.lineLimit)), position, to: &shown)
            streams[position].line.removeFirst(Self.lineLimit)
        }
        if !shown.isEmpty { self.shown.append((shown, streams[position].isError)) }
    }

    private func endLine(_ position: Int) {
        guard !streams[position].line.isEmpty else { return }
        var shown: [UInt8] = []
        append(streams[position].line, position, to: &shown)
        streams[position].line = []
        if !shown.isEmpty { self.shown.append((shown, streams[position].isError)) }
    }

    private func append(_ line: [UInt8], _ position: Int, to shown: inout [UInt8]) {
        let executor = streams[position].executor
        guard var source = sources[executor] else { return }
        if source.isForwarding {
            shown += Array("\(executor) | ".utf8) + line + [UInt8(ascii: "\n")]
        } else {
            source.lastLines.append(String(decoding: line, as: UTF8.self))
            if source.lastLines.count > Self.keptLines { source.lastLines.removeFirst() }
            sources[executor] = source
        }
    }
}

/// Wakes a thread that waits for descriptors.
final class WakePipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(StoaError) {
        var ends: [Int32] = [-1, -1]
        let error = stoa_pipe(&ends)
        guard error == 0 else { throw Self.failure("a pipe", error) }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // A full pipe wakes as well as one that takes another byte.
        _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }

    func clear() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(readEnd, &bytes, 16) == 16 {}
    }

    static func failure(_ what: String, _ error: Int32) -> StoaError {
        StoaError(
            .engineFailed, source: .environment, "no \(what) for an executor: \(String(cString: strerror(error)))",
            advice: "raise the limit on open files (ulimit -n)")
    }
}
