import StoaColumns
import StoaPlan
import StoaTasks

/// A block, where it is, and how much it holds.
package struct LocatedBlock: Hashable, Sendable {
    package let location: BlockLocation
    package let rowCount: Int
    package let byteCount: Int

    package init(location: BlockLocation, rowCount: Int, byteCount: Int) {
        self.location = location
        self.rowCount = rowCount
        self.byteCount = byteCount
    }
}

/// What one stage of a finished job did.
package struct StageReport: Hashable, Sendable {
    package let id: StageID
    package let label: String
    package let taskCount: Int
    /// Attempts that failed and were tried again.
    package let retryCount: Int
    /// Sums over the successful attempts; all zero when another job had computed the dataset already.
    package let metrics: TaskMetrics
    /// Sums over the successful attempts, by pipeline and then by place in `PhysicalPlan.operators`; empty unless the job was
    /// analyzed.
    package let operators: [[OperatorMetrics]]
    /// From the start of the job to the moment the stage could run.
    package let readyNanoseconds: Int
    /// From then until its last task was done.
    package let durationNanoseconds: Int
}

/// A finished job. Its blocks stay on the executors until `release()`.
package final class JobResult: Sendable {
    package let job: JobID
    /// The result stage's blocks in partition order, then bucket order; empty when it wrote files.
    package let blocks: [LocatedBlock]
    /// Sums over all stages.
    package let metrics: TaskMetrics
    /// In the order of the stage graph.
    package let stages: [StageReport]
    /// What functions of the user added, in the order in which it is to be merged.
    package let accumulators: [AccumulatorUpdate]
    /// From the driver's receipt of the job to its last task's end.
    package let durationNanoseconds: Int
    private let mailbox: Mailbox<DriverMessage>

    init(
        job: JobID, blocks: [LocatedBlock], metrics: TaskMetrics, stages: [StageReport],
        accumulators: [AccumulatorUpdate], durationNanoseconds: Int, mailbox: Mailbox<DriverMessage>
    ) {
        self.job = job
        self.blocks = blocks
        self.metrics = metrics
        self.stages = stages
        self.accumulators = accumulators
        self.durationNanoseconds = durationNanoseconds
        self.mailbox = mailbox
    }

    /// Lets the executors drop the blocks, which the caller has fetched or does not want. Returns at once; a second call
    /// does nothing. A result that is not released keeps its blocks until the driver stops.
    package func release() {
        mailbox.post(.release(job))
    }

    /// Lets an executor drop the blocks of one partition, which the caller has fetched; the others stay until `release()`.
    /// Returns at once.
    package func release(partition: Int) {
        mailbox.post(.releasePartition(job, partition))
    }
}
