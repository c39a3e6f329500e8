import StoaPlan
import StoaTasks

/// How far one stage is.
package struct StageProgress: Hashable, Sendable {
    package enum State: Hashable, Sendable { case waiting, ready, running, complete }

    package let id: StageID
    package let label: String
    package let state: State
    package let completeTasks: Int
    package let taskCount: Int
    /// Rows and bytes read and written so far: by complete tasks, and by those that run as far as executors have told.
    package var metrics: TaskMetrics
}

/// How far a job is.
package struct JobProgress: Hashable, Sendable {
    package let job: JobID
    /// In the order of the stage graph.
    package fileprivate(set) var stages: [StageProgress]
}

extension Job {
    /// How far the job is.
    ///
    /// - Parameter running: what executors have told of the tasks that run, by their positions.
    func progress(_ running: [(executor: Int, task: TaskProgress)]) -> JobProgress {
        var progress = progress
        for (executor, told) in running where told.task.job == id && told.task.stage.value < progress.stages.count {
            // It may have ended since.
            guard let run = stages[told.task.stage.value].run, run.tasks.indices.contains(told.task.partition),
                run.tasks[told.task.partition].runs(on: executor)
            else { continue }
            progress.stages[told.task.stage.value].metrics.rowsRead += told.rowsRead
            progress.stages[told.task.stage.value].metrics.bytesRead += told.bytesRead
        }
        return progress
    }
}
