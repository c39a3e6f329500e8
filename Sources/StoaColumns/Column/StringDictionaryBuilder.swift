import Glibc

/// Gives equal strings equal codes, counted from 0 in order of first appearance, and keeps each string once.
///
/// Open addressing with linear probing; a string's high hash bits are compared before its bytes. The hash is seeded per
/// process, which decides nothing but the time a look-up takes.
package struct StringDictionaryBuilder: ~Copyable {
    /// Number of distinct strings so far.
    package private(set) var count = 0
    /// Bytes of the distinct strings so far; more than 2 GiB of them make no dictionary.
    package private(set) var byteCount = 0

    /// One distinct string: where its text ends, and its hash.
    private struct Entry: BitwiseCopyable {
        var end: Int32
        var highHash: UInt32
        var lowHash: UInt32
    }

    // Each region is replaced by a larger one when it is full.
    private var text: MemoryRegion
    private var entries: MemoryRegion
    private var entryCapacity: Int
    /// Code + 1 by hash, 0 is free; a power of two of them, at least twice `entryCapacity`.
    private var slots: MemoryRegion
    private var slotMask: Int

    /// An empty dictionary with room for `capacity` strings before it grows.
    package init(capacity: Int = 16) {
        var slotCount = 32
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = MemoryRegion(of: Int32.self, count: slotCount, zeroed: true)
        slotMask = slotCount - 1
        entryCapacity = slotCount / 2
        entries = MemoryRegion(of: Entry.self, count: entryCapacity)
        text = MemoryRegion(byteCount: max(256, capacity * 8))
    }

    /// The code of a string, a new one when it was not seen before. Traps beyond 2 GiB of distinct text.
    package mutating func code(for bytes: UnsafeRawBufferPointer) -> Int32 {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        let highHash = UInt32(truncatingIfNeeded: hash >> 32)
        let codes = slots.bound(to: Int32.self)
        let known = entries.bound(to: Entry.self)
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while codes[slot] != 0 {
            let code = Int(codes[slot]) - 1
            let start = code == 0 ? 0 : Int(known[code - 1].end)
            if known[code].highHash == highHash, Int(known[code].end) - start == bytes.count,
                memcmp(text.base + start, bytes.baseAddress ?? UnsafeRawPointer(text.base), bytes.count) == 0
            {
                return Int32(truncatingIfNeeded: code)
            }
            slot = (slot + 1) & slotMask
        }
        codes[slot] = Int32(count + 1)
        append(bytes, highHash: highHash, lowHash: UInt32(truncatingIfNeeded: hash))
        return Int32(count - 1)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, highHash: UInt32, lowHash: UInt32) {
        let end = byteCount + bytes.count
        precondition(end <= Int(Int32.max), "\(end) bytes of distinct text do not fit one dictionary (2 GiB)")
        if end > text.byteCount {
            let larger = MemoryRegion(byteCount: max(end, text.byteCount * 2))
            larger.base.copyMemory(from: text.base, byteCount: byteCount)
            text = larger
        }
        if let source = bytes.baseAddress { (text.base + byteCount).copyMemory(from: source, byteCount: bytes.count) }
        byteCount = end
        entries.bound(to: Entry.self)[count] = Entry(end: Int32(end), highHash: highHash, lowHash: lowHash)
        count += 1
        if count == entryCapacity { grow() }
    }

    private mutating func grow() {
        let slotCount = (slotMask + 1) * 2
        let larger = MemoryRegion(of: Entry.self, count: slotCount / 2)
        larger.base.copyMemory(from: entries.base, byteCount: count * MemoryLayout<Entry>.stride)
        entries = larger
        entryCapacity = slotCount / 2
        slots = MemoryRegion(of: Int32.self, count: slotCount, zeroed: true)
        slotMask = slotCount - 1
        let codes = slots.bound(to: Int32.self)
        let known = entries.bound(to: Entry.self)
        for code in 0..<count {
            var slot = Int(known[code].lowHash) & slotMask
            while codes[slot] != 0 { slot = (slot + 1) & slotMask }
            codes[slot] = Int32(truncatingIfNeeded: code + 1)
        }
    }

    /// The strings seen so far; codes given so far stay valid for it. The builder may go on.
    package func finished() -> StringDictionary {
        let offsets = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = offsets.bound(to: Int32.self)
        let known = entries.bound(to: Entry.self)
        starts[0] = 0
        for code in 0..<count { starts[code + 1] = known[code].end }
        let bytes = MemoryRegion(byteCount: byteCount)
        bytes.base.copyMemory(from: text.base, byteCount: byteCount)
        return StringDictionary(
            values: Column(type: .utf8, count: count, storage: .text(offsets: offsets.buffer, bytes: bytes.buffer)))
    }
}
