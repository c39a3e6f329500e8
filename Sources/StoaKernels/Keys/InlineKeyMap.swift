internal import CStoaVector
import StoaColumns

/// A key that a hash table holds in its slots.
protocol InlineKey: BitwiseCopyable, Equatable {
    var slotHash: UInt64 { get }
}

extension UInt64: InlineKey {
    @inline(__always) var slotHash: UInt64 { KeyHash.mix(self) }
}

/// Two words of packed keys.
struct KeyPair: InlineKey {
    var low: UInt64
    var high: UInt64

    @inline(__always) var slotHash: UInt64 { KeyHash.mix(KeyHash.combine(KeyHash.mix(low), high)) }
}

/// How many rows ahead of a look-up its slot is asked for: enough to cover a miss of the last cache level.
let keyLookAhead = 16

/// A table from keys of one or two words to ids: open addressing, linear probing, key and id in one slot, at most half
/// full, so that a row costs one cache miss.
struct InlineKeyMap<Key: InlineKey> {
    private struct Slot: BitwiseCopyable {
        var key: Key
        /// The id plus one; zero when the slot is empty.
        var mark: Int32
    }

    private var slots: MemoryRegion
    private var mask: Int
    /// The hashes of the rows at hand and, so that looking ahead needs no test, of a few after them.
    private let hashes = MemoryRegion(of: UInt64.self, count: KeyTable.chunkRows + keyLookAhead, zeroed: true)

    init(expectedCount: Int) {
        var capacity = 256
        while capacity < expectedCount * 2 { capacity *= 2 }
        slots = MemoryRegion(of: Slot.self, count: capacity, zeroed: true)
        mask = capacity - 1
    }

    /// Ids of at most `KeyTable.chunkRows` keys, new ones numbered from `next` on; their rows are written to `fresh`. Gives
    /// the number of new keys.
    mutating func insert(
        _ keys: UnsafePointer<Key>, count: Int, next: Int, into ids: UnsafeMutablePointer<Int32>,
        fresh: UnsafeMutablePointer<Int32>
    ) -> Int {
        if (next + count) * 2 > mask { enlarge(for: next + count) }
        let table = slots.bound(to: Slot.self)
        let mask = self.mask
        let hashes = self.hashes.bound(to: UInt64.self)
        for row in 0..<count { hashes[row] = keys[row].slotHash }
        var added = 0
        for row in 0..<count {
            stoa_prefetch(table + (Int(truncatingIfNeeded: hashes[row &+ keyLookAhead]) & mask))
            let key = keys[row]
            var slot = Int(truncatingIfNeeded: hashes[row]) & mask
            var mark = table[slot].mark
            while mark != 0 && table[slot].key != key {
                slot = (slot + 1) & mask
                mark = table[slot].mark
            }
            if mark == 0 {
                mark = Int32(truncatingIfNeeded: next &+ added &+ 1)
                table[slot] = Slot(key: key, mark: mark)
                fresh[added] = Int32(truncatingIfNeeded: row)
                added &+= 1
            }
            ids[row] = mark &- 1
        }
        return added
    }

    /// Ids of at most `KeyTable.chunkRows` keys, -1 for those that are absent. `hashes` is room for as many words and
    /// `keyLookAhead` more.
    func find(
        _ keys: UnsafePointer<Key>, count: Int, into ids: UnsafeMutablePointer<Int32>,
        hashes: UnsafeMutablePointer<UInt64>
    ) {
        let table = slots.bound(to: Slot.self)
        let mask = self.mask
        for row in 0..<count { hashes[row] = keys[row].slotHash }
        for row in 0..<count {
            stoa_prefetch(table + (Int(truncatingIfNeeded: hashes[row &+ keyLookAhead]) & mask))
            let key = keys[row]
            var slot = Int(truncatingIfNeeded: hashes[row]) & mask
            var mark = table[slot].mark
            while mark != 0 && table[slot].key != key {
                slot = (slot + 1) & mask
                mark = table[slot].mark
            }
            ids[row] = mark &- 1
        }
    }

    private mutating func enlarge(for expected: Int) {
        let old = slots
        defer { withExtendedLifetime(old) {} }
        let oldCapacity = mask + 1
        var capacity = oldCapacity
        while expected * 2 > capacity - 1 { capacity *= 2 }
        slots = MemoryRegion(of: Slot.self, count: capacity, zeroed: true)
        mask = capacity - 1
        let source = old.bound(to: Slot.self)
        let table = slots.bound(to: Slot.self)
        for index in 0..<oldCapacity where source[index].mark != 0 {
            var slot = Int(truncatingIfNeeded: source[index].key.slotHash) & mask
            while table[slot].mark != 0 { slot = (slot + 1) & mask }
            table[slot] = source[index]
        }
    }
}
