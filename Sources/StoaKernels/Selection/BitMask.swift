import StoaColumns

/// Which rows of a batch are chosen: one bit a row from bit 0 on, in whole 64-bit words; places past the last row are zero.
package struct BitMask: Sendable {
    /// Number of rows.
    package let count: Int
    /// Number of chosen rows.
    package let ones: Int
    let buffer: Buffer

    /// The `(count + 63) / 64` words.
    package var words: UnsafePointer<UInt64> { buffer.pointer(as: UInt64.self) }

    /// A mask over a filled region of whole words. The places past `count` must be zero.
    package init(words region: MemoryRegion, count: Int) {
        self.count = count
        buffer = region.buffer
        ones = Bitmap.countOnes(region.base, at: 0, count: count)
    }

    /// The rows in which a bool column is true; null counts as false. Costs one pass of 64 rows a step.
    package init(trueRowsOf column: Column) {
        let (base, offset) = column.bits
        let region = MemoryRegion(bits: column.count)
        let words = region.bound(to: UInt64.self)
        var ones = 0
        var row = 0
        while row < column.count {
            let word =
                Bitmap.word(base, at: offset + row, count: min(64, column.count - row)) & column.validityWord(at: row)
            words[row >> 6] = word
            ones &+= word.nonzeroBitCount
            row += 64
        }
        count = column.count
        buffer = region.buffer
        self.ones = ones
    }

    /// The rows that hold a value.
    package init(validRowsOf column: Column) {
        let region = MemoryRegion(bits: column.count)
        let words = region.bound(to: UInt64.self)
        for index in 0..<((column.count + 63) / 64) { words[index] = column.validityWord(at: index * 64) }
        count = column.count
        ones = column.count - column.nullCount
        buffer = region.buffer
    }

    /// All rows or none.
    package init(all chosen: Bool, count: Int) {
        self.count = count
        ones = chosen ? count : 0
        buffer = Bitmap.filled(chosen, count: count).buffer
    }

    /// Whether the row is chosen.
    package func contains(_ row: Int) -> Bool { Bitmap.bit(buffer.base, at: row) }

    /// The chosen rows that are chosen in `other` as well, or with `inverted` those that are not.
    package func intersection(_ other: BitMask, inverted: Bool = false) -> BitMask {
        precondition(other.count == count, "masks of \(count) and \(other.count) rows")
        let region = MemoryRegion(bits: count)
        let target = region.bound(to: UInt64.self)
        let flip: UInt64 = inverted ? ~0 : 0
        let left = words
        let right = other.words
        for index in 0..<((count + 63) / 64) { target[index] = left[index] & (right[index] ^ flip) }
        return BitMask(words: region, count: count)
    }

    /// The mask as a bool column without nulls, sharing the memory.
    package var column: Column { Column(type: .bool, count: count, storage: .bits(buffer)) }

    /// The chosen rows' numbers in ascending order.
    package func rows() -> [Int32] {
        // An empty array shares its storage with all others, and its count would be written there by every thread.
        if ones == 0 { return [] }
        return [Int32](unsafeUninitializedCapacity: ones) { target, written in
            for index in 0..<((count + 63) / 64) {
                var word = words[index]
                while word != 0 {
                    target[written] = Int32(truncatingIfNeeded: index * 64 + word.trailingZeroBitCount)
                    written += 1
                    word &= word &- 1
                }
            }
        }
    }
}
