import StoaColumns

/// Number, means, and centred sums of squares and products of pairs of floats, in Float64.
struct FloatPairState: ReductionState {
    var count: Int64 = 0
    var meanX = 0.0
    var meanY = 0.0
    /// Sums of (x - mean x)^2, (y - mean y)^2 and (x - mean x)(y - mean y).
    var xx = 0.0
    var yy = 0.0
    var xy = 0.0

    /// Chan, Golub and LeVeque's update for two sets (1983), for products as well (Pebay 2008).
    @inline(__always)
    mutating func merge(_ other: FloatPairState) {
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        let left = Double(count)
        let right = Double(other.count)
        let total = left + right
        let differenceX = other.meanX - meanX
        let differenceY = other.meanY - meanY
        let weight = left * right / total
        meanX += differenceX * (right / total)
        meanY += differenceY * (right / total)
        xx += other.xx + differenceX * differenceX * weight
        yy += other.yy + differenceY * differenceY * weight
        xy += other.xy + differenceX * differenceY * weight
        count &+= other.count
    }

    /// Welford's update: one pair at a time, as rows of one group come scattered.
    enum Add: PairStep {
        @inline(__always)
        static func add(_ x: Double, _ y: Double, to state: inout FloatPairState) {
            state.count &+= 1
            let share = 1 / Double(state.count)
            let beforeX = x - state.meanX
            let beforeY = y - state.meanY
            state.meanX += beforeX * share
            state.meanY += beforeY * share
            let afterY = y - state.meanY
            state.xx += beforeX * (x - state.meanX)
            state.yy += beforeY * afterY
            state.xy += beforeX * afterY
        }
    }

    static func update(
        _ states: UnsafeMutablePointer<FloatPairState>, _ argument: Column?, ids: UnsafePointer<Int32>, count: Int,
        _ description: ReductionDescription
    ) {
        preconditionFailure("\(description.text) takes two arguments")
    }

    static func update(
        _ states: UnsafeMutablePointer<FloatPairState>, _ first: Column, _ second: Column,
        ids: UnsafePointer<Int32>, count: Int
    ) {
        PairRows.apply(
            Add.self, first.values(as: Double.self), second.values(as: Double.self), validOf: first, second,
            to: states, ids: ids, count: count)
    }

    static func read(
        _ columns: [Column], count: Int, into states: UnsafeMutablePointer<FloatPairState>,
        _ description: ReductionDescription
    ) {
        let counts = columns[0].values(as: Int64.self)
        let (meanX, meanY) = (columns[1].values(as: Double.self), columns[2].values(as: Double.self))
        let (xx, yy) = (columns[3].values(as: Double.self), columns[4].values(as: Double.self))
        let xy = columns[5].values(as: Double.self)
        for row in 0..<count {
            states[row] = FloatPairState(
                count: counts[row], meanX: meanX[row], meanY: meanY[row], xx: xx[row], yy: yy[row], xy: xy[row])
        }
    }

    static func write(
        _ states: UnsafePointer<FloatPairState>, count: Int, _ description: ReductionDescription
    ) -> [Column] {
        [
            StateColumns.make(.int64, states, count: count) { $0.count },
            StateColumns.make(.float64, states, count: count) { $0.meanX },
            StateColumns.make(.float64, states, count: count) { $0.meanY },
            StateColumns.make(.float64, states, count: count) { $0.xx },
            StateColumns.make(.float64, states, count: count) { $0.yy },
            StateColumns.make(.float64, states, count: count) { $0.xy },
        ]
    }

    static func finish(
        _ states: UnsafePointer<FloatPairState>, count: Int, _ description: ReductionDescription
    ) throws(StoaError) -> Column {
        let relation = Relation(description)
        return try StateColumns.makeOptional(description.result, states, count: count, zero: 0.0) { state in
            relation.value(count: state.count, scale: 1, xx: state.xx, yy: state.yy, xy: state.xy)
        }
    }
}

/// States of pairs of floats, by group.
final class GroupedFloatPairs: GroupedReduction {
    private let description: ReductionDescription
    private var groups = GrowingBuffer<FloatPairState>()

    init(_ description: ReductionDescription) { self.description = description }

    func grow(to count: Int) { FloatPairState.grow(&groups, to: count) }

    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int) {
        FloatPairState.update(groups.pointer, argument, ids: ids, count: count, description)
    }

    func update(_ first: Column, _ second: Column, ids: UnsafePointer<Int32>, count: Int) {
        FloatPairState.update(
            groups.pointer, description.checked(first, count: count), description.checked(second, count: count),
            ids: ids, count: count)
    }

    func merge(_ columns: [Column], ids: UnsafePointer<Int32>, count: Int) {
        FloatPairState.merge(groups.pointer, columns, ids: ids, count: count, description)
    }

    func states(_ range: Range<Int>) -> [Column] {
        FloatPairState.write(groups.pointer + range.lowerBound, count: range.count, description)
    }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column {
        try FloatPairState.finish(groups.pointer + range.lowerBound, count: range.count, description)
    }
}
