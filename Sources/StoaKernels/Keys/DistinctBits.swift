import StoaColumns

/// The different values of integers from a narrow range, one bit each.
///
/// - Nulls: not counted.
/// - Cost: one bit set a row, about a nanosecond while the bits stay in the second cache level.
struct DistinctBits {
    private let least: Int64
    private let words: MemoryRegion
    private let count: Int

    /// Bits that are worth their memory however few rows there are: 32 KB.
    private static let freeBits: UInt64 = 1 << 18
    /// Bits a row at most, a sixteenth of what hashes take, and bits that stay in the last cache level.
    private static let bitsPerRow: UInt64 = 8
    private static let maximumBits: UInt64 = 1 << 27

    /// Nil when the columns' values have no known bounds or lie too far apart for so many rows.
    init?(_ columns: [Column]) {
        var bounds: ClosedRange<Int64>?
        var rows = 0
        for column in columns where column.nullCount < column.count {
            guard let found = column.withBounds().bounds else { return nil }
            bounds = bounds.map { min($0.lowerBound, found.lowerBound)...max($0.upperBound, found.upperBound) } ?? found
            rows += column.count - column.nullCount
        }
        guard let bounds else { return nil }
        let last = UInt64(bitPattern: bounds.upperBound &- bounds.lowerBound)
        guard last < Self.maximumBits, last < max(Self.freeBits, Self.bitsPerRow * UInt64(rows)) else { return nil }
        least = bounds.lowerBound
        count = Int(last) + 1
        words = MemoryRegion(bits: count, zeroed: true)
        for column in columns where column.nullCount < column.count { set(column) }
    }

    /// How many values differ.
    var ones: Int { Bitmap.countOnes(words.base, at: 0, count: count) }

    private func set(_ column: Column) {
        switch column.type.storageType {
        case .int8: set(column.values(as: Int8.self), column)
        case .int16: set(column.values(as: Int16.self), column)
        case .int32: set(column.values(as: Int32.self), column)
        case .int64: set(column.values(as: Int64.self), column)
        case .uint8: set(column.values(as: UInt8.self), column)
        case .uint16: set(column.values(as: UInt16.self), column)
        case .uint32: set(column.values(as: UInt32.self), column)
        case .uint64: set(column.values(as: UInt64.self), column)
        case .bool, .int128, .float32, .float64, .utf8: preconditionFailure("\(column.type) has no bounds")
        }
    }

    @inline(__always)
    private func set<Value: FixedWidthInteger>(_ values: UnsafePointer<Value>, _ column: Column) {
        let words = words.bound(to: UInt64.self)
        func set(_ row: Int) {
            let bit = UInt64(bitPattern: Int64(truncatingIfNeeded: values[row]) &- least)
            words[Int(truncatingIfNeeded: bit &>> 6)] |= 1 &<< (bit & 63)
        }
        withExtendedLifetime((column, self.words)) {
            guard column.nullCount > 0 else {
                for row in 0..<column.count { set(row) }
                return
            }
            ValidityBits.forEach(column, count: column.count) { set($0) }
        }
    }
}
