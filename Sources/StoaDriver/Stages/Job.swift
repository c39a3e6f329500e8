import StoaColumns
import StoaPlan
import StoaTasks

/// A job in the driver. Used by the driver's thread alone; a class, since it changes with every answer.
final class Job {
    enum Status {
        /// Stages that are not complete.
        case running(stagesLeft: Int)
        /// No task is handed out any more; the job ends with this error when the running attempts have answered.
        case ending(StoaError)
    }

    let request: JobRequest
    let startedAt: Int
    var status: Status
    var stages: [StageState]
    /// Of complete stages whose blocks have not been dropped.
    let tables: StageTables
    /// The block tables of the datasets that its tasks read.
    let datasets: [DatasetID: BlockTable]
    /// The datasets that it keeps from being dropped: those it reads, and those that its stages persisted.
    var used: Set<DatasetID>
    /// Since the last progress.
    var hasNews = true
    var progressDueAt: Int

    init(_ request: JobRequest, datasets: [DatasetID: BlockTable], at now: Int) {
        self.request = request
        self.datasets = datasets
        startedAt = now
        status = .running(stagesLeft: request.outline.graph.stages.count)
        stages = request.outline.parents.map { StageState(parentCount: $0.count, since: now) }
        tables = StageTables(stageCount: stages.count)
        used = Set(datasets.keys)
        progressDueAt = now
    }

    var id: JobID { request.id }
    var graph: StageGraph { request.outline.graph }

    func progress(at now: Int, isLast: Bool) -> JobProgress {
        let stages = zip(graph.stages, stages).map { stage, state -> StageProgress in
            let count = stage.tasks.count
            let (name, completeTasks, metrics): (StageProgress.State, Int, TaskMetrics) =
                switch state {
                case .waiting: (.waiting, 0, TaskMetrics())
                case .ready: (.ready, 0, TaskMetrics())
                case .running(let running): (.running, running.run.completeCount, running.run.metrics)
                case .complete(let complete): (.complete, count, complete.metrics)
                }
            return StageProgress(
                id: stage.id, label: stage.label, state: name, completeTasks: completeTasks, taskCount: count,
                metrics: metrics)
        }
        return JobProgress(job: id, stages: stages, elapsedNanoseconds: now - startedAt, isLast: isLast)
    }

    /// Reports of the stages of a job that is complete.
    func stageReports() -> [StageReport] {
        zip(graph.stages, stages).map { stage, state in
            guard case .complete(let complete) = state else {
                preconditionFailure("\(id) ends well before \(stage.id) is complete")
            }
            return StageReport(
                id: stage.id, label: stage.label, taskCount: stage.tasks.count, retryCount: complete.retryCount,
                metrics: complete.metrics, operators: complete.operators,
                readyNanoseconds: complete.readyAt - startedAt,
                durationNanoseconds: complete.completeAt - complete.readyAt)
        }
    }
}
