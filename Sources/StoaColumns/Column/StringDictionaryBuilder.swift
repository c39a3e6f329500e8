import Glibc

/// Gives equal strings equal codes, counted from 0 in order of first appearance, and keeps each string once.
///
/// Open addressing with linear probing; a slot holds the upper half of the hash, which is compared before the bytes, and
/// the code plus one. Strings are only appended, so that dictionaries taken along the way share the memory.
package struct StringDictionaryBuilder: ~Copyable {
    /// Number of distinct strings so far.
    package private(set) var count = 0
    /// Bytes of the distinct strings so far; more than 2 GiB of them make no dictionary.
    package private(set) var byteCount = 0
    /// The family of all dictionaries that come from here.
    package let family = DictionaryFamily()

    // Each region is replaced by a larger one when it is full; what dictionaries taken earlier point into is not written
    // again. `offsets` has one entry more than there are strings, as in a plain text column.
    private var text: MemoryRegion
    private var offsets: MemoryRegion
    private var hashes: MemoryRegion
    private var entryCapacity: Int
    /// A power of two, at least twice `entryCapacity`; zero is a free slot.
    private var slots: MemoryRegion
    private var slotMask: Int

    /// An empty dictionary with room for `capacity` strings before it grows.
    package init(capacity: Int = 16) {
        var slotCount = 32
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = MemoryRegion(of: UInt64.self, count: slotCount, zeroed: true)
        slotMask = slotCount - 1
        entryCapacity = slotCount / 2
        offsets = MemoryRegion(of: Int32.self, count: entryCapacity + 1)
        offsets.bound(to: Int32.self)[0] = 0
        hashes = MemoryRegion(of: UInt64.self, count: entryCapacity)
        text = MemoryRegion(byteCount: max(256, capacity * 8))
    }

    /// The code of a string, a new one when it was not seen before. Traps beyond 2 GiB of distinct text.
    package mutating func code(for bytes: UnsafeRawBufferPointer) -> Int32 {
        let base = bytes.baseAddress ?? UnsafeRawPointer(text.base)
        return code(for: base, count: bytes.count, hash: TextHash.bytes(base, count: bytes.count))
    }

    /// The code of a string whose hash is known.
    @inline(__always)
    mutating func code(for base: UnsafeRawPointer, count length: Int, hash: UInt64) -> Int32 {
        let tag = hash & 0xffff_ffff_0000_0000
        let table = slots.bound(to: UInt64.self)
        let starts = offsets.bound(to: Int32.self)
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while true {
            let entry = table[slot]
            if entry == 0 { break }
            if entry & 0xffff_ffff_0000_0000 == tag {
                let code = Int(entry & 0xffff_ffff) - 1
                let start = Int(starts[code])
                if Int(starts[code + 1]) - start == length,
                    TextHash.areEqual(text.base + start, base, count: length)
                {
                    return Int32(truncatingIfNeeded: code)
                }
            }
            slot = (slot + 1) & slotMask
        }
        table[slot] = tag | UInt64(count + 1)
        append(base, length, hash)
        return Int32(truncatingIfNeeded: count - 1)
    }

    /// The codes of rows of text; 0 where a row is null.
    ///
    /// Some rows are hashed and their slots read before the first is looked up, so that cache misses overlap.
    mutating func encode(_ column: Column, into codes: UnsafeMutablePointer<Int32>) {
        guard let (starts, bytes) = column.text else { preconditionFailure("a \(column.type) column is no plain text") }
        let step = 32
        withUnsafeTemporaryAllocation(of: (hash: UInt64, slot: UInt64).self, capacity: step) { scratch in
            guard let ahead = scratch.baseAddress else { return }
            for first in stride(from: 0, to: column.count, by: step) {
                let rows = min(step, column.count - first)
                let table = slots.bound(to: UInt64.self)
                for row in 0..<rows {
                    let start = Int(starts[first + row])
                    let hash = TextHash.bytes(bytes + start, count: Int(starts[first + row + 1]) - start)
                    ahead[row] = (hash, table[Int(truncatingIfNeeded: hash) & slotMask])
                }
                for row in 0..<rows {
                    if column.nullCount > 0, column.isNull(at: first + row) {
                        codes[first + row] = 0
                        continue
                    }
                    let start = Int(starts[first + row])
                    let length = Int(starts[first + row + 1]) - start
                    // A slot that is in use stays as it is.
                    codes[first + row] =
                        known(ahead[row].slot, bytes + start, length, ahead[row].hash)
                        ?? code(for: bytes + start, count: length, hash: ahead[row].hash)
                }
            }
        }
    }

    /// The code in a slot when it is that of the string.
    @inline(__always)
    private func known(_ entry: UInt64, _ base: UnsafeRawPointer, _ length: Int, _ hash: UInt64) -> Int32? {
        if entry == 0 || (entry ^ hash) & 0xffff_ffff_0000_0000 != 0 { return nil }
        let starts = offsets.bound(to: Int32.self)
        let code = Int(entry & 0xffff_ffff) - 1
        let start = Int(starts[code])
        guard Int(starts[code + 1]) - start == length, TextHash.areEqual(text.base + start, base, count: length) else {
            return nil
        }
        return Int32(truncatingIfNeeded: code)
    }

    @inline(never)
    private mutating func append(_ base: UnsafeRawPointer, _ length: Int, _ hash: UInt64) {
        let end = byteCount + length
        precondition(end <= Int(Int32.max), "\(end) bytes of distinct text do not fit one dictionary (2 GiB)")
        if end > text.byteCount {
            text = Self.enlarged(text, keeping: byteCount, to: min(max(end, text.byteCount * 2), Int(Int32.max)))
        }
        (text.base + byteCount).copyMemory(from: base, byteCount: length)
        byteCount = end
        hashes.bound(to: UInt64.self)[count] = hash
        count += 1
        offsets.bound(to: Int32.self)[count] = Int32(truncatingIfNeeded: end)
        if count == entryCapacity { grow() }
    }

    private mutating func grow() {
        let slotCount = (slotMask + 1) * 2
        entryCapacity = slotCount / 2
        offsets = Self.enlarged(offsets, keeping: (count + 1) * 4, to: (entryCapacity + 1) * 4)
        hashes = Self.enlarged(hashes, keeping: count * 8, to: entryCapacity * 8)
        slots = MemoryRegion(of: UInt64.self, count: slotCount, zeroed: true)
        slotMask = slotCount - 1
        let table = slots.bound(to: UInt64.self)
        let known = hashes.bound(to: UInt64.self)
        for code in 0..<count {
            var slot = Int(truncatingIfNeeded: known[code]) & slotMask
            while table[slot] != 0 { slot = (slot + 1) & slotMask }
            table[slot] = (known[code] & 0xffff_ffff_0000_0000) | UInt64(code + 1)
        }
    }

    private static func enlarged(_ region: MemoryRegion, keeping kept: Int, to byteCount: Int) -> MemoryRegion {
        let larger = MemoryRegion(byteCount: byteCount)
        larger.base.copyMemory(from: region.base, byteCount: kept)
        return larger
    }

    /// The strings seen so far, in shared memory; codes given so far stay valid for it. The builder may go on, and
    /// dictionaries taken later are of the same family.
    package func finished() -> StringDictionary {
        StringDictionary(
            values: Column(
                type: .utf8, count: count,
                storage: .text(
                    offsets: Buffer(base: UnsafeRawPointer(offsets.base), byteCount: (count + 1) * 4, owner: offsets),
                    bytes: Buffer(base: UnsafeRawPointer(text.base), byteCount: byteCount, owner: text))),
            hashes: Buffer(base: UnsafeRawPointer(hashes.base), byteCount: count * 8, owner: hashes), family: family)
    }
}
