internal import CStoaVector
import StoaColumns

/// Exact sums and sums of squares of 64-bit integers, in one pass while the values are of moderate size.
enum ExactMoments {
    /// The sum of a column's values and of their squares.
    struct Sums {
        let sum: Int128
        let squares: Int192
    }

    /// Most rows of a block: as many values of 52 bits have a sum of 63.
    static let blockRows = 2048
    /// A value is upper * 2^26 + lower; three products of 26 bits then make its square, and 2^11 of any of them fit 64 bits.
    private static let lowerBits: Int64 = 26

    /// The sums of up to `blockRows` values of 64 bits, nil when one of them lies outside -2^52 ..< 2^52.
    ///
    /// Nulls: skipped. Overflow: none. Empty: zero. Cost: three multiplications, a few additions and shifts per vector.
    static func sums(of rows: ReductionRows) -> Sums? {
        switch rows.storage {
        case .int64: sums(rows.values(as: Int64.self), rows)
        case .uint64: sums(rows.values(as: UInt64.self), rows)
        default: nil
        }
    }

    /// Sums by lane.
    private struct Lanes {
        var sum = SIMD16<Int64>()
        var uppers = SIMD16<Int64>()
        var crosses = SIMD16<Int64>()
        var lowers = SIMD16<Int64>()
        /// Every bit that some magnitude takes.
        var bits = SIMD16<Int64>()

        @inline(__always)
        mutating func add<Value: IntegerLanes>(_ values: SIMD16<Int64>, of: Value.Type) {
            let upper = values &>> SIMD16(repeating: lowerBits)
            let lower = values & SIMD16(repeating: (1 << lowerBits) - 1)
            sum &+= values
            uppers &+= stoa_multiply_low_i64x16(upper, upper)
            crosses &+= stoa_multiply_low_i64x16(upper, lower)
            lowers &+= stoa_multiply_low_i64x16(lower, lower)
            bits |= Value.magnitudeBits(values)
        }
    }

    @inline(__always)
    private static func sums<Value: IntegerLanes>(_ values: UnsafePointer<Value>, _ rows: ReductionRows) -> Sums?
    where Value.Magnitude == UInt64 {
        precondition(rows.count <= blockRows, "a block of \(rows.count) rows")
        var lanes = Lanes()
        var row = 0
        if rows.validity == nil {
            while row &+ 64 <= rows.count {
                stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                for step in 0..<4 { lanes.add(Value.load(values + row + step &* 16), of: Value.self) }
                row &+= 64
            }
        } else {
            while row &+ 64 <= rows.count {
                let word = rows.validityWord(at: row, rows: 64)
                stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                for step in 0..<4 {
                    let mask = word &>> UInt64(truncatingIfNeeded: step &* 16)
                    lanes.add(stoa_keep_i64x16(Value.load(values + row + step &* 16), mask), of: Value.self)
                }
                row &+= 64
            }
        }
        if (lanes.bits &>> SIMD16(repeating: 2 * lowerBits)) != SIMD16() { return nil }
        // Sums of squares are positive, up to 2^63.
        let uppers = Int192(Int128(UInt64(bitPattern: lanes.uppers.wrappedSum())) << Int128(2 * lowerBits))
        let crosses = Int192(Int128(lanes.crosses.wrappedSum()) << Int128(lowerBits + 1))
        var sum = Int128(lanes.sum.wrappedSum())
        var squares = Int192(Int128(UInt64(bitPattern: lanes.lowers.wrappedSum())))
        squares += uppers
        squares += crosses
        while row < rows.count {
            if rows.validityWord(at: row, rows: 1) != 0 {
                sum += Int128(truncatingIfNeeded: values[row])
                squares += IntegerMomentState.square(values[row].magnitude)
            }
            row &+= 1
        }
        return Sums(sum: sum, squares: squares)
    }
}
