import StoaColumns
import StoaPlan
import StoaTasks

/// A job in the driver. Used by the driver's thread alone; a class, since it changes with every answer.
final class Job {
    enum Status {
        /// Stages that are not complete.
        case running(stagesLeft: Int)
        /// All stages are complete; attempts that do not count any more may still write files.
        case settling
        /// No task is handed out any more; the job ends with this error when the running attempts have answered.
        case ending(StoaError)
    }

    let request: JobRequest
    let startedAt: Int
    @exclusivity(unchecked) var status: Status
    /// The stages of its graph, then those that were grafted onto it.
    private(set) var plan: [Stage]
    /// The stages that each stage reads, and that read it.
    @exclusivity(unchecked) private(set) var parents: [[Int]]
    @exclusivity(unchecked) private(set) var children: [[Int]]
    @exclusivity(unchecked) var stages: [StageState]
    let inputs: JobInputs
    /// Where the datasets come from that its stages read, as far as somebody had to know.
    var origins: [DatasetID: DatasetOrigin] = [:]
    /// The stages that stand for those of a lineage.
    var grafts: [GraftKey: Int] = [:]
    /// The lineages of which stages were grafted: kept, since their graphs are known by where they are.
    var lineages: [Lineage] = []
    /// The held datasets that each stage reads.
    private(set) var reads: [[DatasetID]]
    /// The datasets that it keeps from being dropped: those it reads, and those that its stages persisted.
    @exclusivity(unchecked) var used: Set<DatasetID>
    /// How often partitions had to be computed again.
    var rebuilds: [Need: Int] = [:]
    /// Executors lost before it began.
    let earlierLosses: Int
    let accumulated = AccumulatedUpdates()
    /// Datasets that its stages would have persisted, and found held.
    var foundPersisted: Set<DatasetID> = []

    /// A stage of a job that is over.
    struct GraftKey: Hashable {
        let graph: ObjectIdentifier
        let stage: Int
    }

    init(_ request: JobRequest, datasets: [DatasetID: BlockTable], earlierLosses: Int, at now: Int) {
        self.request = request
        startedAt = now
        plan = request.outline.graph.stages
        parents = request.outline.parents
        children = request.outline.children
        reads = request.outline.stageDatasets
        status = .running(stagesLeft: plan.count)
        stages = parents.map { StageState(parentCount: $0.count, since: now) }
        inputs = JobInputs(stageCount: plan.count, datasets: datasets)
        used = Set(datasets.keys)
        self.earlierLosses = earlierLosses
    }

    var id: JobID { request.id }
    var graph: StageGraph { request.outline.graph }
    /// Position of the stage that gives the result.
    var result: Int { graph.stages.count - 1 }
    var isRunning: Bool { if case .running = status { true } else { false } }

    /// Whether the job has lost anything: else its tables need no second look.
    var hasRebuilt: Bool { !rebuilds.isEmpty }

    /// Adds a stage whose id is the next position, complete but without blocks; gives its position.
    func graft(_ stage: Stage, parents: [Int], reads datasets: [DatasetID], at now: Int) -> Int {
        let index = plan.count
        precondition(stage.id.value == index, "\(stage.id) is grafted at position \(index)")
        plan.append(stage)
        self.parents.append(parents)
        children.append([])
        reads.append(datasets)
        for parent in parents { children[parent].append(index) }
        stages.append(.grafted(consumerCount: 0, at: now))
        inputs.tables.append(nil)
        return index
    }

    /// From now on these stages, which are not complete unless they say so, read a grafted one.
    func attach(_ readers: [Int], to graft: Int) {
        for reader in readers where !parents[reader].contains(graft) {
            parents[reader].append(graft)
            children[graft].append(reader)
            if case .complete = stages[reader] { continue }
            stages[graft].changeConsumers(by: 1)
        }
    }

    /// Whether a task computes a partition of a dataset on an executor at this moment.
    func computes(_ dataset: DatasetID, partition: Int, on executor: Int) -> Bool {
        stages.contains { state in
            guard let run = state.run, run.table.naming == .dataset(dataset) else { return false }
            return run.tasks[partition].runs(on: executor)
        }
    }

    var progress: JobProgress {
        let stages = zip(graph.stages, stages).map { stage, state -> StageProgress in
            let count = stage.tasks.count
            let (name, completeTasks, metrics): (StageProgress.State, Int, TaskMetrics) =
                switch state {
                case .waiting: (.waiting, 0, TaskMetrics())
                case .ready: (.ready, 0, TaskMetrics())
                case .running(let running): (.running, running.run.completeCount, running.run.metrics)
                case .complete(let complete): (.complete, count, complete.metrics)
                case .rebuilding(let rebuilding):
                    (.running, count - rebuilding.run.openCount, rebuilding.complete.metrics)
                }
            return StageProgress(
                id: stage.id, label: stage.label, state: name, completeTasks: completeTasks, taskCount: count,
                metrics: metrics)
        }
        return JobProgress(job: id, stages: stages)
    }

    /// Reports of the stages of a job that is complete.
    func stageReports() -> [StageReport] {
        zip(graph.stages, stages).map { stage, state in
            let complete: CompleteStage
            switch state {
            case .complete(let stage): complete = stage
            case .rebuilding(let stage): complete = stage.complete
            case .waiting, .ready, .running: preconditionFailure("\(id) ends well before \(stage.id) is complete")
            }
            return StageReport(
                id: stage.id, label: stage.label, taskCount: stage.tasks.count, retryCount: complete.retryCount,
                metrics: complete.metrics, operators: complete.operators,
                readyNanoseconds: complete.readyAt - startedAt,
                durationNanoseconds: complete.completeAt - complete.readyAt)
        }
    }
}
