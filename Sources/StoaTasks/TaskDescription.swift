import StoaPlan

/// What all tasks of a stage have in common that run the same pipeline. Immutable and shared by them: inside a process by
/// reference, and a cluster of processes need send it to an executor only once.
package final class TaskWork: Hashable, Codable, Sendable {
    package let plan: PhysicalPlan
    package let output: TaskOutput
    /// Whether operators are to be measured, for the report.
    package let isAnalyzed: Bool

    package init(plan: PhysicalPlan, output: TaskOutput, isAnalyzed: Bool = false) {
        self.plan = plan
        self.output = output
        self.isAnalyzed = isAnalyzed
    }

    /// The broadcast values that the plan's functions read: an executor in another process must have been given them.
    package var broadcasts: [BroadcastID] { plan.userFunctions.flatMap(\.broadcasts) }

    package static func == (left: TaskWork, right: TaskWork) -> Bool {
        left === right
            || (left.plan == right.plan && left.output == right.output && left.isAnalyzed == right.isAnalyzed)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(plan)
        hasher.combine(output)
    }
}

/// All that an executor needs to run one attempt of one task: a value that can travel to another process.
package struct TaskDescription: Hashable, Codable, Sendable {
    package let id: TaskID
    package let work: TaskWork
    /// What the plan's `input(n)` leaves read.
    package let inputs: [TaskInput]

    package init(id: TaskID, work: TaskWork, inputs: [TaskInput]) {
        self.id = id
        self.work = work
        self.inputs = inputs
    }

    package var plan: PhysicalPlan { work.plan }
    package var output: TaskOutput { work.output }
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
    case persist(DatasetID, StorageLevel = .memory)
    /// A file that appears complete or not at all; no block.
    case file(FileSink)
}

/// What became of an attempt.
package struct TaskReport: Hashable, Codable, Sendable {
    /// Blocks that it left, in bucket order.
    package var blocks: [BlockSummary]
    package var metrics: TaskMetrics
    /// By place in `PhysicalPlan.operators`; empty unless the task was to be analyzed.
    package var operators: [OperatorMetrics]
    package var timing = Timing()
    /// What functions of the user added to accumulators.
    package var accumulators: [AccumulatorUpdate] = []

    /// When and where an attempt ran, for traces.
    package struct Timing: Hashable, Codable, Sendable {
        /// On the machine's monotonic clock, which all processes share; zero when the executor does not tell.
        package var startedAt = 0
        /// Number of the executor's thread; nil when the executor does not tell.
        package var thread: Int?

        package init(startedAt: Int = 0, thread: Int? = nil) {
            self.startedAt = startedAt
            self.thread = thread
        }
    }

    package init(blocks: [BlockSummary], metrics: TaskMetrics, operators: [OperatorMetrics] = []) {
        self.blocks = blocks
        self.metrics = metrics
        self.operators = operators
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
