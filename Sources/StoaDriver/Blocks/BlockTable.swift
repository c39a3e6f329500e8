import StoaPlan
import StoaTasks

/// Rows and bytes of a block.
struct BlockSize: Hashable, Sendable {
    let rowCount: Int
    let byteCount: Int
}

/// The blocks that one task left, all on one executor.
struct PartitionBlocks: Sendable {
    /// Position of the executor; negative when the blocks are gone.
    var executor: Int
    /// In bucket order; one when the stage does not exchange, none when it writes files.
    let sizes: BlockSizes

    var isGone: Bool { executor < 0 }
}

/// The sizes of a task's blocks; the usual one needs no memory of its own.
enum BlockSizes: RandomAccessCollection, Sendable {
    case one(BlockSize)
    case many([BlockSize])

    init(_ blocks: [BlockSummary]) {
        self =
            blocks.count == 1
            ? .one(BlockSize(rowCount: blocks[0].rowCount, byteCount: blocks[0].byteCount))
            : .many(blocks.map { BlockSize(rowCount: $0.rowCount, byteCount: $0.byteCount) })
    }

    var startIndex: Int { 0 }

    var endIndex: Int {
        switch self {
        case .one: 1
        case .many(let sizes): sizes.count
        }
    }

    subscript(bucket: Int) -> BlockSize {
        switch self {
        case .one(let size):
            precondition(bucket == 0, "the task left one block, not \(bucket + 1)")
            return size
        case .many(let sizes): return sizes[bucket]
        }
    }
}

/// How the blocks of a stage or dataset are called.
enum BlockNaming: Hashable, Sendable {
    case stage(JobID, StageID, isExchange: Bool)
    case dataset(DatasetID)

    /// Only a stage that exchanges has buckets.
    func id(partition: Int, bucket: Int) -> BlockID {
        switch self {
        case .stage(let job, let stage, let isExchange):
            .stage(job, stage, partition: partition, bucket: isExchange ? bucket : nil)
        case .dataset(let dataset): .dataset(dataset, partition: partition)
        }
    }
}

/// Where the blocks of a stage or dataset are: written as its tasks are complete, shared by those who read them. Used by the
/// driver's thread alone.
final class BlockTable {
    let naming: BlockNaming
    /// Nil before the task is complete. Blocks that are gone keep their sizes.
    @exclusivity(unchecked) private(set) var partitions: [PartitionBlocks?]
    /// Partitions that were there and are gone.
    @exclusivity(unchecked) private(set) var goneCount = 0
    /// Those of them that an executor gave up for room.
    @exclusivity(unchecked) private(set) var evicted: Set<Int> = []
    /// Whether executors were told to drop the blocks.
    var isDropped = false

    init(naming: BlockNaming, partitionCount: Int) {
        self.naming = naming
        partitions = Array(repeating: nil, count: partitionCount)
    }

    init(naming: BlockNaming, partitions: [PartitionBlocks]) {
        self.naming = naming
        self.partitions = partitions
        goneCount = partitions.count { $0.isGone }
    }

    /// The blocks of a partition when they are there.
    subscript(partition: Int) -> PartitionBlocks? {
        guard let blocks = partitions[partition], !blocks.isGone else { return nil }
        return blocks
    }

    func put(_ blocks: PartitionBlocks, at partition: Int) {
        if goneCount > 0, let old = partitions[partition], old.isGone {
            goneCount -= 1
            evicted.remove(partition)
        }
        partitions[partition] = blocks
    }

    /// The blocks are gone from the executor where they were; says whether they were there.
    @discardableResult
    func lose(_ partition: Int, on executor: Int, isEvicted: Bool = false) -> Bool {
        guard let blocks = partitions[partition], blocks.executor == executor, !blocks.sizes.isEmpty else {
            return false
        }
        partitions[partition]?.executor = -1
        goneCount += 1
        if isEvicted { evicted.insert(partition) }
        return true
    }

    /// All blocks on an executor are gone; gives the partitions.
    func loseAll(on executor: Int) -> [Int] {
        var lost: [Int] = []
        for partition in partitions.indices where lose(partition, on: executor) { lost.append(partition) }
        return lost
    }

    func ids(of partition: Int) -> [BlockID] {
        partitions[partition]?.sizes.indices.map { naming.id(partition: partition, bucket: $0) } ?? []
    }
}
