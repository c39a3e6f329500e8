import StoaColumns
import StoaKernels

/// Reductions computed one value at a time from their definitions.
enum ReferenceReduction {
    /// The numbers of a column of integers, booleans or decimals (scaled).
    static func integers(_ column: Column) -> [Int128?] {
        KeyValue.rows(of: column).map { if case .integer(let value) = $0 { value } else { nil } }
    }

    /// The numbers of a column as Float64: floats widened, decimals rounded once and divided.
    static func floats(_ column: Column) -> [Double?] {
        (0..<column.count).map { row in
            if column.isNull(at: row) { return nil }
            switch column.type {
            case .float32: return Double(column.values(as: Float.self)[row])
            case .float64: return column.values(as: Double.self)[row]
            case .decimal(let precision, let scale):
                var divisor = 1.0
                for _ in 0..<scale { divisor *= 10 }
                return precision <= 18
                    ? Double(column.values(as: Int64.self)[row]) / divisor
                    : Double(column.values(as: Int128.self)[row]) / divisor
            default: return nil
            }
        }
    }

    // MARK: The ordered tier, as its definition reads

    /// Sixteen lanes by row mod 16, folded 16-8-4-2-1; nulls add +0.0.
    static func leafSum(_ values: ArraySlice<Double?>) -> Double {
        var lanes = [Double](repeating: 0, count: 16)
        for (row, value) in values.enumerated() { lanes[row % 16] += value ?? 0 }
        while lanes.count > 1 {
            let half = lanes.count / 2
            lanes = (0..<half).map { lanes[$0] + lanes[$0 + half] }
        }
        return lanes[0]
    }

    /// Leaves of 1,024 rows joined as a balanced tree over the largest power of two of whole leaves, then the rest.
    static func tree<State>(_ count: Int, leaf: (Range<Int>) -> State, join: (State, State) -> State) -> State {
        func perfect(_ first: Int, _ leaves: Int) -> State {
            if leaves == 1 { return leaf(first * 1024..<first * 1024 + 1024) }
            return join(perfect(first, leaves / 2), perfect(first + leaves / 2, leaves / 2))
        }
        func rest(_ first: Int) -> State {
            let whole = count / 1024 - first
            if whole == 0 { return leaf(first * 1024..<count) }
            var leaves = 1
            while leaves * 2 <= whole { leaves *= 2 }
            return join(perfect(first, leaves), rest(first + leaves))
        }
        return rest(0)
    }

    static func orderedSum(_ values: [Double?]) -> Double {
        tree(values.count, leaf: { leafSum(values[$0]) }, join: { $0 + $1 })
    }

    /// Number, mean and sum of squared deviations.
    struct Moments {
        var count = 0
        var mean = 0.0
        var deviations = 0.0

        static func join(_ left: Moments, _ right: Moments) -> Moments {
            if right.count == 0 { return left }
            if left.count == 0 { return right }
            let total = Double(left.count) + Double(right.count)
            let difference = right.mean - left.mean
            return Moments(
                count: left.count + right.count, mean: left.mean + difference * (Double(right.count) / total),
                deviations: left.deviations
                    + (right.deviations
                        + difference * difference * (Double(left.count) * Double(right.count) / total)))
        }
    }

    static func orderedMoments(_ values: [Double?]) -> Moments {
        tree(
            values.count,
            leaf: { range in
                let rows = values[range]
                let count = rows.count { $0 != nil }
                if count == 0 { return Moments() }
                let mean = leafSum(rows) / Double(count)
                let squares = rows.map { value in value.map { ($0 - mean) * ($0 - mean) } }
                return Moments(count: count, mean: mean, deviations: leafSum(squares[...]))
            }, join: Moments.join)
    }

    /// Welford's update, as grouped rows take it.
    static func sequentialMoments(_ values: [Double?]) -> Moments {
        var moments = Moments()
        for case let value? in values {
            moments.count += 1
            let difference = value - moments.mean
            moments.mean += difference / Double(moments.count)
            moments.deviations += difference * (value - moments.mean)
        }
        return moments
    }

    // MARK: Independent arithmetic

    /// Neumaier's compensated sum, whose error is about one rounding of the result.
    static func accurateSum(_ values: [Double]) -> Double {
        var sum = 0.0
        var lost = 0.0
        for value in values {
            let next = sum + value
            lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
            sum = next
        }
        return sum + lost
    }

    /// The order of N2 and N5, with -0.0 below +0.0.
    static func precedes(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN { return false }
        if right.isNaN { return true }
        if left == right { return left.sign == .minus && right.sign == .plus }
        return left < right
    }
}

extension ReductionDescription {
    /// A reduction over an argument type, with the result and state types that the planner gives it.
    init(_ function: ReductionFunction, of argument: DataType?) {
        let wide = DataType.decimal(precision: 38, scale: 0)
        var result = DataType.float64
        var states: [DataType] = []
        switch (function, argument) {
        case (.countRows, _), (.count, _): (result, states) = (.int64, [.int64])
        case (.min, let type?), (.max, let type?): (result, states) = (type, [type])
        case (.variance, let type?), (.standardDeviation, let type?):
            states = type.isFloat || type.isDecimal ? [.int64, .float64, .float64] : [.int64, wide, wide, .uint64]
        case (_, .decimal(let precision, let scale)?):
            result =
                function == .mean
                ? .decimal(precision: min(38, precision + 4), scale: min(38, scale + 4))
                : .decimal(precision: 38, scale: scale)
            let sum = DataType.decimal(precision: 38, scale: scale)
            states = precision > 18 ? [wide, .uint64, .int64] : [sum, .int64]
        case (_, let type?):
            states = type.isFloat ? [.float64, .int64] : [wide, .int64]
            if function != .mean, !type.isFloat { result = type.isUnsignedInteger ? .uint64 : .int64 }
        default: preconditionFailure("\(function) needs an argument")
        }
        self.init(function: function, argument: argument, result: result, text: "\(function)(x)", states: states)
    }

    /// The one value of a column.
    func value(of column: Column) throws -> Column {
        try finished([reduced([column])])
    }

    /// The state after these pieces.
    func reduced(_ pieces: [Column]) -> [Column] {
        let reduction = makeReduction()
        for piece in pieces { reduction.consume(argument == nil ? nil : piece, count: piece.count) }
        return reduction.states()
    }

    /// The value of states merged in order.
    func finished(_ states: [[Column]]) throws -> Column {
        let groups = makeGroupedReduction()
        groups.grow(to: 1)
        for state in states {
            for column in state { try column.checkInvariants() }
            groups.merge(state, ids: [0], count: 1)
        }
        let result = try groups.finish(0..<1)
        try result.checkInvariants()
        return result
    }
}

extension Column {
    /// The column in pieces at random places, some of them empty.
    func cut(_ maker: inout ColumnMaker) -> [Column] {
        var pieces: [Column] = []
        var start = 0
        while start < count {
            let rows = maker.below(5) == 0 ? 0 : min(count - start, 1 + maker.below(maker.below(3) == 0 ? 40 : 1500))
            pieces.append(slice(start..<start + rows))
            start += rows
        }
        return pieces
    }
}
