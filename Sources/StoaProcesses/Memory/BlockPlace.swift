import StoaPlan
import StoaTasks

/// What one task leaves, or one partition of a dataset: the blocks of it are published together.
package enum OutputID: Hashable, Sendable {
    case stage(JobID, StageID, partition: Int)
    case dataset(DatasetID, partition: Int)

    package init(_ block: BlockID) {
        switch block {
        case .stage(let job, let stage, let partition, _): self = .stage(job, stage, partition: partition)
        case .dataset(let dataset, let partition): self = .dataset(dataset, partition: partition)
        }
    }
}

/// An output on an executor: attempts of a task on two executors leave two.
package struct OutputLocation: Hashable, Sendable {
    package let output: OutputID
    package let executor: ExecutorID

    package init(output: OutputID, executor: ExecutorID) {
        self.output = output
        self.executor = executor
    }

    package init(_ location: BlockLocation) {
        self.init(output: OutputID(location.block), executor: location.executor)
    }
}

extension BlockID {
    /// Its place among the blocks of its output.
    var placeInOutput: Int {
        if case .stage(_, _, _, let bucket?) = self { bucket } else { 0 }
    }
}

/// Names a segment: that of an executor, or that of the driver's process.
package struct SegmentID: Hashable, Sendable {
    package let value: Int

    package init(_ value: Int) { self.value = value }

    package init(_ executor: ExecutorID) { value = executor.value }

    /// Holds what the session was given in memory, so that no executor's death loses it.
    package static let driver = SegmentID(-1)
}

/// A stretch of a segment that holds the images of one output's blocks. While it is in use, segment and offset name it.
package struct BlockPlace: Hashable, Sendable {
    package let segment: SegmentID
    package let offset: Int
    package let byteCount: Int

    package init(segment: SegmentID, offset: Int, byteCount: Int) {
        self.segment = segment
        self.offset = offset
        self.byteCount = byteCount
    }

    /// The name.
    package struct Key: Hashable, Sendable {
        package let segment: SegmentID
        package let offset: Int
    }

    package var key: Key { Key(segment: segment, offset: offset) }
}
