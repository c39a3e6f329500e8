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
    /// Rows and bytes read and written so far.
    package let metrics: TaskMetrics
}

/// How far a job is.
package struct JobProgress: Hashable, Sendable {
    package let job: JobID
    /// In the order of the stage graph.
    package let stages: [StageProgress]
}
