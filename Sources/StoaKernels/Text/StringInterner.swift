import StoaColumns

/// Gives each distinct text a code, in the order of first sight: builds dictionaries.
///
/// Guard: used by one thread.
package final class StringInterner {
    private var slots: [Int32]
    private var hashes: [UInt32] = []
    private var offsets: [Int32] = [0]
    private var bytes: [UInt8] = []

    private static let empty: Int32 = -1

    /// An interner with room for about this many texts before it grows.
    package init(capacity: Int = 64) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: Self.empty, count: size)
    }

    /// Number of distinct texts.
    package var count: Int { hashes.count }

    /// Bytes of all distinct texts.
    package var byteCount: Int { bytes.count }

    /// The code of a text, a new one when it is new; nil when its bytes would exceed the 2 GiB of a column chunk. Costs
    /// a hash and one comparison.
    package func code(of text: UnsafePointer<UInt8>, count length: Int) -> Int32? {
        let hash = Self.hash(text, count: length)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != Self.empty {
            let code = slots[slot]
            if hashes[Int(code)] == hash, isEqual(Int(code), text, count: length) { return code }
            slot = (slot + 1) & (slots.count - 1)
        }
        guard bytes.count + length <= Int(Int32.max), hashes.count < Int(Int32.max) else { return nil }
        let code = Int32(truncatingIfNeeded: hashes.count)
        bytes.append(contentsOf: UnsafeBufferPointer(start: text, count: length))
        offsets.append(Int32(truncatingIfNeeded: bytes.count))
        hashes.append(hash)
        slots[slot] = code
        if hashes.count * 2 > slots.count { grow() }
        return code
    }

    /// The texts so far as a dictionary.
    package func makeDictionary() -> StringDictionary {
        let starts = MemoryRegion(of: Int32.self, count: offsets.count)
        offsets.withUnsafeBytes {
            starts.base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(starts.base), byteCount: $0.count)
        }
        let text = MemoryRegion(byteCount: bytes.count)
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { text.base.copyMemory(from: base, byteCount: source.count) }
        }
        return StringDictionary(
            values: Column(
                type: .utf8, count: count, storage: .text(offsets: starts.buffer, bytes: text.buffer)))
    }

    private func isEqual(_ code: Int, _ text: UnsafePointer<UInt8>, count length: Int) -> Bool {
        let start = Int(offsets[code])
        guard Int(offsets[code + 1]) - start == length else { return false }
        return bytes.withUnsafeBufferPointer { stored in
            for index in 0..<length where stored[start + index] != text[index] { return false }
            return true
        }
    }

    private func grow() {
        slots = [Int32](repeating: Self.empty, count: slots.count * 2)
        for (code, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != Self.empty { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(truncatingIfNeeded: code)
        }
    }

    /// Multiplies 8 bytes at a time into the state; good enough to spread a table's slots, and of no meaning outside it.
    private static func hash(_ text: UnsafePointer<UInt8>, count length: Int) -> UInt32 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        let raw = UnsafeRawPointer(text)
        var state = UInt64(truncatingIfNeeded: length) &* factor
        var index = 0
        while index + 8 <= length {
            state = (state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* factor
            state ^= state >> 32
            index += 8
        }
        var last: UInt64 = 0
        while index < length {
            last = last << 8 | UInt64(text[index])
            index += 1
        }
        state = (state ^ last) &* factor
        return UInt32(truncatingIfNeeded: state >> 32)
    }
}
