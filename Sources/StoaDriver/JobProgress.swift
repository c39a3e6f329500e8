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
    package let elapsedNanoseconds: Int
    /// Whether the job has ended; set in the last progress of every job, failed or not.
    package let isLast: Bool

    package var completeTasks: Int { stages.reduce(0) { $0 + $1.completeTasks } }
    package var taskCount: Int { stages.reduce(0) { $0 + $1.taskCount } }
    package var rowsRead: Int { stages.reduce(0) { $0 + $1.metrics.rowsRead } }
    package var bytesRead: Int { stages.reduce(0) { $0 + $1.metrics.bytesRead } }

    /// Since the job's start; zero before any time has passed.
    package var rowsPerSecond: Double { rate(rowsRead) }

    /// Since the job's start; zero before any time has passed.
    package var bytesPerSecond: Double { rate(bytesRead) }

    private func rate(_ count: Int) -> Double {
        elapsedNanoseconds > 0 ? Double(count) / Double(elapsedNanoseconds) * 1e9 : 0
    }
}
