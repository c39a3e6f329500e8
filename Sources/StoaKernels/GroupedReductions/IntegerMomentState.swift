import StoaColumns

/// Number, sum and sum of squares of integers and booleans, all exact, so that variance is free of cancellation (N14).
struct IntegerMomentState: ReductionState {
    var count: Int64 = 0
    var sum: Int128 = 0
    var squares = Int192()

    @inline(__always)
    mutating func merge(_ other: IntegerMomentState) {
        count &+= other.count
        sum &+= other.sum
        squares += other.squares
    }

    /// Values of up to 32 bits, whose squares fit 64.
    private enum AddNarrow<Value: FixedWidthInteger & BitwiseCopyable>: GroupedStep {
        @inline(__always)
        static func add(_ value: Value, to state: inout IntegerMomentState) {
            let wide = Int64(truncatingIfNeeded: value)
            state.count &+= 1
            state.sum &+= Int128(wide)
            state.squares += UInt128(wide.magnitude &* wide.magnitude)
        }
    }

    private enum AddWide<Value: FixedWidthInteger & BitwiseCopyable>: GroupedStep
    where Value.Magnitude == UInt64 {
        @inline(__always)
        static func add(_ value: Value, to state: inout IntegerMomentState) {
            state.count &+= 1
            state.sum &+= Int128(truncatingIfNeeded: value)
            state.squares += square(value.magnitude)
        }
    }

    /// The square of a 64-bit value.
    @inline(__always)
    static func square(_ magnitude: UInt64) -> UInt128 {
        let (high, low) = magnitude.multipliedFullWidth(by: magnitude)
        return UInt128(high) << 64 | UInt128(low)
    }

    static func update(
        _ states: UnsafeMutablePointer<IntegerMomentState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        let column = description.checked(argument, count: count)
        @inline(__always)
        func narrow<Value: FixedWidthInteger & BitwiseCopyable>(_ values: UnsafePointer<Value>) {
            GroupedRows.apply(AddNarrow<Value>.self, values, validOf: column, to: states, ids: ids, count: count)
        }
        @inline(__always)
        func wide<Value: FixedWidthInteger & BitwiseCopyable>(_ values: UnsafePointer<Value>)
        where Value.Magnitude == UInt64 {
            GroupedRows.apply(AddWide<Value>.self, values, validOf: column, to: states, ids: ids, count: count)
        }
        switch column.type.storageType {
        case .bool: ReductionValues(booleans: column).use { narrow($0) }
        case .int8: narrow(column.values(as: Int8.self))
        case .int16: narrow(column.values(as: Int16.self))
        case .int32: narrow(column.values(as: Int32.self))
        case .int64: wide(column.values(as: Int64.self))
        case .uint8: narrow(column.values(as: UInt8.self))
        case .uint16: narrow(column.values(as: UInt16.self))
        case .uint32: narrow(column.values(as: UInt32.self))
        case .uint64: wide(column.values(as: UInt64.self))
        case .int128, .float32, .float64, .utf8: preconditionFailure("no integer moments of \(column.type)")
        }
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<IntegerMomentState>,
        _ description: ReductionDescription
    ) {
        let counts = columns[0].values(as: Int64.self)
        let sums = columns[1].values(as: Int128.self)
        let quotients = columns[2].values(as: Int128.self)
        let remainders = columns[3].values(as: UInt64.self)
        for row in 0..<count {
            states[row] = IntegerMomentState(
                count: counts[row], sum: sums[row],
                squares: Int192(quotient: quotients[row], remainder: remainders[row]))
        }
    }

    static func write(
        _ states: UnsafePointer<IntegerMomentState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(.int64, states, count: count) { $0.count },
            StateColumns.make(description.states[1], states, count: count) { $0.sum },
            StateColumns.make(description.states[2], states, count: count) { $0.squares.quotient },
            StateColumns.make(.uint64, states, count: count) { $0.squares.remainder },
        ]
    }

    static func finish(
        _ states: UnsafePointer<IntegerMomentState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        let spread = Spread(description)
        return try StateColumns.makeOptional(description.result, states, count: count, zero: 0.0) { state in
            spread.value(count: state.count) { divisor in
                // n * sum of squares - sum^2, exact and never negative; rounded once before the division.
                let count = UInt64(bitPattern: state.count)
                let total = state.sum.magnitude
                let deviations = state.squares.magnitude.times(count).minus(UInt256(total, times: total))
                return deviations.rounded / Double(UInt128(count) * UInt128(divisor))
            }
        }
    }
}

/// How variance and deviation end: the divisor, and the root.
struct Spread {
    private let deltaDegrees: Int64
    private let takesRoot: Bool

    init(_ description: ReductionDescription) {
        switch description.function {
        case .variance(let deltaDegrees): (self.deltaDegrees, takesRoot) = (Int64(deltaDegrees), false)
        case .standardDeviation(let deltaDegrees): (self.deltaDegrees, takesRoot) = (Int64(deltaDegrees), true)
        default: preconditionFailure("\(description.text) is no measure of spread")
        }
    }

    /// The value for `count` values given the variance for a divisor; nil when n <= `deltaDegrees` (N6).
    @inline(__always)
    func value(count: Int64, variance: (Int64) -> Double) -> Double? {
        if count <= max(deltaDegrees, 0) { return nil }
        let variance = variance(count - deltaDegrees)
        return takesRoot ? variance.squareRoot() : variance
    }
}
