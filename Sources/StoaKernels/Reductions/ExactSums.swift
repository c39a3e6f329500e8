import StoaColumns

/// Finishes exact sums: sum and mean of integers, booleans and decimals.
enum ExactSums {
    /// A sum and the number of its terms.
    struct Sum {
        let value: Int192
        let count: Int64

        init(_ value: Int192, _ count: Int64) {
            self.value = value
            self.count = count
        }
    }

    /// The values: int64, uint64, float64 or decimals, as the description says.
    ///
    /// Means of integers are the sum, rounded to Float64, divided by the count; means of decimals are exact and rounded half
    /// away from zero. Throws `overflow` for what the result type cannot hold.
    static func finish<State>(
        _ states: UnsafePointer<State>, count: Int, _ description: ReductionDescription, _ sum: (State) -> Sum
    ) throws(StoaError) -> Column {
        let isMean = description.function == .mean
        let ofNothing: Int128? = description.function == .sumOrZero ? 0 : nil
        switch description.result {
        case .float64:
            return try StateColumns.makeOptional(.float64, states, count: count, zero: 0.0) { state in
                let sum = sum(state)
                if sum.count == 0 { return ofNothing.map(Double.init) }
                return isMean ? sum.value.rounded / Double(sum.count) : sum.value.rounded
            }
        case .uint64:
            return try StateColumns.makeOptional(.uint64, states, count: count, zero: 0 as UInt64) {
                state throws(StoaError) in
                let sum = sum(state)
                if sum.count == 0 { return ofNothing.map(UInt64.init) }
                guard let value = sum.value.narrowed.flatMap({ UInt64(exactly: $0) }) else {
                    throw overflow(sum, description)
                }
                return value
            }
        case .decimal(let precision, let scale):
            var argumentScale = scale
            if case .decimal(_, let found) = description.argument { argumentScale = found }
            let shift = scale - argumentScale
            precondition(shift >= 0, "\(description.text) cannot have fewer digits after the point than its argument")
            let isWide = description.result.storageType == .int128
            let values = try StateColumns.makeOptional(
                isWide ? description.result : .decimal(precision: 38, scale: scale), states, count: count,
                zero: 0 as Int128
            ) { state throws(StoaError) in
                let sum = sum(state)
                if sum.count == 0 { return ofNothing }
                guard
                    let value = DecimalScale.quotient(
                        sum.value, shift: shift, divisor: isMean ? sum.count : 1, precision: precision)
                else { throw overflow(sum, description) }
                return value
            }
            return isWide ? values : narrowed(values, to: description.result)
        default:
            return try StateColumns.makeOptional(description.result, states, count: count, zero: 0 as Int64) {
                state throws(StoaError) in
                let sum = sum(state)
                if sum.count == 0 { return ofNothing.map { Int64($0) } }
                guard let value = sum.value.narrowed.flatMap({ Int64(exactly: $0) }) else {
                    throw overflow(sum, description)
                }
                return value
            }
        }
    }

    /// The same decimals, which are known to have at most 18 digits, in 64 bits.
    private static func narrowed(_ column: Column, to type: DataType) -> Column {
        let region = MemoryRegion(of: Int64.self, count: column.count)
        let target = region.bound(to: Int64.self)
        let source = column.values(as: Int128.self)
        for row in 0..<column.count { target[row] = Int64(truncatingIfNeeded: source[row]) }
        return Column(
            type: type, count: column.count, validity: column.validity, nullCount: column.nullCount,
            storage: .fixed(region.buffer))
    }

    private static func overflow(_ sum: Sum, _ description: ReductionDescription) -> StoaError {
        let value = sum.value.narrowed.map(String.init) ?? "a number beyond 128 bits"
        return StoaError(
            .overflow, "the sum over \(sum.count) rows is \(value), which is out of range for \(description.result)",
            advice: "cast the argument to float64 before it is aggregated", at: .init(column: description.text))
    }
}
