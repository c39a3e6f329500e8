import StoaPlan
import StoaTasks

/// The blocks in one shard of a block store: a shelf for each stage and dataset, on it a slot for each partition.
struct ShardContents {
    /// What blocks of the same name but for partition and bucket belong to.
    private enum Owner: Hashable {
        case stage(JobID, StageID)
        case dataset(DatasetID)

        init(_ id: BlockID) {
            switch id {
            case .stage(let job, let stage, _, _): self = .stage(job, stage)
            case .dataset(let dataset, _): self = .dataset(dataset)
            }
        }

        func id(partition: Int, bucket: Int?) -> BlockID {
            switch self {
            case .stage(let job, let stage): .stage(job, stage, partition: partition, bucket: bucket)
            case .dataset(let dataset): .dataset(dataset, partition: partition)
            }
        }
    }

    private struct Slot {
        /// The block without a bucket's number.
        var whole: Block?
        var buckets: [Block?] = []
        /// How the whole block is kept, if it is a persisted partition.
        var level: StorageLevel?
        /// When the persisted partition was used last.
        var lastUse = 0
    }

    // Guard: that of the shard.
    private final class Shelf {
        let owner: Owner
        var slots: [Slot] = []
        var blockCount = 0

        init(_ owner: Owner) { self.owner = owner }
    }

    private var shelves: [Owner: Shelf] = [:]
    /// The shelf of the last call: calls come in runs of the same stage.
    private var recent: Shelf?
    private(set) var rowCount = 0
    private(set) var byteCount = 0

    /// The block of that id, which is not used by this.
    mutating func peek(_ id: BlockID, place: Int) -> Block? {
        guard let shelf = shelf(of: Owner(id)), place < shelf.slots.count else { return nil }
        guard let bucket = id.bucket else { return shelf.slots[place].whole }
        let buckets = shelf.slots[place].buckets
        return bucket < buckets.count ? buckets[bucket] : nil
    }

    /// The block of that id, which stands at that place of its shelf.
    mutating func block(_ id: BlockID, place: Int) -> Block? {
        guard let shelf = shelf(of: Owner(id)), place < shelf.slots.count else { return nil }
        guard let bucket = id.bucket else {
            if shelf.slots[place].level != nil { shelf.slots[place].lastUse = MonotonicClock.nanoseconds }
            return shelf.slots[place].whole
        }
        let buckets = shelf.slots[place].buckets
        return bucket < buckets.count ? buckets[bucket] : nil
    }

    /// Notes how the persisted partition of that id, which is here, is kept.
    mutating func set(_ level: StorageLevel, of id: BlockID, place: Int) {
        guard let shelf = shelf(of: Owner(id)), place < shelf.slots.count else { return }
        shelf.slots[place].level = level
        shelf.slots[place].lastUse = MonotonicClock.nanoseconds
    }

    /// A block that memory can be had from.
    struct Candidate {
        let id: BlockID
        let block: Block
        /// Nil for a block of a stage.
        let level: StorageLevel?
        let lastUse: Int
    }

    /// Blocks in memory that can be given up or moved to a file; `partition` gives the partition that stands at a place.
    func candidates(partition: (Int) -> Int) -> [Candidate] {
        var found: [Candidate] = []
        for (owner, shelf) in shelves {
            for (place, slot) in shelf.slots.enumerated() {
                var isStage = false
                if case .stage = owner { isStage = true }
                if let block = slot.whole, slot.level != nil || isStage, block.memoryByteCount > 0 {
                    let id = owner.id(partition: partition(place), bucket: nil)
                    found.append(Candidate(id: id, block: block, level: slot.level, lastUse: slot.lastUse))
                }
                for (bucket, block) in slot.buckets.enumerated() {
                    guard let block, block.memoryByteCount > 0 else { continue }
                    let id = owner.id(partition: partition(place), bucket: bucket)
                    found.append(Candidate(id: id, block: block, level: nil, lastUse: 0))
                }
            }
        }
        return found
    }

    var blocks: [Block] {
        shelves.values.flatMap { $0.slots.flatMap { ([$0.whole] + $0.buckets).compactMap { $0 } } }
    }

    /// Puts a block, or nothing, in place of the one of that id, and gives that one. Partitions of datasets pin their memory.
    mutating func exchange(_ id: BlockID, place: Int, for block: Block?) -> Block? {
        let owner = Owner(id)
        let shelf: Shelf
        if let known = self.shelf(of: owner) {
            shelf = known
        } else {
            if block == nil { return nil }
            shelf = Shelf(owner)
            shelves[owner] = shelf
            recent = shelf
        }
        if place >= shelf.slots.count {
            if block == nil { return nil }
            shelf.slots.append(contentsOf: repeatElement(Slot(), count: place + 1 - shelf.slots.count))
        }
        var old = block
        if let bucket = id.bucket {
            let missing = bucket + 1 - shelf.slots[place].buckets.count
            if missing > 0 {
                if block == nil { return nil }
                shelf.slots[place].buckets.append(contentsOf: repeatElement(nil, count: missing))
            }
            swap(&shelf.slots[place].buckets[bucket], &old)
        } else {
            swap(&shelf.slots[place].whole, &old)
            if block == nil { shelf.slots[place].level = nil }
        }
        if case .dataset = owner {
            block?.pin()
            old?.unpin()
        }
        rowCount += (block?.rowCount ?? 0) - (old?.rowCount ?? 0)
        byteCount += (block?.memoryByteCount ?? 0) - (old?.memoryByteCount ?? 0)
        shelf.blockCount += (block == nil ? 0 : 1) - (old == nil ? 0 : 1)
        if shelf.blockCount == 0 {
            shelves[owner] = nil
            recent = nil
        }
        return old
    }

    /// The ids of all blocks; `partition` gives the partition that stands at a place.
    func ids(partition: (Int) -> Int) -> [BlockID] {
        var ids: [BlockID] = []
        for (owner, shelf) in shelves {
            for (place, slot) in shelf.slots.enumerated() {
                if slot.whole != nil { ids.append(owner.id(partition: partition(place), bucket: nil)) }
                for (bucket, block) in slot.buckets.enumerated() where block != nil {
                    ids.append(owner.id(partition: partition(place), bucket: bucket))
                }
            }
        }
        return ids
    }

    private mutating func shelf(of owner: Owner) -> Shelf? {
        if let recent, recent.owner == owner { return recent }
        guard let shelf = shelves[owner] else { return nil }
        recent = shelf
        return shelf
    }
}

extension BlockID {
    /// The partition whose block it is.
    var partition: Int {
        switch self {
        case .stage(_, _, let partition, _), .dataset(_, let partition): partition
        }
    }

    /// Which bucket of an exchange it is, if any.
    fileprivate var bucket: Int? {
        if case .stage(_, _, _, let bucket) = self { bucket } else { nil }
    }
}
