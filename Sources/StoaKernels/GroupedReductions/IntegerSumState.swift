import StoaColumns

/// Exact sum of integers, booleans and decimals of at most 18 digits in 128 bits (N7), and how many there were.
struct IntegerSumState: ReductionState {
    var sum: Int128 = 0
    var count: Int64 = 0

    @inline(__always)
    mutating func merge(_ other: IntegerSumState) {
        sum &+= other.sum
        count &+= other.count
    }

    private enum Add<Value: FixedWidthInteger & BitwiseCopyable>: GroupedStep {
        @inline(__always)
        static func add(_ value: Value, to state: inout IntegerSumState) {
            state.sum &+= Int128(truncatingIfNeeded: value)
            state.count &+= 1
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<IntegerSumState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        @inline(__always)
        func add<Value: FixedWidthInteger & BitwiseCopyable>(_ values: UnsafePointer<Value>) {
            GroupedRows.apply(Add<Value>.self, values, validOf: column, to: states, ids: ids, count: count)
        }
        switch column.type.storageType {
        case .bool: ReductionValues(booleans: column).use { add($0) }
        case .int8: add(column.values(as: Int8.self))
        case .int16: add(column.values(as: Int16.self))
        case .int32: add(column.values(as: Int32.self))
        case .int64: add(column.values(as: Int64.self))
        case .uint8: add(column.values(as: UInt8.self))
        case .uint16: add(column.values(as: UInt16.self))
        case .uint32: add(column.values(as: UInt32.self))
        case .uint64: add(column.values(as: UInt64.self))
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer sum of \(column.type)")
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<IntegerSumState>,
        _ description: ReductionDescription
    ) {
        let sums = columns[0].values(as: Int128.self)
        let counts = columns[1].values(as: Int64.self)
        for row in 0..<count { states[row] = IntegerSumState(sum: sums[row], count: counts[row]) }
    }

    static func write(
        _ states: UnsafePointer<IntegerSumState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(description.states[0], states, count: count) { $0.sum },
            StateColumns.make(.int64, states, count: count) { $0.count },
        ]
    }

    static func finish(
        _ states: UnsafePointer<IntegerSumState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        try ExactSums.finish(states, count: count, description) { ExactSums.Sum(Int192($0.sum), $0.count) }
    }
}
