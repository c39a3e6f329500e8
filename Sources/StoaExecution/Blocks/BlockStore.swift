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
    /// Held while a thread looks for blocks to give back.
    private let givingBack = Mutex(())
    /// Until when nobody need look again, since nothing was found: many operators ask at every morsel.
    private let nothingUntil = Atomic(0)
    private let listener = Mutex<EvictionListener?>(nil)

    private final class EvictionListener: Sendable {
        let hear: @Sendable ([BlockID]) -> Void
        init(_ hear: @escaping @Sendable ([BlockID]) -> Void) { self.hear = hear }
    }

    package init() {}

    private func shard(of id: BlockID) -> Shard { shards[id.partition & (Self.shardCount - 1)] }

    /// Keeps a block, in place of one of the same id.
    package func put(_ block: Block, as id: BlockID) {
        // The replaced block leaves the lock alive, to be freed here.
        let replaced = shard(of: id).contents.withLock { $0.exchange(id, place: Self.place(of: id), for: block) }
        withExtendedLifetime(replaced) {}
    }

    /// Keeps a persisted partition, which may be given up for room as its level says.
    package func put(_ block: Block, as id: BlockID, level: StorageLevel) {
        let place = Self.place(of: id)
        let replaced = shard(of: id).contents.withLock { contents in
            let old = contents.exchange(id, place: place, for: block)
            contents.set(level, of: id, place: place)
            return old
        }
        withExtendedLifetime(replaced) {}
    }

    /// Calls `hear` with persisted partitions that were given up for room, from the thread of a task.
    package func onEviction(_ hear: (@Sendable ([BlockID]) -> Void)?) {
        listener.withLock { $0 = hear.map(EvictionListener.init) }
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

    /// Bytes of the blocks' rows that a pool counts. Looks at every column of every block.
    func byteCount(in pool: MemoryPool) -> Int {
        var seen: Set<ObjectIdentifier> = []
        var bytes = 0
        for shard in shards {
            for block in shard.contents.withLock(\.blocks) {
                block.forEachRowMemory { memory in
                    let own = memory.byteCount(in: pool)
                    if own > 0, seen.insert(ObjectIdentifier(memory)).inserted { bytes += own }
                }
            }
        }
        return bytes
    }

    /// Rows of all blocks.
    package var rowCount: Int { shards.reduce(0) { $0 + $1.contents.withLock(\.rowCount) } }

    /// Bytes of all blocks that are in memory.
    package var byteCount: Int { shards.reduce(0) { $0 + $1.contents.withLock(\.byteCount) } }

    /// Gives back about so many bytes of memory: persisted partitions first, the one that was not read for longest before
    /// the others, then blocks of stages, the largest first. What its level or nature allows moves to the file, what is
    /// kept in memory only is forgotten and reported. Readers that hold a block keep its memory. What the disk does not
    /// take stays where it is. Gives how many bytes the blocks had.
    ///
    /// - Parameters:
    ///   - bytes: asked when it is this thread's turn.
    ///   - waits: whether to wait while another thread does this; else nothing is done then, nor shortly after nothing was
    ///     found.
    func giveBack(_ bytes: () -> Int, to file: SpillFile, waits: Bool = false) throws(StoaError) -> Int {
        if waits {
            return try givingBack.withLock { (_) throws(StoaError) in try giveBackAlone(bytes(), to: file) }
        }
        guard bytes() > 0, MonotonicClock.nanoseconds > nothingUntil.load(ordering: .relaxed) else { return 0 }
        return try givingBack.withLockIfAvailable { (_) throws(StoaError) in
            try giveBackAlone(bytes(), to: file)
        } ?? 0
    }

    private func giveBackAlone(_ bytes: Int, to file: SpillFile) throws(StoaError) -> Int {
        if bytes <= 0 { return 0 }
        var candidates = shards.enumerated().flatMap { number, shard in
            shard.contents.withLock { $0.candidates { $0 * Self.shardCount + number } }
        }
        candidates.sort { left, right in
            switch (left.level, right.level) {
            case (nil, nil): left.block.memoryByteCount > right.block.memoryByteCount
            case (nil, _): false
            case (_, nil): true
            default: left.lastUse < right.lastUse
            }
        }
        var left = bytes
        defer {
            if left == bytes { nothingUntil.store(MonotonicClock.nanoseconds + 1_000_000, ordering: .relaxed) }
        }
        var evicted: [BlockID] = []
        defer {
            if !evicted.isEmpty, let listener = listener.withLock({ $0 }) { listener.hear(evicted) }
        }
        for candidate in candidates {
            if left <= 0 { break }
            let isForgotten = candidate.level == .memory
            if !isForgotten, file.isRefusing { continue }
            let moved = isForgotten ? nil : try candidate.block.inFile(file)
            if !isForgotten, moved == nil { continue }
            if exchange(candidate.block, of: candidate.id, for: moved) {
                left -= candidate.block.memoryByteCount - (moved?.memoryByteCount ?? 0)
                if isForgotten { evicted.append(candidate.id) }
            }
        }
        return bytes - left
    }

    /// Moves a block to the file, in the store too if it is still there, and gives it as it is then.
    func move(_ block: Block, of id: BlockID, to file: SpillFile) throws(StoaError) -> Block {
        guard let moved = try block.inFile(file) else { return block }
        _ = exchange(block, of: id, for: moved)
        return moved
    }

    /// Puts a block, or nothing, in place of another one if that is still there.
    private func exchange(_ old: Block, of id: BlockID, for new: Block?) -> Bool {
        let place = Self.place(of: id)
        return shard(of: id).contents.withLock { contents in
            guard contents.peek(id, place: place)?.isSame(as: old) == true else { return false }
            _ = contents.exchange(id, place: place, for: new)
            return true
        }
    }

    /// Where a partition's blocks stand within their shard.
    private static func place(of id: BlockID) -> Int { id.partition / shardCount }
}
