import StoaColumns

/// Sum and mean of integers, booleans and decimals of at most 18 digits over all rows, exact in 128 bits (N7).
///
/// - Nulls: skipped. Overflow: none here, the finished value is checked. Empty: null.
/// - Cost: two vector additions per vector of 64-bit values, one for narrower ones; booleans are counted 64 at a time.
final class IntegerSumReduction: Reduction {
    private let description: ReductionDescription
    private var state = IntegerSumState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        state.count &+= Int64(count - column.nullCount)
        state.sum &+= ExactBlocks.sum(of: column)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { IntegerSumState.write($0, count: 1, description) }
    }
}

/// Sum and mean of decimals of more than 18 digits over all rows, exact in 192 bits.
///
/// - Nulls: skipped. Overflow: none here, the finished value is checked. Empty: null. Cost: an addition with carry a row.
final class WideSumReduction: Reduction {
    private let description: ReductionDescription
    private var state = WideSumState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        state.count &+= Int64(count - column.nullCount)
        let values = column.values(as: Int128.self)
        var sum = state.sum
        ValidityBits.forEach(column, count: count) { sum += Int192(values[$0]) }
        state.sum = sum
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { WideSumState.write($0, count: 1, description) }
    }
}

/// Number, sum and sum of squares of integers and booleans over all rows, all exact (N14).
///
/// - Nulls: skipped. Overflow: none, for any number of rows. Empty: null.
/// - Cost: vector additions and multiplications up to 32 bits, a 128-bit product a row for 64 bits.
final class IntegerMomentReduction: Reduction {
    private let description: ReductionDescription
    private var state = IntegerMomentState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        state.count &+= Int64(count - column.nullCount)
        state.sum &+= ExactBlocks.sum(of: column)
        state.squares += ExactBlocks.squares(of: column)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { IntegerMomentState.write($0, count: 1, description) }
    }
}

/// Exact sums over a column in blocks that 64-bit accumulators hold without overflow.
enum ExactBlocks {
    /// Rows of a block: 2^16 values of 2^32 fit 64 bits with room to spare.
    private static let blockRows = 1 << 16

    /// The sum of a column's values; of booleans the number of true ones.
    static func sum(of column: Column) -> Int128 {
        switch column.type.storageType {
        case .bool: Int128(countTrue(column))
        case .int8: narrow(column.values(as: Int8.self), column)
        case .int16: narrow(column.values(as: Int16.self), column)
        case .int32: narrow(column.values(as: Int32.self), column)
        case .uint8: narrow(column.values(as: UInt8.self), column)
        case .uint16: narrow(column.values(as: UInt16.self), column)
        case .uint32: narrow(column.values(as: UInt32.self), column)
        case .int64: wide(column.values(as: Int64.self), column)
        case .uint64: wide(column.values(as: UInt64.self), column)
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer sum of \(column.type)")
        }
    }

    /// The sum of the squares of a column's values.
    static func squares(of column: Column) -> Int192 {
        switch column.type.storageType {
        case .bool: Int192(Int128(countTrue(column)))
        case .int8: narrowSquares(column.values(as: Int8.self), column)
        case .int16: narrowSquares(column.values(as: Int16.self), column)
        case .int32: narrowSquares(column.values(as: Int32.self), column)
        case .uint8: narrowSquares(column.values(as: UInt8.self), column)
        case .uint16: narrowSquares(column.values(as: UInt16.self), column)
        case .uint32: narrowSquares(column.values(as: UInt32.self), column)
        case .int64: wideSquares(column.values(as: Int64.self), column)
        case .uint64: wideSquares(column.values(as: UInt64.self), column)
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer squares of \(column.type)")
        }
    }

    private static func countTrue(_ column: Column) -> Int {
        let (bits, offset) = column.bits
        var ones = 0
        var row = 0
        while row < column.count {
            let rows = min(64, column.count - row)
            ones &+=
                (ValidityBits.word(bits, at: offset + row, rows: rows) & column.validityWord(at: row)).nonzeroBitCount
            row += rows
        }
        return ones
    }

    /// All ones for a value, zero for null.
    @inline(__always)
    private static func veil(_ word: UInt64, _ bit: Int) -> Int64 {
        0 &- Int64(bitPattern: (word &>> UInt64(truncatingIfNeeded: bit)) & 1)
    }

    @inline(__always)
    private static func narrow<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ column: Column
    ) -> Int128 {
        var total: Int128 = 0
        var start = 0
        while start < column.count {
            let end = min(column.count, start + blockRows)
            var sum: Int64 = 0
            if let validity = column.validity {
                var row = start
                while row < end {
                    let rows = min(64, end - row)
                    let word = ValidityBits.word(validity.base, at: column.offset + row, rows: rows)
                    let block = values + row
                    for bit in 0..<rows { sum &+= Int64(truncatingIfNeeded: block[bit]) & veil(word, bit) }
                    row += rows
                }
            } else {
                for row in start..<end { sum &+= Int64(truncatingIfNeeded: values[row]) }
            }
            total += Int128(sum)
            start = end
        }
        return total
    }

    /// Lower halves as unsigned and upper halves as signed numbers are summed apart.
    @inline(__always)
    private static func wide<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ column: Column
    ) -> Int128 {
        var total: Int128 = 0
        var start = 0
        while start < column.count {
            let end = min(column.count, start + blockRows)
            var low: Int64 = 0
            var high: Int64 = 0
            if let validity = column.validity {
                var row = start
                while row < end {
                    let rows = min(64, end - row)
                    let word = ValidityBits.word(validity.base, at: column.offset + row, rows: rows)
                    let block = values + row
                    for bit in 0..<rows {
                        let keep = veil(word, bit)
                        low &+= Int64(truncatingIfNeeded: block[bit]) & (keep & 0xffff_ffff)
                        high &+= Int64(truncatingIfNeeded: block[bit] &>> 32) & keep
                    }
                    row += rows
                }
            } else {
                for row in start..<end {
                    low &+= Int64(truncatingIfNeeded: values[row]) & 0xffff_ffff
                    high &+= Int64(truncatingIfNeeded: values[row] &>> 32)
                }
            }
            total += Int128(high) << 32 + Int128(low)
            start = end
        }
        return total
    }

    /// Squares of up to 64 bits, lower and upper halves summed apart.
    @inline(__always)
    private static func narrowSquares<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ column: Column
    ) -> Int192 {
        var total: Int128 = 0
        var start = 0
        while start < column.count {
            let end = min(column.count, start + blockRows)
            var low: UInt64 = 0
            var high: UInt64 = 0
            if let validity = column.validity {
                var row = start
                while row < end {
                    let rows = min(64, end - row)
                    let word = ValidityBits.word(validity.base, at: column.offset + row, rows: rows)
                    let block = values + row
                    for bit in 0..<rows {
                        let value = Int64(truncatingIfNeeded: block[bit]) & veil(word, bit)
                        let square = UInt64(bitPattern: value &* value)
                        low &+= square & 0xffff_ffff
                        high &+= square &>> 32
                    }
                    row += rows
                }
            } else {
                for row in start..<end {
                    let value = Int64(truncatingIfNeeded: values[row])
                    let square = UInt64(bitPattern: value &* value)
                    low &+= square & 0xffff_ffff
                    high &+= square &>> 32
                }
            }
            total += Int128(high) << 32 + Int128(low)
            start = end
        }
        return Int192(total)
    }

    @inline(__always)
    private static func wideSquares<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ column: Column
    ) -> Int192 where Value.Magnitude == UInt64 {
        var total = Int192()
        guard let validity = column.validity else {
            for row in 0..<column.count { total += IntegerMomentState.square(values[row].magnitude) }
            return total
        }
        var row = 0
        while row < column.count {
            let rows = min(64, column.count - row)
            let word = ValidityBits.word(validity.base, at: column.offset + row, rows: rows)
            let block = values + row
            for bit in 0..<rows {
                total += IntegerMomentState.square(block[bit].magnitude & UInt64(bitPattern: veil(word, bit)))
            }
            row += rows
        }
        return total
    }
}
