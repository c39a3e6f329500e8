import StoaColumns

/// Sum and mean of integers, booleans and decimals of at most 18 digits over all rows, exact in 128 bits (N7).
///
/// - Nulls: skipped. Overflow: none here, the finished value is checked. Empty: null.
/// - Cost: two vector additions per vector of 64-bit values, one for narrower ones; booleans are counted 64 at a time.
final class IntegerSumReduction: BlockReduction {
    let description: ReductionDescription
    private var state = IntegerSumState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        state.count &+= Int64(rows.count - rows.nullCount)
        state.sum &+= ExactBlocks.sum(of: rows)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { IntegerSumState.write($0, count: 1, description) }
    }
}

/// Sum and mean of decimals of more than 18 digits over all rows, exact in 192 bits.
///
/// - Nulls: skipped. Overflow: none here, the finished value is checked. Empty: null. Cost: an addition with carry a row;
///   two vector additions per vector of values that are held in 64 bits.
final class WideSumReduction: BlockReduction {
    let description: ReductionDescription
    private var state = WideSumState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        state.count &+= Int64(rows.count - rows.nullCount)
        if rows.storage == .int64 {
            state.sum += Int192(ExactBlocks.sum(of: rows))
            return
        }
        let values = rows.values(as: Int128.self)
        var sum = state.sum
        rows.forEachValid { sum += Int192(values[$0]) }
        state.sum = sum
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { WideSumState.write($0, count: 1, description) }
    }
}

/// Number, sum and sum of squares of integers and booleans over all rows, all exact (N14).
///
/// - Nulls: skipped. Overflow: none, for any number of rows. Empty: null.
/// - Cost: vector additions and multiplications up to 32 bits and for values of 64 bits within -2^52 ..< 2^52; once there
///   was another one, a 128-bit product a row.
final class IntegerMomentReduction: BlockReduction {
    let description: ReductionDescription
    private var state = IntegerMomentState()
    /// Whether there was a value of more than 52 bits, among which there may well be others.
    private var hasWide = false

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        state.count &+= Int64(rows.count - rows.nullCount)
        // Rows of a block that are read twice are in the first cache level then.
        rows.inBlocks(of: ExactMoments.blockRows) { rows in
            if rows.storage == .int64 || rows.storage == .uint64, !hasWide {
                if let sums = ExactMoments.sums(of: rows) {
                    state.sum &+= sums.sum
                    state.squares += sums.squares
                    return
                }
                hasWide = true
            }
            state.sum &+= ExactBlocks.sum(of: rows)
            state.squares += ExactBlocks.squares(of: rows)
        }
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { IntegerMomentState.write($0, count: 1, description) }
    }
}
