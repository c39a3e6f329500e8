import StoaPlan

/// Names a job of a session.
package struct JobID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    package let value: Int
    package init(_ value: Int) { self.value = value }
    package static func < (left: JobID, right: JobID) -> Bool { left.value < right.value }
    package var description: String { "job \(value)" }
}

/// Names one attempt at one partition of one stage.
package struct TaskID: Hashable, Codable, Sendable, CustomStringConvertible {
    package let job: JobID
    package let stage: StageID
    package let partition: Int
    /// Counted from 1.
    package let attempt: Int

    package init(job: JobID, stage: StageID, partition: Int, attempt: Int) {
        self.job = job
        self.stage = stage
        self.partition = partition
        self.attempt = attempt
    }

    package var description: String { "\(job), \(stage), partition \(partition), attempt \(attempt)" }
}

/// Names an executor of a cluster.
package struct ExecutorID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    package let value: Int
    package init(_ value: Int) { self.value = value }
    package static func < (left: ExecutorID, right: ExecutorID) -> Bool { left.value < right.value }
    package var description: String { "executor \(value)" }
}

/// Names a block: what one task left on its executor. Independent of the attempt, since every attempt leaves the same bytes.
package enum BlockID: Hashable, Codable, Sendable {
    /// Rows or a state of a stage's partition; one bucket of it when the stage exchanges.
    case stage(JobID, StageID, partition: Int, bucket: Int?)
    /// A partition of a persisted or in-memory dataset.
    case dataset(DatasetID, partition: Int)

    /// The dataset that it is a partition of.
    package var dataset: DatasetID? { if case .dataset(let id, _) = self { id } else { nil } }
}

/// A block and the executor that holds it.
package struct BlockLocation: Hashable, Codable, Sendable {
    package let block: BlockID
    package let executor: ExecutorID

    package init(block: BlockID, executor: ExecutorID) {
        self.block = block
        self.executor = executor
    }
}
