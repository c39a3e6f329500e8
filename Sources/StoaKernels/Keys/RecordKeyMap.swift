internal import CStoaVector
import StoaColumns

/// A table from keys of any number of words to ids: a slot holds half of the hash and the id, the words lie by id.
struct RecordKeyMap {
    private let width: Int
    private var slots: MemoryRegion
    private var mask: Int
    /// The hashes of the rows at hand and of a few after them.
    private let rowHashes = MemoryRegion(of: UInt64.self, count: KeyTable.chunkRows + keyLookAhead, zeroed: true)
    private var hashes = GrowingBuffer<UInt64>()
    private var records = GrowingBuffer<UInt64>()

    init(width: Int, expectedCount: Int) {
        self.width = width
        var capacity = 256
        while capacity < expectedCount * 2 { capacity *= 2 }
        slots = MemoryRegion(of: UInt64.self, count: capacity, zeroed: true)
        mask = capacity - 1
    }

    /// Ids of at most `KeyTable.chunkRows` records (`width` words each, row after row), new ones numbered from `next` on;
    /// their rows are written to `fresh`. Gives the number of new keys.
    mutating func insert(
        _ rows: UnsafePointer<UInt64>, count: Int, next: Int, into ids: UnsafeMutablePointer<Int32>,
        fresh: UnsafeMutablePointer<Int32>
    ) -> Int {
        if (next + count) * 2 > mask { enlarge(for: next + count) }
        records.reserve(count * width)
        hashes.reserve(count)
        let table = slots.bound(to: UInt64.self)
        let stored = records.pointer
        let storedHashes = hashes.pointer
        let width = self.width
        let mask = self.mask
        let rowHashes = self.rowHashes.bound(to: UInt64.self)
        for row in 0..<count { rowHashes[row] = Self.hash(rows + row &* width, width) }
        var added = 0
        for row in 0..<count {
            Self.lookAhead(rowHashes + row, table, mask, stored, width)
            let record = rows + row &* width
            let hash = rowHashes[row]
            var slot = Int(truncatingIfNeeded: hash) & mask
            var id: Int32 = -1
            while table[slot] != 0 {
                id = Self.match(table[slot], hash, record, stored, width)
                if id >= 0 { break }
                slot = (slot + 1) & mask
            }
            if id < 0 {
                let new = next &+ added
                table[slot] = (hash & 0xffff_ffff_0000_0000) | UInt64(truncatingIfNeeded: new &+ 1)
                (stored + new &* width).update(from: record, count: width)
                storedHashes[new] = hash
                fresh[added] = Int32(truncatingIfNeeded: row)
                id = Int32(truncatingIfNeeded: new)
                added &+= 1
            }
            ids[row] = id
        }
        records.advance(by: added * width)
        hashes.advance(by: added)
        return added
    }

    /// Ids of at most `KeyTable.chunkRows` records, -1 for those that are absent. `rowHashes` is room for as many words and
    /// `keyLookAhead` more.
    func find(
        _ rows: UnsafePointer<UInt64>, count: Int, into ids: UnsafeMutablePointer<Int32>,
        hashes rowHashes: UnsafeMutablePointer<UInt64>
    ) {
        let table = slots.bound(to: UInt64.self)
        let stored = UnsafePointer(records.pointer)
        let mask = self.mask
        for row in 0..<count { rowHashes[row] = Self.hash(rows + row &* width, width) }
        for row in 0..<count {
            Self.lookAhead(rowHashes + row, table, mask, stored, width)
            let record = rows + row &* width
            let hash = rowHashes[row]
            var slot = Int(truncatingIfNeeded: hash) & mask
            var id: Int32 = -1
            while table[slot] != 0 {
                id = Self.match(table[slot], hash, record, stored, width)
                if id >= 0 { break }
                slot = (slot + 1) & mask
            }
            ids[row] = id
        }
    }

    /// Asks for the slot of a row far ahead, and for the record behind the slot of a nearer one.
    @inline(__always)
    private static func lookAhead(
        _ hashes: UnsafePointer<UInt64>, _ table: UnsafePointer<UInt64>, _ mask: Int, _ stored: UnsafePointer<UInt64>,
        _ width: Int
    ) {
        stoa_prefetch(table + (Int(truncatingIfNeeded: hashes[keyLookAhead]) & mask))
        let entry = table[Int(truncatingIfNeeded: hashes[keyLookAhead / 2]) & mask]
        stoa_prefetch(stored + Int(entry & 0xffff_ffff) &* width)
    }

    /// The id in a slot when its record is the one looked for, else -1.
    @inline(__always)
    private static func match(
        _ entry: UInt64, _ hash: UInt64, _ record: UnsafePointer<UInt64>, _ stored: UnsafePointer<UInt64>, _ width: Int
    ) -> Int32 {
        if (entry ^ hash) & 0xffff_ffff_0000_0000 != 0 { return -1 }
        let id = Int(entry & 0xffff_ffff) - 1
        let candidate = stored + id &* width
        var difference: UInt64 = 0
        for word in 0..<width { difference |= candidate[word] ^ record[word] }
        return difference == 0 ? Int32(truncatingIfNeeded: id) : -1
    }

    @inline(__always)
    private static func hash(_ record: UnsafePointer<UInt64>, _ width: Int) -> UInt64 {
        var hash = KeyHash.mix(record[0])
        for word in 1..<width { hash = KeyHash.combine(hash, KeyHash.mix(record[word])) }
        return KeyHash.mix(hash)
    }

    private mutating func enlarge(for expected: Int) {
        var capacity = mask + 1
        while expected * 2 > capacity - 1 { capacity *= 2 }
        slots = MemoryRegion(of: UInt64.self, count: capacity, zeroed: true)
        mask = capacity - 1
        let table = slots.bound(to: UInt64.self)
        let storedHashes = hashes.pointer
        for id in 0..<hashes.count {
            let hash = storedHashes[id]
            var slot = Int(truncatingIfNeeded: hash) & mask
            while table[slot] != 0 { slot = (slot + 1) & mask }
            table[slot] = (hash & 0xffff_ffff_0000_0000) | UInt64(truncatingIfNeeded: id &+ 1)
        }
    }
}
