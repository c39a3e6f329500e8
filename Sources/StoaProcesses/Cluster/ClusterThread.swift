internal import CStoaProcess
import Glibc
import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// The thread that starts executors, hears them, misses them, and waits for their ends. It lives as long as any of them: the
/// kernel kills an executor when the thread that started it ends, so also when this process is killed.
final class ClusterThread: @unchecked Sendable {
    // Unchecked: what has no guard is used by the thread alone.

    /// What other threads ask for.
    enum Request {
        case start(ExecutorDescription, group: Int, isAwaited: Bool)
        case remove(ExecutorID)
        /// Kill it, for this reason.
        case end(ExecutorID, String, advice: String)
        case stop
    }

    enum Phase: Hashable {
        /// Started, has not said a word.
        case starting
        /// Has registered and takes its settings.
        case settling
        case running
        /// Was asked to end.
        case leaving
    }

    /// An executor as this thread sees it.
    final class Member {
        let handle: ExecutorHandle
        /// Whether it was started for `addExecutor`, which waits for an answer.
        let isAwaited: Bool
        var phase = Phase.starting
        var reader = FrameReader()
        /// When it said something last, or was started.
        var lastHeard = MonotonicClock.nanoseconds
        /// Whether it has said that it ends.
        var hasLeft = false

        init(_ handle: ExecutorHandle, isAwaited: Bool) {
            self.handle = handle
            self.isAwaited = isAwaited
        }
    }

    let state: ClusterState
    let options: ProcessOptions
    let settings: @Sendable (ExecutorDescription, Int) -> ExecutorSettings
    let output: OutputForwarder
    let wake: WakePipe

    let lock = ConditionLock()
    // Guard of the following: `lock`.
    var requests: [Request] = []
    /// Executors of the start that do not run yet, and what kept one from it.
    var startingCount = 0
    var startError: StoaError?
    var thread: NamedThread?

    // Used by the thread alone.
    var members: [ExecutorID: Member] = [:]
    var isStopping = false
    var stopDeadline = 0
    var chunk = [UInt8](repeating: 0, count: 256 << 10)

    init(
        state: ClusterState, options: ProcessOptions,
        settings: @escaping @Sendable (ExecutorDescription, Int) -> ExecutorSettings
    ) throws(StoaError) {
        self.state = state
        self.options = options
        self.settings = settings
        wake = try WakePipe()
        output = try OutputForwarder(sink: options.output ?? { OutputForwarder.writeToUser($0, isError: $1) })
    }

    // MARK: - Calls of other threads

    /// Starts executors and waits until all can be given tasks. Throws what kept one of them from it.
    func start(_ executors: [(description: ExecutorDescription, group: Int)]) throws(StoaError) {
        lock.lock()
        startingCount = executors.count
        requests = executors.map { .start($0.description, group: $0.group, isAwaited: false) }
        lock.unlock()
        let made = try NamedThread.start(name: "stoa-processes") { [self] in run() }
        lock.lock()
        thread = made
        while startingCount > 0, startError == nil { lock.wait() }
        let error = startError
        lock.unlock()
        if let error { throw error }
    }

    /// Ends all executors; returns when their processes are gone and the thread has ended.
    func stop() {
        lock.lock()
        requests.append(.stop)
        let running = thread
        thread = nil
        lock.unlock()
        wake.signal()
        running?.join()
        output.stop()
    }

    /// Starts one more executor, which the driver is told of.
    func add(_ description: ExecutorDescription, group: Int) {
        post(.start(description, group: group, isAwaited: true))
    }

    func remove(_ id: ExecutorID) { post(.remove(id)) }

    /// Kills an executor that lives.
    func end(_ id: ExecutorID, _ reason: String, advice: String) { post(.end(id, reason, advice: advice)) }

    func post(_ request: Request) {
        lock.lock()
        requests.append(request)
        lock.unlock()
        wake.signal()
    }

    // MARK: - The thread

    func run() {
        while true {
            takeRequests()
            if isStopping, members.isEmpty { return }
            hear(waitForSomething())
            checkDeadlines()
        }
    }

    func takeRequests() {
        lock.lock()
        let taken = requests
        requests = []
        lock.unlock()
        for request in taken {
            switch request {
            case .start(let description, let group, let isAwaited):
                if !isStopping { start(description, group: group, isAwaited: isAwaited) }
            case .remove(let id):
                if let member = members[id] {
                    member.phase = .leaving
                    member.lastHeard = MonotonicClock.nanoseconds
                    // It is asked to end when it has finished what it runs.
                    state.send([.drain], to: id)
                } else {
                    // It was lost before.
                    state.post([.executorLeft(id)])
                }
            case .end(let id, let reason, let advice):
                if let member = members[id] { lose(member, reason, advice: advice) }
            case .stop: stopAll()
            }
        }
    }

    func stopAll() {
        isStopping = true
        stopDeadline = MonotonicClock.nanoseconds + options.stopNanoseconds
        for member in members.values {
            // One that has not registered knows nothing of an end.
            if member.phase == .starting { kill(member.handle.process, SIGKILL) }
            member.phase = .leaving
            state.send([.stop], to: member.handle.id)
        }
    }

    /// Waits for bytes, room for bytes, requests or a deadline; gives the executors that have something to say.
    func waitForSomething() -> [Member] {
        let polledMembers = Array(members.values)
        var polled = polledMembers.map { member in
            let events = member.handle.channel.isWaiting ? POLLIN | POLLOUT : POLLIN
            return pollfd(fd: member.handle.channel.socket, events: Int16(events), revents: 0)
        }
        polled.append(pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0))
        poll(&polled, nfds_t(polled.count), millisecondsToDeadline())
        wake.clear()
        for (member, entry) in zip(polledMembers, polled) where entry.revents & Int16(POLLOUT) != 0 {
            member.handle.channel.flush()
        }
        return zip(polledMembers, polled).filter { $1.revents & ~Int16(POLLOUT) != 0 }.map(\.0)
    }

    func millisecondsToDeadline() -> Int32 {
        guard let deadline = members.values.map(deadline(of:)).min() else { return -1 }
        // Rounded up, so that it has passed when the wait ends.
        return Int32(clamping: (max(0, deadline - MonotonicClock.nanoseconds) + 999_999) / 1_000_000)
    }

    /// When an executor that stays silent has to be killed.
    func deadline(of member: Member) -> Int {
        if isStopping { return stopDeadline }
        return switch member.phase {
        case .starting: member.lastHeard + options.registrationTimeoutNanoseconds
        case .settling, .running: member.lastHeard + options.heartbeatTimeoutNanoseconds
        // It may still finish what runs.
        case .leaving: member.lastHeard + max(options.stopNanoseconds, options.heartbeatTimeoutNanoseconds)
        }
    }

    // After everything that was there has been read: this thread itself may have been kept waiting.
    func checkDeadlines() {
        let now = MonotonicClock.nanoseconds
        for member in Array(members.values) where deadline(of: member) <= now {
            let silence = (now - member.lastHeard) / 1_000_000
            switch member.phase {
            case .starting:
                lose(member, "has not opened a session within \(silence) ms", advice: Self.openAdvice)
            case .settling, .running: lose(member, "has said nothing for \(silence) ms")
            case .leaving: lose(member, "did not end when it was asked to")
            }
        }
    }

    // MARK: - Beginning

    func start(_ description: ExecutorDescription, group: Int, isAwaited: Bool) {
        do throws(StoaError) {
            let file = try SegmentFile(
                name: "stoa \(description.id)", byteCount: SegmentFile.defaultByteCount)
            let started = try ExecutorSpawner(options: options).start(description.id)
            output.add(description.id, output: started.output, errors: started.errors)
            let channel = DriverChannel(socket: started.socket) { [wake] in wake.signal() }
            let handle = ExecutorHandle(
                description, group: group, process: started.process, token: started.token, file: file, channel: channel)
            members[description.id] = Member(handle, isAwaited: isAwaited)
            state.add(handle)
        } catch {
            notStarted(error, isAwaited: isAwaited)
        }
    }

    func notStarted(_ error: StoaError, isAwaited: Bool) {
        if isAwaited { return state.post([.executorNotStarted(error)]) }
        lock.lock()
        startError = startError ?? error
        lock.unlock()
        lock.wakeAll()
    }

    /// An executor has said who it is: it gets its settings, its segment, and those that it may read.
    func settle(_ member: Member, token: String, process: Int) throws(StoaError) {
        let handle = member.handle
        guard token == handle.token, process == Int(handle.process) else {
            throw StoaError(
                .executorLost, source: .environment,
                "process \(process) says that it is \(handle.id), which is process \(handle.process)",
                advice: "let the program itself open the session, not a program that it starts")
        }
        member.phase = .settling
        output.beginForwarding(handle.id)
        var settings = settings(handle.description, handle.group)
        settings.isSharing = members.count > 1
        settings.segmentByteCount = handle.file.byteCount
        let descriptor = dup(handle.file.descriptor)
        guard descriptor >= 0 else { throw WakePipe.failure("a descriptor", errno) }
        try handle.channel.send(.welcome(settings), descriptor: descriptor)
        handle.isWelcome.store(true, ordering: .releasing)
        try state.introduce(handle)
        for other in members.values where other !== member && (other.phase == .running || other.phase == .leaving) {
            try announce(other.handle, to: handle)
        }
    }

    func announce(_ owner: ExecutorHandle, to reader: ExecutorHandle) throws(StoaError) {
        try reader.channel.send(
            .segment(SegmentID(owner.id), byteCount: owner.file.byteCount),
            descriptor: try owner.file.readOnlyDescriptor())
    }

    /// An executor can be given tasks: everybody learns of its segment first.
    func ready(_ member: Member) throws(StoaError) {
        let handle = member.handle
        let segment = try Segment(
            id: SegmentID(handle.id), descriptor: handle.file.descriptor, byteCount: handle.file.byteCount,
            isWritable: false)
        state.readers.open(segment)
        for other in members.values where other !== member && other.phase != .starting {
            try announce(handle, to: other.handle)
            state.send([.sharing(true)], to: other.handle.id)
        }
        if member.phase == .settling { member.phase = .running }
        if member.isAwaited { return state.post([.executorJoined(handle.description)]) }
        lock.lock()
        startingCount -= 1
        lock.unlock()
        lock.wakeAll()
    }
}
