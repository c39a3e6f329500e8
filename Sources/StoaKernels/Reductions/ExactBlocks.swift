internal import CStoaVector
import StoaColumns

/// Exact sums over a column in blocks that 64-bit accumulators hold without overflow.
enum ExactBlocks {
    /// Rows of a block: 2^16 values of 2^32 fit 64 bits with room to spare.
    private static let blockRows = 1 << 16

    /// The sum of a column's values; of booleans the number of true ones.
    static func sum(of rows: ReductionRows) -> Int128 {
        switch rows.storage {
        case .bool: Int128(countTrue(rows))
        case .int8: narrow(rows.values(as: Int8.self), rows)
        case .int16: narrow(rows.values(as: Int16.self), rows)
        case .int32: narrow(rows.values(as: Int32.self), rows)
        case .uint8: narrow(rows.values(as: UInt8.self), rows)
        case .uint16: narrow(rows.values(as: UInt16.self), rows)
        case .uint32: narrow(rows.values(as: UInt32.self), rows)
        case .int64: wide(rows.values(as: Int64.self), rows)
        case .uint64: wide(rows.values(as: UInt64.self), rows)
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer sum of \(rows.storage)")
        }
    }

    /// The sum of the squares of a column's values.
    static func squares(of rows: ReductionRows) -> Int192 {
        switch rows.storage {
        case .bool: Int192(Int128(countTrue(rows)))
        case .int8: narrowSquares(rows.values(as: Int8.self), rows)
        case .int16: narrowSquares(rows.values(as: Int16.self), rows)
        case .int32: narrowSquares(rows.values(as: Int32.self), rows)
        case .uint8: narrowSquares(rows.values(as: UInt8.self), rows)
        case .uint16: narrowSquares(rows.values(as: UInt16.self), rows)
        case .uint32: narrowSquares(rows.values(as: UInt32.self), rows)
        case .int64: wideSquares(rows.values(as: Int64.self), rows)
        case .uint64: wideSquares(rows.values(as: UInt64.self), rows)
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer squares of \(rows.storage)")
        }
    }

    private static func countTrue(_ rows: ReductionRows) -> Int {
        var ones = 0
        var row = 0
        while row < rows.count {
            let step = min(64, rows.count - row)
            ones &+= (rows.bits(at: row, rows: step) & rows.validityWord(at: row, rows: step)).nonzeroBitCount
            row += step
        }
        return ones
    }

    /// All ones for a value, zero for null.
    @inline(__always)
    private static func veil(_ word: UInt64, _ bit: Int) -> Int64 {
        0 &- Int64(bitPattern: (word &>> UInt64(truncatingIfNeeded: bit)) & 1)
    }

    @inline(__always)
    private static func narrow<Value: IntegerLanes>(_ values: UnsafePointer<Value>, _ rows: ReductionRows) -> Int128 {
        var total: Int128 = 0
        var start = 0
        while start < rows.count {
            let end = min(rows.count, start + blockRows)
            var lanes = SIMD16<Int64>()
            var row = start
            if rows.validity == nil {
                while row &+ 64 <= end {
                    stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                    for step in 0..<4 { lanes &+= Value.load(values + row + step &* 16) }
                    row &+= 64
                }
            } else {
                while row &+ 64 <= end {
                    let word = rows.validityWord(at: row, rows: 64)
                    stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                    for step in 0..<4 {
                        let mask = word &>> UInt64(truncatingIfNeeded: step &* 16)
                        lanes &+= stoa_keep_i64x16(Value.load(values + row + step &* 16), mask)
                    }
                    row &+= 64
                }
            }
            var sum = lanes.wrappedSum()
            while row < end {
                let word = rows.validityWord(at: row, rows: 1)
                sum &+= Int64(truncatingIfNeeded: values[row]) & veil(word, 0)
                row &+= 1
            }
            total += Int128(sum)
            start = end
        }
        return total
    }

    /// Lower halves as unsigned and upper halves as signed numbers are summed apart.
    @inline(__always)
    private static func wide<Value: IntegerLanes>(_ values: UnsafePointer<Value>, _ rows: ReductionRows) -> Int128 {
        let lowerHalf = SIMD16<Int64>(repeating: 0xffff_ffff)
        var total: Int128 = 0
        var start = 0
        while start < rows.count {
            let end = min(rows.count, start + blockRows)
            var low = SIMD16<Int64>()
            var high = SIMD16<Int64>()
            var row = start
            if rows.validity == nil {
                while row &+ 64 <= end {
                    stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                    for step in 0..<4 {
                        let lanes = Value.load(values + row + step &* 16)
                        low &+= lanes & lowerHalf
                        high &+= Value.upperHalves(lanes)
                    }
                    row &+= 64
                }
            } else {
                while row &+ 64 <= end {
                    let word = rows.validityWord(at: row, rows: 64)
                    stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                    for step in 0..<4 {
                        let mask = word &>> UInt64(truncatingIfNeeded: step &* 16)
                        let lanes = stoa_keep_i64x16(Value.load(values + row + step &* 16), mask)
                        low &+= lanes & lowerHalf
                        high &+= Value.upperHalves(lanes)
                    }
                    row &+= 64
                }
            }
            total += Int128(high.wrappedSum()) << 32 + Int128(low.wrappedSum())
            while row < end {
                if rows.validityWord(at: row, rows: 1) != 0 { total += Int128(truncatingIfNeeded: values[row]) }
                row &+= 1
            }
            start = end
        }
        return total
    }

    /// Squares of up to 64 bits, lower and upper halves summed apart.
    @inline(__always)
    private static func narrowSquares<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ source: ReductionRows
    ) -> Int192 {
        var total: Int128 = 0
        var start = 0
        while start < source.count {
            let end = min(source.count, start + blockRows)
            var low: UInt64 = 0
            var high: UInt64 = 0
            if source.validity != nil {
                var row = start
                while row < end {
                    let rows = min(64, end - row)
                    let word = source.validityWord(at: row, rows: rows)
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
        _ values: UnsafePointer<Value>, _ source: ReductionRows
    ) -> Int192 where Value.Magnitude == UInt64 {
        var total = Int192()
        guard source.validity != nil else {
            for row in 0..<source.count { total += IntegerMomentState.square(values[row].magnitude) }
            return total
        }
        var row = 0
        while row < source.count {
            let rows = min(64, source.count - row)
            let word = source.validityWord(at: row, rows: rows)
            let block = values + row
            for bit in 0..<rows {
                total += IntegerMomentState.square(block[bit].magnitude & UInt64(bitPattern: veil(word, bit)))
            }
            row += rows
        }
        return total
    }
}
