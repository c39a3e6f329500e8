import StoaPlan
import StoaTasks

/// Rows and bytes of a block.
struct BlockSize: Hashable, Sendable {
    let rowCount: Int
    let byteCount: Int
}

/// The blocks that one task left, all on one executor.
struct PartitionBlocks: Sendable {
    /// Position in the cluster's list of executors.
    let executor: Int
    /// In bucket order; one when the stage does not exchange, none when it writes files.
    let sizes: BlockSizes
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

    func ids(partition: Int, of blocks: PartitionBlocks) -> [BlockID] {
        blocks.sizes.indices.map { id(partition: partition, bucket: $0) }
    }
}

/// Where all blocks of a complete stage or dataset are. Immutable and shared by those who read them.
final class BlockTable: Sendable {
    let naming: BlockNaming
    let partitions: [PartitionBlocks]

    init(naming: BlockNaming, partitions: [PartitionBlocks]) {
        self.naming = naming
        self.partitions = partitions
    }
}

/// The blocks that a job's stages have left, by stage; nil where there are none. A class, so that the job and its running
/// stages see the same one: a stage of a job of many costs no copy of it. Used by the driver's thread alone.
final class StageTables {
    var tables: [BlockTable?]

    init(stageCount: Int) { tables = Array(repeating: nil, count: stageCount) }
}
