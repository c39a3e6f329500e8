import StoaPlan
import StoaTasks

/// Where a stage of a running job is.
///
/// ```
///   waiting --last parent complete--> ready --start--> running --last task complete--> complete <-----+
///                                       |                                               ^  |          |
///                                       +--- executors hold the dataset already --------+  |          |
///                                                                 blocks are gone, wanted  v          |
///                                                                                      rebuilding ----+
/// ```
///
/// A state can only be had from the one before it: each is made by a method of its predecessor. A stage that is grafted onto
/// a job, to compute lost partitions of a dataset again, begins complete.
enum StageState {
    case waiting(WaitingStage)
    case ready(ReadyStage)
    case running(RunningStage)
    case complete(CompleteStage)
    case rebuilding(RebuildingStage)

    /// The state of a stage when its job begins.
    init(parentCount: Int, since now: Int) {
        self = parentCount == 0 ? .ready(ReadyStage(since: now)) : .waiting(WaitingStage(missingParents: parentCount))
    }

    /// A stage of another job, none of whose blocks is there.
    static func grafted(consumerCount: Int, at now: Int) -> StageState {
        .complete(ReadyStage(since: now).skipped(consumerCount: consumerCount, at: now))
    }

    /// The tasks that run, for the first time or again.
    var run: StageRun? {
        switch self {
        case .running(let running): running.run
        case .rebuilding(let rebuilding): rebuilding.run
        case .waiting, .ready, .complete: nil
        }
    }

    /// Whether the stage has been complete and still is, or will be again.
    var wasComplete: Bool {
        switch self {
        case .complete, .rebuilding: true
        case .waiting, .ready, .running: false
        }
    }

    /// One of the stages that read the blocks is complete (-1), or runs again (+1).
    mutating func changeConsumers(by change: Int) {
        switch self {
        case .complete(var complete):
            complete.changeConsumers(by: change)
            self = .complete(complete)
        case .rebuilding(var rebuilding):
            rebuilding.complete.changeConsumers(by: change)
            self = .rebuilding(rebuilding)
        case .waiting, .ready, .running: preconditionFailure("a stage is read before it is complete")
        }
    }
}

/// Some of the stages that it reads are not complete.
struct WaitingStage {
    fileprivate let missingParents: Int

    fileprivate init(missingParents: Int) { self.missingParents = missingParents }

    /// One of the parents is complete.
    func parentCompleted(at now: Int) -> StageState {
        missingParents == 1
            ? .ready(ReadyStage(since: now)) : .waiting(WaitingStage(missingParents: missingParents - 1))
    }
}

/// Could run; it does so at once, unless it waits for another job that computes the same dataset.
struct ReadyStage {
    let since: Int

    fileprivate init(since: Int) { self.since = since }

    func started(_ run: StageRun) -> RunningStage { RunningStage(since: since, run: run) }

    /// Executors hold what the stage would compute.
    func skipped(consumerCount: Int, at now: Int) -> CompleteStage {
        CompleteStage(
            readyAt: since, completeAt: now, retryCount: 0, metrics: TaskMetrics(), operators: [], attempts: 0,
            consumersLeft: consumerCount)
    }
}

/// Its tasks are queued, running or complete.
struct RunningStage {
    let since: Int
    let run: StageRun

    fileprivate init(since: Int, run: StageRun) {
        self.since = since
        self.run = run
    }

    /// The next state, when the last task is complete.
    func completed(consumerCount: Int, at now: Int) -> CompleteStage? {
        guard run.isComplete else { return nil }
        return CompleteStage(
            readyAt: since, completeAt: now, retryCount: run.retryCount, metrics: run.metrics, operators: run.operators,
            attempts: run.highestAttempt, consumersLeft: consumerCount)
    }
}

/// All tasks are complete.
struct CompleteStage {
    let readyAt: Int
    let completeAt: Int
    fileprivate(set) var retryCount: Int
    /// What every task cost once, however often it ran.
    let metrics: TaskMetrics
    let operators: [[OperatorMetrics]]
    /// The highest number of an attempt.
    fileprivate(set) var attempts: Int
    private var consumersLeft: Int

    fileprivate init(
        readyAt: Int, completeAt: Int, retryCount: Int, metrics: TaskMetrics, operators: [[OperatorMetrics]],
        attempts: Int, consumersLeft: Int
    ) {
        self.readyAt = readyAt
        self.completeAt = completeAt
        self.retryCount = retryCount
        self.metrics = metrics
        self.operators = operators
        self.attempts = attempts
        self.consumersLeft = consumersLeft
    }

    /// Whether no stage that is not complete reads the blocks.
    var isUnused: Bool { consumersLeft == 0 }

    fileprivate mutating func changeConsumers(by change: Int) { consumersLeft += change }

    /// Some of its blocks are wanted again.
    func rebuilding(_ run: StageRun) -> RebuildingStage { RebuildingStage(complete: self, run: run) }
}

/// Was complete; tasks whose blocks are gone run again.
struct RebuildingStage {
    fileprivate(set) var complete: CompleteStage
    let run: StageRun

    /// The next state, when the last task that was wanted is complete.
    func completed() -> CompleteStage? {
        guard run.isComplete else { return nil }
        var complete = complete
        complete.attempts = run.highestAttempt
        complete.retryCount += run.retryCount
        return complete
    }
}
