import StoaColumns

/// Reading of validity bits in loops. `Bitmap` does the same from another module, from which nothing is inlined.
enum ValidityBits {
    /// `rows` (at most 64) bits from bit `start` on; places from `rows` up are zero.
    @inline(__always)
    static func word(_ bits: UnsafeRawPointer, at start: Int, rows: Int) -> UInt64 {
        guard rows == 64 else { return Bitmap.word(bits, at: start, count: rows) }
        let first = bits + (start &>> 3)
        let shift = UInt64(truncatingIfNeeded: start & 7)
        let low = UInt64(littleEndian: first.loadUnaligned(as: UInt64.self))
        if shift == 0 { return low }
        return low &>> shift | UInt64(first.load(fromByteOffset: 8, as: UInt8.self)) &<< (64 &- shift)
    }

    /// Calls `body` with each row that holds a value, in order.
    @inline(__always)
    static func forEach(_ column: Column, count: Int, _ body: (Int) -> Void) {
        guard let validity = column.validity else {
            for row in 0..<count { body(row) }
            return
        }
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            var word = word(validity.base, at: column.offset + start, rows: rows)
            while word != 0 {
                body(start + word.trailingZeroBitCount)
                word &= word &- 1
            }
            start += rows
        }
    }

    /// The bit at `index`.
    @inline(__always)
    static func bit(_ bits: UnsafeRawPointer, at index: Int) -> Bool {
        bits.load(fromByteOffset: index &>> 3, as: UInt8.self) &>> UInt8(truncatingIfNeeded: index & 7) & 1 != 0
    }
}
