import StoaColumns
import StoaPlan
import StoaTasks

/// Something that has happened to jobs, tasks, executors or blocks. Codable, for a log that can be replayed.
package struct DriverEvent: Codable, Hashable, Sendable {
    /// When the driver learned of it, in nanoseconds of its clock: monotonic, since an arbitrary start.
    package let nanoseconds: Int
    package let kind: Kind

    package init(nanoseconds: Int, kind: Kind) {
        self.nanoseconds = nanoseconds
        self.kind = kind
    }

    /// A stage as a listener needs it.
    package struct StageOutline: Codable, Hashable, Sendable {
        package let id: StageID
        package let label: String
        package let taskCount: Int

        init(_ stage: Stage) {
            id = stage.id
            label = stage.label
            taskCount = stage.tasks.count
        }
    }

    package enum Kind: Codable, Hashable, Sendable {
        /// With the stages of its graph, in order. Stages that are named later and are not among them compute lost partitions
        /// of datasets again.
        case jobStarted(JobID, [StageOutline])
        /// With the reason when it failed.
        case jobEnded(JobID, StoaError?)
        /// Its tasks can run; not told of a stage whose dataset executors hold already, which is told as completed alone.
        case stageReady(JobID, StageOutline)
        case stageCompleted(JobID, StageID, TaskMetrics)
        /// Some of its blocks are gone and are computed again; `stageCompleted` follows.
        case stageRebuilding(JobID, StageOutline)
        /// Was sent to an executor, which may run other tasks first.
        case taskStarted(TaskID, ExecutorID)
        /// A second attempt at a task that runs too long; `taskStarted` came before.
        case taskSpeculated(TaskID, ExecutorID)
        /// With when it began and on which thread, as far as the executor tells. Does not count when another attempt was
        /// faster.
        case taskFinished(TaskID, ExecutorID, TaskReport.Timing, TaskMetrics, counts: Bool)
        case taskFailed(TaskID, ExecutorID, StoaError, willRetry: Bool)
        case taskCancelled(TaskID, ExecutorID)
        case executorJoined(ExecutorDescription)
        /// Its attempts, which have no event of their own, are tried again elsewhere.
        case executorLost(ExecutorID, StoaError)
        case executorLeft(ExecutorID)
        /// Its tasks failed too often, at last like this: it gets none for a while.
        case executorExcluded(ExecutorID, StoaError)
        case blocksStored([BlockSummary], ExecutorID)
        case blocksEvicted([BlockID], ExecutorID)
        case blocksLost([BlockID], ExecutorID)
        case executorStatus(ExecutorID, ExecutorStatus)
        /// This listener was too slow for so many events, which stood here.
        case eventsLost(Int)
    }
}
