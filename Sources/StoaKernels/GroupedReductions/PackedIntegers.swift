import StoaColumns

/// How the integer words of a record share one word of 64 bits while a limited number of rows is added: the number of rows in
/// the lowest bits, above it one field for each sum, wide enough for as many values of its range. One addition a row then
/// updates them all.
///
/// - Nulls: a null value is 0, which every range holds.
/// - Overflow: fields are added as values less the least of their range, so none is negative, and `capacity` rows of the
///   greatest value fit; the caller unpacks before more come.
struct PackedIntegers {
    /// What the values of one field lie within; 0 is always inside.
    struct Range {
        var least: Int64 = 0
        var greatest: Int64 = 0

        /// Bits that hold any value less the least.
        var bits: Int { 64 - UInt64(bitPattern: greatest &- least).leadingZeroBitCount }

        func contains(_ other: Range) -> Bool { least <= other.least && greatest >= other.greatest }

        mutating func formUnion(_ other: Range) {
            least = min(least, other.least)
            greatest = max(greatest, other.greatest)
        }
    }

    /// Values of a field that are further from 0 leave no room for the other fields.
    private static let limit: Int64 = 1 << 40

    /// The ranges, the first of which is that of the number of rows and empty.
    let ranges: [Range]
    /// Where each field starts.
    let shifts: [UInt64]
    private let rowBits: Int

    /// Rows that may be added before the word is unpacked.
    var capacity: Int { 1 << rowBits - 1 }

    /// The layout of fields of these ranges that leaves most room; nil when they do not fit for `rows` rows.
    init?(_ ranges: [Range], rows: Int) {
        let bits = ranges.reduce(0) { $0 + $1.bits }
        if bits >= 64 { return nil }
        rowBits = min(32, (64 - bits) / ranges.count)
        self.ranges = ranges
        var shifts: [UInt64] = []
        var next = 0
        for range in ranges {
            shifts.append(UInt64(next))
            next += rowBits + range.bits
        }
        self.shifts = shifts
        if capacity < rows { return nil }
    }

    /// What the values of a field lie within, from what is known of its column or a look at these rows; nil when that is too
    /// wide to be packed with others.
    static func range(of field: RecordField, _ column: Column, start: Int, rows: Int) -> Range? {
        var range = Range()
        if let known = column.bounds {
            range = Range(least: min(0, known.lowerBound), greatest: max(0, known.upperBound))
        } else {
            let bits = RecordValues.magnitudeBits(column, start: start, rows: rows)
            if bits > 40 { return nil }
            range = Range(least: column.type.isUnsignedInteger ? 0 : -1 << Int64(bits), greatest: 1 << Int64(bits))
        }
        if range.least < -limit || range.greatest > limit { return nil }
        guard field.content == .squares else { return range }
        let magnitude = max(-range.least, range.greatest)
        return magnitude > 1 << 20 ? nil : Range(least: 0, greatest: magnitude * magnitude)
    }

    /// How and why, for people.
    var text: String {
        "the number of rows and \(ranges.count == 2 ? "a sum" : "\(ranges.count - 1) sums") packed into one word: "
            + "values need \(ranges.dropFirst().map { "\($0.bits)" }.joined(separator: ", ")) bits"
    }

    /// What a row adds whose values are all 0.
    var base: Int64 {
        var base: UInt64 = 1
        for (range, shift) in zip(ranges, shifts).dropFirst() {
            base &+= UInt64(bitPattern: 0 &- range.least) &<< shift
        }
        return Int64(bitPattern: base)
    }

    /// Adds the sums that are packed in the first words of records to the first words of other records, and clears them.
    ///
    /// A block of groups at a time, so that the fields find them in the first cache level.
    func unpack(
        _ packed: UnsafeMutablePointer<Int64>, stride: Int, to target: UnsafeMutablePointer<Int64>,
        stride targetStride: Int,
        groups: Int
    ) {
        let rowMask = Int64(1) &<< Int64(rowBits) &- 1
        var start = 0
        while start < groups {
            let count = min(256, groups - start)
            let source = packed + start &* stride
            let records = target + start &* targetStride
            for group in 0..<count { records[group &* targetStride] &+= source[group &* stride] & rowMask }
            for field in 1..<ranges.count {
                let shift = shifts[field]
                let mask = UInt64(1) &<< UInt64(rowBits + ranges[field].bits) &- 1
                let least = ranges[field].least
                let words = records + field
                for group in 0..<count {
                    let word = source[group &* stride]
                    let sum = (UInt64(bitPattern: word) &>> shift) & mask
                    words[group &* targetStride] &+=
                        Int64(truncatingIfNeeded: sum) &+ (word & rowMask) &* least
                }
            }
            for group in 0..<count { source[group &* stride] = 0 }
            start += count
        }
    }

    /// Adds the values of a field to packed rows.
    @inline(__always)
    static func pack<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ rows: Int, shift: UInt64, into packed: UnsafeMutablePointer<Int64>
    ) {
        for row in 0..<rows { packed[row] &+= Int64(truncatingIfNeeded: values[row]) &<< Int64(shift) }
    }
}
