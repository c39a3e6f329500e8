import StoaColumns

/// Sum of floats in Float64 (N11), and how many there were. An empty sum is +0.0, so a sum is never -0.0.
struct FloatSumState: ReductionState {
    var sum = 0.0
    var count: Int64 = 0

    @inline(__always)
    mutating func merge(_ other: FloatSumState) {
        sum += other.sum
        count &+= other.count
    }

    private enum AddDouble: GroupedStep {
        @inline(__always)
        static func add(_ value: Double, to state: inout FloatSumState) {
            state.sum += value
            state.count &+= 1
        }
    }

    private enum AddFloat: GroupedStep {
        @inline(__always)
        static func add(_ value: Float, to state: inout FloatSumState) {
            state.sum += Double(value)
            state.count &+= 1
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<FloatSumState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        if column.type == .float32 {
            GroupedRows.apply(
                AddFloat.self, column.values(), validOf: column, to: states, ids: ids, count: count)
        } else {
            GroupedRows.apply(
                AddDouble.self, column.values(), validOf: column, to: states, ids: ids, count: count)
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<FloatSumState>,
        _ description: ReductionDescription
    ) {
        let sums = columns[0].values(as: Double.self)
        let counts = columns[1].values(as: Int64.self)
        for row in 0..<count { states[row] = FloatSumState(sum: sums[row], count: counts[row]) }
    }

    static func write(
        _ states: UnsafePointer<FloatSumState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(.float64, states, count: count) { $0.sum },
            StateColumns.make(.int64, states, count: count) { $0.count },
        ]
    }

    static func finish(
        _ states: UnsafePointer<FloatSumState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        let isMean = description.function == .mean
        let ofNothing: Double? = description.function == .sumOrZero ? 0 : nil
        return try StateColumns.makeOptional(description.result, states, count: count, zero: 0.0) { state in
            state.count == 0 ? ofNothing : isMean ? state.sum / Double(state.count) : state.sum
        }
    }
}
