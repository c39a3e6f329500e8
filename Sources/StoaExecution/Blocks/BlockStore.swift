import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// The blocks that one executor holds. The blocks of a partition are in one shard, neighbouring partitions in different
/// ones, so that threads seldom wait for each other. Guard: one lock a shard; memory of dropped blocks is freed outside it.
///
/// Within a shard the blocks of a stage or dataset stand in a row by partition, which needs no hashing: with a dictionary of
/// block ids, keeping, finding and dropping a block took half the time of a small task.
package final class BlockStore: Sendable {
    private final class Shard: Sendable {
        let contents = Mutex(ShardContents())
    }

    /// A power of two, more than an executor usually has threads.
    private static let shardCount = 16

    private let shards = (0..<shardCount).map { _ in Shard() }

    package init() {}

    private func shard(of id: BlockID) -> Shard { shards[id.partition & (Self.shardCount - 1)] }

    /// Keeps a block, in place of one of the same id.
    package func put(_ block: Block, as id: BlockID) {
        // The replaced block leaves the lock alive, to be freed here.
        let replaced = shard(of: id).contents.withLock { $0.exchange(id, place: Self.place(of: id), for: block) }
        withExtendedLifetime(replaced) {}
    }

    /// Keeps all of these blocks of one partition at once: no reader sees a part of them.
    package func put(_ blocks: [(id: BlockID, block: Block)]) {
        guard let first = blocks.first else { return }
        let shard = shard(of: first.id)
        let replaced = shard.contents.withLock { contents in
            blocks.compactMap { entry in
                precondition(entry.id.partition == first.id.partition, "blocks of several partitions are kept together")
                return contents.exchange(entry.id, place: Self.place(of: entry.id), for: entry.block)
            }
        }
        withExtendedLifetime(replaced) {}
    }

    /// The block of that id, if it is here.
    package func get(_ id: BlockID) -> Block? {
        shard(of: id).contents.withLock { $0.block(id, place: Self.place(of: id)) }
    }

    /// Forgets these blocks; ids that are not here are ignored. Readers that hold a block keep it.
    package func drop(_ ids: [BlockID]) {
        var dropped: [Block] = []
        dropped.reserveCapacity(ids.count)
        for id in ids {
            let place = Self.place(of: id)
            if let block = shard(of: id).contents.withLock({ $0.exchange(id, place: place, for: nil) }) {
                dropped.append(block)
            }
        }
    }

    /// The ids of all blocks, in no order.
    package var ids: [BlockID] {
        shards.enumerated().flatMap { number, shard in
            shard.contents.withLock { $0.ids { $0 * Self.shardCount + number } }
        }
    }

    /// Rows of all blocks.
    package var rowCount: Int { shards.reduce(0) { $0 + $1.contents.withLock(\.rowCount) } }

    /// Bytes of all blocks.
    package var byteCount: Int { shards.reduce(0) { $0 + $1.contents.withLock(\.byteCount) } }

    /// Where a partition's blocks stand within their shard.
    private static func place(of id: BlockID) -> Int { id.partition / shardCount }
}
