import StoaColumns
import StoaTasks
import Synchronization

/// The blocks that one executor holds. Guard: one lock, held for dictionary operations only; memory of dropped blocks is
/// freed outside it.
package final class BlockStore: Sendable {
    private struct Contents {
        var blocks: [BlockID: Block] = [:]
        var rowCount = 0
        var byteCount = 0
    }

    private let contents = Mutex(Contents())

    package init() {}

    /// Keeps a block, in place of one of the same id.
    package func put(_ block: Block, as id: BlockID) { put([(id, block)]) }

    /// Keeps all of these blocks at once: no reader sees a part of them.
    package func put(_ blocks: [(id: BlockID, block: Block)]) {
        // The replaced blocks leave the lock alive, to be freed here.
        let replaced = contents.withLock { contents in
            blocks.map { entry in
                let old = contents.blocks.updateValue(entry.block, forKey: entry.id)
                contents.rowCount += entry.block.rowCount - (old?.rowCount ?? 0)
                contents.byteCount += entry.block.byteCount - (old?.byteCount ?? 0)
                return old
            }
        }
        withExtendedLifetime(replaced) {}
    }

    /// The block of that id, if it is here.
    package func get(_ id: BlockID) -> Block? { contents.withLock { $0.blocks[id] } }

    /// Forgets these blocks; ids that are not here are ignored. Readers that hold a block keep it.
    package func drop(_ ids: [BlockID]) {
        let dropped = contents.withLock { contents in
            ids.map { id in
                let old = contents.blocks.removeValue(forKey: id)
                contents.rowCount -= old?.rowCount ?? 0
                contents.byteCount -= old?.byteCount ?? 0
                return old
            }
        }
        withExtendedLifetime(dropped) {}
    }

    /// The ids of all blocks, in no order.
    package var ids: [BlockID] { contents.withLock { Array($0.blocks.keys) } }

    /// Rows of all blocks.
    package var rowCount: Int { contents.withLock { $0.rowCount } }

    /// Bytes of all blocks.
    package var byteCount: Int { contents.withLock { $0.byteCount } }
}
