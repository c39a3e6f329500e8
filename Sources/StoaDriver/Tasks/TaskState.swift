/// One attempt at a task: its number, counted from 1, and where and since when it runs.
struct Attempt: Hashable {
    let number: Int32
    /// Position of the executor.
    let executor: Int32
    /// When it was handed out, on the loop's clock.
    let since: Int

    init(number: Int, executor: Int, since: Int) {
        self.number = Int32(number)
        self.executor = Int32(executor)
        self.since = since
    }

    func isAttempt(_ number: Int, on executor: Int) -> Bool {
        self.number == Int32(truncatingIfNeeded: number) && self.executor == Int32(truncatingIfNeeded: executor)
    }
}

/// Where one task of a running stage is.
///
/// ```
///                  +---------------- inputs are there ---------------+
///                  |                                                 v
///   absent ---> waiting <--- an input is gone --- queued ------> running -----> complete
///     ^                                             ^               |  |           |
///     |                                             +--- failed ----+  |           |
///     |                                       too slow: a second one   v           |
///     |                                                             racing --------+
///     +--------------------- the blocks are gone ----------------------------------+
/// ```
///
/// A second attempt may be queued at once where the state says waiting: numbers tell attempts apart.
enum TaskState {
    /// Nobody wants the blocks, or not again.
    case absent
    /// Some of its inputs are being computed again.
    case waiting(attempt: Int32)
    case queued(attempt: Int32)
    case running(Attempt)
    /// Two attempts, the first of which to finish counts.
    indirect case racing(Attempt, Attempt)
    case complete

    /// Whether an attempt runs on an executor.
    func runs(on executor: Int) -> Bool {
        switch self {
        case .running(let attempt): attempt.executor == executor
        case .racing(let first, let second): first.executor == executor || second.executor == executor
        case .absent, .waiting, .queued, .complete: false
        }
    }
}
