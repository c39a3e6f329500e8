import StoaTasks

/// What executors have told, for tests to wait on.
final class Answers: @unchecked Sendable {
    private let lock = ConditionLock()
    // Guard: `lock`.
    private var events: [ClusterEvent] = []

    func hear(_ more: [ClusterEvent]) {
        lock.lock()
        events += more
        lock.unlock()
        lock.wakeAll()
    }

    var all: [ClusterEvent] {
        lock.lock()
        defer { lock.unlock() }
        return events
    }

    /// Waits, on a thread that is the test's own, until there are this many; gives what there is after ten seconds.
    func first(_ count: Int) -> [ClusterEvent] {
        let deadline = MonotonicClock.nanoseconds + 10_000_000_000
        lock.lock()
        defer { lock.unlock() }
        while events.count < count, MonotonicClock.nanoseconds < deadline { lock.wait(until: deadline) }
        return events
    }
}

extension ClusterEvent {
    var finishedTask: TaskID? { if case .taskFinished(let task, _, _) = self { task } else { nil } }
    var cancelledTask: TaskID? { if case .taskCancelled(let task, _) = self { task } else { nil } }
    var failedTask: TaskID? { if case .taskFailed(let task, _, _) = self { task } else { nil } }

    var executor: ExecutorID {
        switch self {
        case .taskFinished(_, let executor, _), .taskFailed(_, let executor, _), .taskCancelled(_, let executor):
            executor
        case .executorJoined(let description): description.id
        case .executorLost(let executor, _), .executorLeft(let executor), .blocksEvicted(_, let executor),
            .blocksCopied(_, let executor), .executorStatus(let executor, _):
            executor
        case .executorNotStarted: ExecutorID(-1)
        }
    }
}
