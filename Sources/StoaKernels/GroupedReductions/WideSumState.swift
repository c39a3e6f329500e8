import StoaColumns

/// Exact sum of decimals of more than 18 digits in 192 bits, and how many there were.
struct WideSumState: ReductionState {
    var sum = Int192()
    var count: Int64 = 0

    @inline(__always)
    mutating func merge(_ other: WideSumState) {
        sum += other.sum
        count &+= other.count
    }

    private enum Add<Value: FixedWidthInteger & BitwiseCopyable>: GroupedStep {
        @inline(__always)
        static func add(_ value: Value, to state: inout WideSumState) {
            state.sum += Int192(Int128(truncatingIfNeeded: value))
            state.count &+= 1
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<WideSumState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        if column.type.storageType == .int64 {
            GroupedRows.apply(
                Add<Int64>.self, column.values(), validOf: column, to: states, ids: ids, count: count)
        } else {
            GroupedRows.apply(
                Add<Int128>.self, column.values(), validOf: column, to: states, ids: ids, count: count)
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<WideSumState>,
        _ description: ReductionDescription
    ) {
        let quotients = columns[0].values(as: Int128.self)
        let remainders = columns[1].values(as: UInt64.self)
        let counts = columns[2].values(as: Int64.self)
        for row in 0..<count {
            let sum = Int192(quotient: quotients[row], remainder: remainders[row])
            states[row] = WideSumState(sum: sum, count: counts[row])
        }
    }

    static func write(
        _ states: UnsafePointer<WideSumState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(description.states[0], states, count: count) { $0.sum.quotient },
            StateColumns.make(.uint64, states, count: count) { $0.sum.remainder },
            StateColumns.make(.int64, states, count: count) { $0.count },
        ]
    }

    static func finish(
        _ states: UnsafePointer<WideSumState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        try ExactSums.finish(states, count: count, description) { ExactSums.Sum($0.sum, $0.count) }
    }
}
