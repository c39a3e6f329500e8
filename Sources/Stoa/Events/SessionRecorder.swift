import Dispatch
import Glibc
import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks

/// Writes the event log and the trace of a session, on a queue of its own. There is none in a session that has neither, so
/// that the driver makes no events.
final class SessionRecorder: Sendable {
    /// The files.
    private final class Files: @unchecked Sendable {
        // Unchecked: the reader's task alone uses them.

        private var log: EventLog?
        private var trace: TraceFile?

        init(log: EventLog?, trace: TraceFile?) {
            self.log = log
            self.trace = trace
        }

        func write(_ record: EventRecord) {
            do {
                try log?.write(record)
                try trace?.write(record)
            } catch {
                preconditionFailure("an event of the session's own does not encode: \(error)")
            }
        }

        func flush() {
            log?.flush()
            trace?.flush()
        }

        func close(at time: Int) {
            if log == nil, trace == nil { return }
            write(EventRecord(.sessionClosed, at: time))
            log?.close()
            do {
                try trace?.close(at: time)
            } catch {
                preconditionFailure("an event of the session's own does not encode: \(error)")
            }
            (log, trace) = (nil, nil)
        }
    }

    private let start = MonotonicClock.nanoseconds
    private let files: Files
    private let queue = EventQueue()
    private let end = DispatchGroup()

    /// Begins the files; nil when none is asked for. Throws when one cannot be made.
    init?(_ configuration: SessionConfiguration) throws(StoaError) {
        let options = configuration.options
        if options.eventLog == nil, options.trace == nil { return nil }
        var log: EventLog?
        if let path = options.eventLog { log = try EventLog(path: path) }
        var trace: TraceFile?
        if let path = options.trace { trace = try TraceFile(path: path) }
        files = Files(log: log, trace: trace)
        var opened = EventRecord(.sessionOpened, at: 0)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        opened.opened = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
        opened.stoa = StoaVersion.current
        opened.options = Dictionary(uniqueKeysWithValues: configuration.entries.map { ($0.name, $0.value) })
        files.write(opened)
    }

    /// Writes what the driver tells from now on.
    func record(_ driver: Driver, executors: [ExecutorDescription]) {
        for executor in executors {
            let joined = DriverEvent(nanoseconds: MonotonicClock.nanoseconds, kind: .executorJoined(executor))
            if let record = EventRecord(joined, since: start) { files.write(record) }
        }
        let events = driver.events()
        let (files, start, end) = (files, start, end)
        end.enter()
        Task(executorPreference: queue) {
            for await event in events {
                guard let record = EventRecord(event, since: start) else { continue }
                files.write(record)
                // Who follows the log sees jobs when they end.
                if record.event == .jobEnded || record.event == .executorLost { files.flush() }
            }
            files.close(at: MonotonicClock.nanoseconds - start)
            end.leave()
        }
    }

    /// Partitions that the session has put on executors itself.
    func noteGiven(_ blocks: [LocatedBlock]) {
        for (executor, blocks) in Dictionary(grouping: blocks, by: \.location.executor) {
            let stored = DriverEvent.Kind.blocksStored(
                blocks.map { BlockSummary(id: $0.location.block, rowCount: $0.rowCount, byteCount: $0.byteCount) },
                executor)
            write { EventRecord(DriverEvent(nanoseconds: $0, kind: stored), since: $1) }
        }
    }

    /// A dataset that nobody needs any more.
    func noteReleased(_ id: DatasetID) {
        write { now, start in
            var record = EventRecord(.datasetReleased, at: now - start)
            record.dataset = id.value
            return record
        }
    }

    private func write(_ record: @escaping @Sendable (_ now: Int, _ start: Int) -> EventRecord?) {
        let (files, start, now) = (files, start, MonotonicClock.nanoseconds)
        queue.queue.async { if let record = record(now, start) { files.write(record) } }
    }

    /// Returns when the files are complete. The driver is stopped before.
    func finish() { end.wait() }
}
