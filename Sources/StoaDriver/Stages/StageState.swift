import StoaPlan
import StoaTasks

/// Where a stage of a running job is.
///
/// ```
///   waiting --last parent complete--> ready --start--> running --last task complete--> complete
///                                       |                                                 ^
///                                       +--- executors hold the dataset already ----------+
/// ```
///
/// A state can only be had from the one before it: each is made by a method of its predecessor.
enum StageState {
    case waiting(WaitingStage)
    case ready(ReadyStage)
    case running(RunningStage)
    case complete(CompleteStage)

    /// The state of a stage when its job begins.
    init(parentCount: Int, since now: Int) {
        self = parentCount == 0 ? .ready(ReadyStage(since: now)) : .waiting(WaitingStage(missingParents: parentCount))
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
            readyAt: since, completeAt: now, retryCount: 0, metrics: TaskMetrics(), operators: [],
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
            consumersLeft: consumerCount)
    }
}

/// All tasks are complete.
struct CompleteStage {
    let readyAt: Int
    let completeAt: Int
    let retryCount: Int
    let metrics: TaskMetrics
    let operators: [[OperatorMetrics]]
    private var consumersLeft: Int

    fileprivate init(
        readyAt: Int, completeAt: Int, retryCount: Int, metrics: TaskMetrics, operators: [[OperatorMetrics]],
        consumersLeft: Int
    ) {
        self.readyAt = readyAt
        self.completeAt = completeAt
        self.retryCount = retryCount
        self.metrics = metrics
        self.operators = operators
        self.consumersLeft = consumersLeft
    }

    /// Whether no stage that is not complete reads the blocks.
    var isUnused: Bool { consumersLeft == 0 }

    /// One of the stages that read the blocks is complete.
    mutating func consumerCompleted() { consumersLeft -= 1 }
}
