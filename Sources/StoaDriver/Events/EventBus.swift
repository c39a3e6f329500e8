import StoaTasks

/// Tells listeners what happens. Used by the driver's thread alone; listeners read on threads of their own.
///
/// Nobody is waited for: a listener that has as many events unread as it asked for loses what comes, and is told how many.
/// While nobody listens, an event costs one look at `isListening`: callers ask it before they make one.
final class EventBus {
    fileprivate struct Listener {
        let id: Int
        let continuation: AsyncStream<DriverEvent>.Continuation
        var lostCount = 0
    }

    @exclusivity(unchecked) private(set) var isListening = false
    private var listeners: [Listener] = []
    private let clock: LoopClock

    init(clock: LoopClock) { self.clock = clock }

    func add(_ id: Int, _ continuation: AsyncStream<DriverEvent>.Continuation) {
        listeners.append(Listener(id: id, continuation: continuation))
        isListening = true
    }

    func remove(_ id: Int) {
        listeners.removeAll { $0.id == id }
        isListening = !listeners.isEmpty
    }

    func send(_ kind: DriverEvent.Kind) {
        let event = DriverEvent(nanoseconds: clock.now, kind: kind)
        for index in listeners.indices { listeners[index].send(event) }
    }

    /// No event follows.
    func finish() {
        for index in listeners.indices { listeners[index].finish(at: clock.now) }
        listeners = []
        isListening = false
    }
}

extension EventBus.Listener {
    fileprivate mutating func send(_ event: DriverEvent) {
        if lostCount > 0 {
            let gap = DriverEvent(nanoseconds: event.nanoseconds, kind: .eventsLost(lostCount))
            if case .dropped = continuation.yield(gap) {
                lostCount += 1
                return
            }
            lostCount = 0
        }
        if case .dropped = continuation.yield(event) { lostCount += 1 }
    }

    fileprivate mutating func finish(at now: Int) {
        if lostCount > 0 { continuation.yield(DriverEvent(nanoseconds: now, kind: .eventsLost(lostCount))) }
        continuation.finish()
    }
}

extension EventBus {
    /// How an executor has ended an attempt, and what it means. An attempt is told of once, whatever its executor repeats.
    func note(_ task: TaskID, _ executor: ExecutorID, _ answer: Answer, _ outcome: TaskScheduler.Outcome) {
        if case .unknown = outcome { return }
        switch answer {
        case .finished(let report):
            let counts = if case .complete = outcome { true } else { false }
            send(.taskFinished(task, executor, report.timing, report.metrics, counts: counts))
            if counts, !report.blocks.isEmpty { send(.blocksStored(report.blocks, executor)) }
        case .failed(let failure):
            let willRetry =
                switch outcome {
                case .willRetry, .missing: true
                case .stale, .unknown, .complete, .failed, .withdrawn: false
                }
            send(.taskFailed(task, executor, failure.error, willRetry: willRetry))
        case .cancelled: send(.taskCancelled(task, executor))
        }
    }
}
