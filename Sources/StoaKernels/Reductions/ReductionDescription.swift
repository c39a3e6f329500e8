import StoaColumns

/// Functions of all rows of a group, as kernels know them. Nulls are skipped; NaN propagates (N4, N5).
package enum ReductionFunction: Hashable, Sendable {
    /// Number of rows; takes no argument.
    case countRows
    /// Number of rows that are not null.
    case count
    /// Of numbers and booleans, exact for integers and decimals.
    case sum
    /// The same, 0 for no values.
    case sumOrZero
    /// Of numbers and booleans.
    case mean
    /// In the order of N2.
    case min, max
    /// Divided by n - `deltaDegrees`.
    case variance(deltaDegrees: Int)
    /// Square root of the variance.
    case standardDeviation(deltaDegrees: Int)
    /// Of pairs of int32, int64 within 33 bits, or float64; divided by n - `deltaDegrees`.
    case covariance(deltaDegrees: Int)
    /// Of such pairs.
    case correlation
    /// The value at a share of the sorted values.
    case quantile(Double, QuantileMethod)
}

/// A function, the types it goes between, and what the user called it.
package struct ReductionDescription: Hashable, Sendable {
    package let function: ReductionFunction
    /// Type of the argument, of both for functions of two; nil for `countRows`.
    package let argument: DataType?
    /// Type of the finished value.
    package let result: DataType
    /// The aggregate as the user wrote it, for errors.
    package let text: String
    /// Types of the columns that an unfinished state travels in.
    package let states: [DataType]
    /// Reductions of one aggregation with equal numbers have equal arguments.
    package var argumentNumber = 0

    /// A reduction.
    ///
    /// - Parameter states: the layout of the state. count: n. sum, mean: sum, n; for decimals above 18 digits the sum div
    ///   2^64, mod 2^64, n. min, max: value, null when there is none. variance, deviation of integers and booleans: n, sum,
    ///   sum of squares div 2^64, mod 2^64; of floats and decimals: n, mean, sum of squared deviations. covariance,
    ///   correlation of integers: n, sums of x, y, xx, yy, xy; of floats: n, means of x and y, centred sums of xx, yy, xy.
    ///   quantile: the value.
    package init(
        function: ReductionFunction, argument: DataType?, result: DataType, text: String, states: [DataType]
    ) {
        self.function = function
        self.argument = argument
        self.result = result
        self.text = text
        self.states = states
    }

    /// An empty state of all rows.
    package func makeReduction() -> any Reduction {
        switch function {
        case .countRows, .count: CountReduction(self)
        case .sum, .sumOrZero, .mean:
            switch sumForm {
            case .float: FloatSumReduction(self)
            case .integer: IntegerSumReduction(self)
            case .wide: WideSumReduction(self)
            }
        case .min, .max: extremeReduction()
        case .variance, .standardDeviation:
            hasFloatMoments ? FloatMomentReduction(self) : IntegerMomentReduction(self)
        case .covariance, .correlation:
            hasFloatMoments ? FloatPairReduction(self) : ExactPairReduction(self)
        case .quantile: QuantileReduction(self)
        }
    }

    /// Empty states of groups.
    package func makeGroupedReduction() -> any GroupedReduction {
        switch function {
        case .countRows, .count: GroupedStates<CountState>(self)
        case .sum, .sumOrZero, .mean:
            switch sumForm {
            case .float: GroupedStates<FloatSumState>(self)
            case .integer: GroupedStates<IntegerSumState>(self)
            case .wide: GroupedStates<WideSumState>(self)
            }
        case .min, .max: groupedExtreme()
        case .variance, .standardDeviation:
            hasFloatMoments ? GroupedStates<FloatMomentState>(self) : GroupedStates<IntegerMomentState>(self)
        case .covariance, .correlation:
            hasFloatMoments ? GroupedFloatPairs(self) : GroupedExactPairs(self)
        case .quantile: GroupedQuantile(self)
        }
    }

    private enum SumForm { case float, integer, wide }

    private var sumForm: SumForm {
        switch argument?.storageType {
        case .float32, .float64: .float
        case .int128: .wide
        default: .integer
        }
    }

    private var hasFloatMoments: Bool { argument.map { $0.isFloat || $0.isDecimal } ?? false }

    /// Whether the argument, decimals above 18 digits, may come in 64 bits when none of its values needs more: as a column of
    /// decimals of 18 digits and the same scale.
    package var takesNarrowDecimals: Bool {
        guard argument?.storageType == .int128 else { return false }
        switch function {
        case .count, .sum, .sumOrZero, .mean: return true
        default: return false
        }
    }

    /// The argument column, which every function but `countRows` has.
    func checked(_ argument: Column?, count: Int) -> Column {
        guard let argument, argument.count == count,
            argument.type.storageType == self.argument?.storageType
                || (takesNarrowDecimals && argument.type.storageType == .int64)
        else {
            preconditionFailure("\(text) was given an argument of another type or length than \(count) rows")
        }
        return argument
    }
}

/// The state of one aggregate over all rows that came so far, in row order.
///
/// The result depends on the sequence of rows only, never on how it was cut into batches.
package protocol Reduction: AnyObject {
    /// Takes the next rows; the argument is nil for `countRows` only.
    func consume(_ argument: Column?, count: Int)

    /// The same for functions of two arguments.
    func consume(_ first: Column, _ second: Column, count: Int)

    /// The state as one row of its state columns. Rows may be consumed after.
    func states() -> [Column]
}

extension Reduction {
    package func consume(_ first: Column, _ second: Column, count: Int) {
        preconditionFailure("\(type(of: self)) takes one argument")
    }
}
