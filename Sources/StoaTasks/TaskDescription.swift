import StoaPlan

/// All that an executor needs to run one attempt of one task: a value that can travel to another process.
package struct TaskDescription: Hashable, Codable, Sendable {
    package let id: TaskID
    package let plan: PhysicalPlan
    /// What the plan's `input(n)` leaves read.
    package let inputs: [TaskInput]
    package let output: TaskOutput

    package init(id: TaskID, plan: PhysicalPlan, inputs: [TaskInput], output: TaskOutput) {
        self.id = id
        self.plan = plan
        self.inputs = inputs
        self.output = output
    }
}

/// Where a task reads.
package enum TaskInput: Hashable, Codable, Sendable {
    case file(FileSlice)
    /// Blocks in this order.
    case blocks([BlockLocation])
}

/// Where a task's rows go.
package enum TaskOutput: Hashable, Codable, Sendable {
    /// The block `stage(job, stage, partition, bucket: nil)`.
    case block
    /// The blocks `stage(job, stage, partition, bucket: 0..<count)`, also the empty ones.
    case buckets(keys: [BoundExpression], count: Int)
    /// The block `dataset(id, partition)`.
    case persist(DatasetID)
    /// A file that appears complete or not at all; no block.
    case file(FileSink)
}

/// What became of an attempt.
package struct TaskReport: Hashable, Codable, Sendable {
    /// Blocks that it left, in bucket order.
    package var blocks: [BlockSummary]
    package var metrics: TaskMetrics

    package init(blocks: [BlockSummary], metrics: TaskMetrics) {
        self.blocks = blocks
        self.metrics = metrics
    }
}

/// A block as the driver knows it.
package struct BlockSummary: Hashable, Codable, Sendable {
    package let id: BlockID
    package let rowCount: Int
    package let byteCount: Int

    package init(id: BlockID, rowCount: Int, byteCount: Int) {
        self.id = id
        self.rowCount = rowCount
        self.byteCount = byteCount
    }
}

/// What an attempt cost.
package struct TaskMetrics: Hashable, Codable, Sendable {
    package var rowsRead = 0
    package var bytesRead = 0
    package var rowsWritten = 0
    package var bytesWritten = 0
    /// Wall time of the attempt on its thread.
    package var nanoseconds = 0

    package init() {}

    package static func += (left: inout TaskMetrics, right: TaskMetrics) {
        left.rowsRead += right.rowsRead
        left.bytesRead += right.bytesRead
        left.rowsWritten += right.rowsWritten
        left.bytesWritten += right.bytesWritten
        left.nanoseconds += right.nanoseconds
    }
}
