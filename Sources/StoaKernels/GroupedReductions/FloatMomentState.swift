import StoaColumns

/// Number, mean and sum of squared deviations from the mean of floats and decimals, in Float64.
struct FloatMomentState: ReductionState {
    var count: Int64 = 0
    var mean = 0.0
    /// Sum of squared deviations from the mean.
    var deviations = 0.0

    /// Chan, Golub and LeVeque's update for two sets (1983).
    @inline(__always)
    mutating func merge(_ other: FloatMomentState) {
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        let left = Double(count)
        let right = Double(other.count)
        let total = left + right
        let difference = other.mean - mean
        mean += difference * (right / total)
        deviations += other.deviations + difference * difference * (left * right / total)
        count &+= other.count
    }

    /// Welford's update (1962): one value at a time, as rows of one group come scattered.
    private enum Add: GroupedStep {
        @inline(__always)
        static func add(_ value: Double, to state: inout FloatMomentState) {
            state.count &+= 1
            let difference = value - state.mean
            state.mean += difference / Double(state.count)
            state.deviations += difference * (value - state.mean)
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<FloatMomentState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        ReductionValues<Double>(widened: column).use {
            GroupedRows.apply(Add.self, $0, validOf: column, to: states, ids: ids, count: count)
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<FloatMomentState>,
        _ description: ReductionDescription
    ) {
        let counts = columns[0].values(as: Int64.self)
        let means = columns[1].values(as: Double.self)
        let deviations = columns[2].values(as: Double.self)
        for row in 0..<count {
            states[row] = FloatMomentState(count: counts[row], mean: means[row], deviations: deviations[row])
        }
    }

    static func write(
        _ states: UnsafePointer<FloatMomentState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(.int64, states, count: count) { $0.count },
            StateColumns.make(.float64, states, count: count) { $0.mean },
            StateColumns.make(.float64, states, count: count) { $0.deviations },
        ]
    }

    static func finish(
        _ states: UnsafePointer<FloatMomentState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        let spread = Spread(description)
        return try StateColumns.makeOptional(description.result, states, count: count, zero: 0.0) { state in
            spread.value(count: state.count) { state.deviations / Double($0) }
        }
    }
}
