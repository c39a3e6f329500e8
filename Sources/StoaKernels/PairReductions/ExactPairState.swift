import StoaColumns

/// Number, sums, and sums of squares and products of pairs of integers, all exact: products of up to 66 bits, summed over
/// any number of rows.
struct ExactPairState: ReductionState {
    var count: Int64 = 0
    var x: Int128 = 0
    var y: Int128 = 0
    var xx: Int128 = 0
    var yy: Int128 = 0
    var xy: Int128 = 0

    @inline(__always)
    mutating func merge(_ other: ExactPairState) {
        count &+= other.count
        x &+= other.x
        y &+= other.y
        xx &+= other.xx
        yy &+= other.yy
        xy &+= other.xy
    }

    /// Any pair; the products are made in 128 bits.
    enum Add<Value: FixedWidthInteger & BitwiseCopyable>: PairStep {
        @inline(__always)
        static func add(_ x: Value, _ y: Value, to state: inout ExactPairState) {
            let (x, y) = (Int64(truncatingIfNeeded: x), Int64(truncatingIfNeeded: y))
            state.count &+= 1
            state.x &+= Int128(x)
            state.y &+= Int128(y)
            state.xx &+= product(x, x)
            state.yy &+= product(y, y)
            state.xy &+= product(x, y)
        }

        @inline(__always)
        private static func product(_ x: Int64, _ y: Int64) -> Int128 {
            let (high, low) = x.multipliedFullWidth(by: y)
            return Int128(high) << 64 | Int128(low)
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<ExactPairState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        preconditionFailure("\(description.text) takes two arguments")
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<ExactPairState>,
        _ description: ReductionDescription
    ) {
        let counts = columns[0].values(as: Int64.self)
        let (x, y) = (columns[1].values(as: Int128.self), columns[2].values(as: Int128.self))
        let (xx, yy) = (columns[3].values(as: Int128.self), columns[4].values(as: Int128.self))
        let xy = columns[5].values(as: Int128.self)
        for row in 0..<count {
            states[row] = ExactPairState(
                count: counts[row], x: x[row], y: y[row], xx: xx[row], yy: yy[row], xy: xy[row])
        }
    }

    static func write(
        _ states: UnsafePointer<ExactPairState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(.int64, states, count: count) { $0.count },
            StateColumns.make(description.states[1], states, count: count) { $0.x },
            StateColumns.make(description.states[2], states, count: count) { $0.y },
            StateColumns.make(description.states[3], states, count: count) { $0.xx },
            StateColumns.make(description.states[4], states, count: count) { $0.yy },
            StateColumns.make(description.states[5], states, count: count) { $0.xy },
        ]
    }

    static func finish(
        _ states: UnsafePointer<ExactPairState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        let relation = Relation(description)
        return try StateColumns.makeOptional(description.result, states, count: count, zero: 0.0) { state in
            relation.value(
                count: state.count, scale: Double(state.count),
                xx: state.centred(state.xx, state.x, state.x), yy: state.centred(state.yy, state.y, state.y),
                xy: state.centred(state.xy, state.x, state.y))
        }
    }

    /// n * sum of products - product of sums: the centred sum of products times n, exact and rounded once.
    @inline(__always)
    private func centred(_ products: Int128, _ left: Int128, _ right: Int128) -> Double {
        let (all, overflow) = products.multipliedReportingOverflow(by: Int128(count))
        let (means, meansOverflow) = left.multipliedReportingOverflow(by: right)
        let (difference, differenceOverflow) = all.subtractingReportingOverflow(means)
        if !overflow, !meansOverflow, !differenceOverflow { return Double(difference) }
        return wideCentred(products, left, right)
    }

    /// The same beyond 128 bits: both terms stay below 2^191.
    private func wideCentred(_ products: Int128, _ left: Int128, _ right: Int128) -> Double {
        let all = UInt256(products.magnitude, times: UInt128(UInt64(bitPattern: count)))
        let means = UInt256(left.magnitude, times: right.magnitude)
        let isNegative = products < 0
        if isNegative != ((left < 0) != (right < 0)) {
            let sum = all.plus(means).rounded
            return isNegative ? -sum : sum
        }
        let isLess = (all.high, all.low) < (means.high, means.low)
        let difference = (isLess ? means.minus(all) : all.minus(means)).rounded
        return isLess != isNegative ? -difference : difference
    }
}
