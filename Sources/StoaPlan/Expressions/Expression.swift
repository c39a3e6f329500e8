import StoaColumns

/// A computation over the columns of a row, by name: what users write with `col("a") * 2 > 3`. A value that prints,
/// compares and travels; names and types are looked up when an action runs.
public indirect enum Expression: Hashable, Codable, Sendable {
    /// The column of that name.
    case column(String)
    /// A constant.
    case literal(Literal)
    /// `-x`, `!x`, null and NaN tests.
    case unary(UnaryOperator, Expression)
    /// Arithmetic, comparison, logic.
    case binary(BinaryOperator, Expression, Expression)
    /// A function of each row.
    case function(ScalarFunction, [Expression])
    /// Conversion to a type; `onFailure` decides what a value out of range becomes.
    case cast(Expression, DataType, onFailure: CastFailure)
    /// The value of the first branch whose condition is true, else of `otherwise` (null when absent).
    case conditional([ConditionalBranch], otherwise: Expression?)
    /// Whether the value equals one of the constants; null when it is null.
    case isIn(Expression, [Literal])
    /// One value from all rows of a group; of no argument, one or two, as the function wants.
    case aggregate(AggregateFunction, [Expression])
    /// The same value under another name.
    case alias(Expression, String)
}

/// One `when(condition).then(value)`.
public struct ConditionalBranch: Hashable, Codable, Sendable {
    /// A boolean; null counts as false.
    public let condition: Expression
    /// The value where the condition is true.
    public let value: Expression

    /// A branch.
    public init(condition: Expression, value: Expression) {
        self.condition = condition
        self.value = value
    }
}

/// Operators of one operand.
public enum UnaryOperator: String, Hashable, Codable, Sendable, CaseIterable {
    /// Arithmetic negation; integer overflow is an error.
    case negate
    /// Kleene not.
    case not
    case isNull, isNotNull
    /// Null stays null.
    case isNaN
}

/// Operators of two operands.
public enum BinaryOperator: String, Hashable, Codable, Sendable, CaseIterable {
    /// Checked on integers and decimals: overflow is an error that names column and row (N8).
    case add, subtract, multiply
    /// Always a float64 (N9).
    case divide
    /// Integer division, truncating; by zero is an error.
    case quotient
    /// Remainder of `quotient`, sign of the dividend; IEEE fmod on floats.
    case remainder
    /// Integers wrap instead of failing (`&+`, `&-`, `&*`).
    case wrappingAdd, wrappingSubtract, wrappingMultiply
    /// Comparison in the total order of N2; null when a side is null.
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    /// Equality in which null equals null; never null.
    case nullSafeEqual
    /// Kleene logic.
    case and, or
}

/// What a checked cast does with a value that the target type cannot hold.
public enum CastFailure: String, Hashable, Codable, Sendable {
    /// An error that names column, row and value.
    case error
    /// Null.
    case null
}

/// Functions of each row. Float functions take and give float64 (float32 arguments are widened); null gives null unless
/// said otherwise.
public enum ScalarFunction: String, Hashable, Codable, Sendable, CaseIterable {
    /// Absolute value; keeps the type, integer overflow is an error.
    case abs
    /// -1, 0 or 1 in the argument's type; NaN for NaN.
    case sign
    case sqrt, cbrt, exp, expm1, log, log2, log10, log1p
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh
    case atan2, power, hypot
    /// To a whole number, in the argument's type; halves to even for `round`.
    case floor, ceil, round, truncate
    /// The first argument that is not null; all arguments share a type.
    case coalesce
    /// Null when both arguments are equal, else the first.
    case nullIf
    /// The second argument where the first is NaN.
    case fillNaN
    /// Smallest and largest of the arguments that are not null, in the order of N2.
    case least, greatest
    /// Neither NaN nor infinite; null for null.
    case isFinite
    /// Text: number of Unicode scalars, ASCII and Unicode case mapping, search for a literal text.
    /// `length` is an int64.
    case length, lowercased, uppercased, contains, startsWith, endsWith
    /// Text of the arguments, one after the other.
    case concatenate
    /// Parts of a date or timestamp (UTC), int32: year, month 1-12, day 1-31, hour, minute, second, ISO weekday 1 = Monday.
    case year, month, day, hour, minute, second, weekday
}

/// Functions of all rows of a group. Nulls are skipped; NaN propagates (N4, N5); an empty group gives null, counts give 0 (N6).
public enum AggregateFunction: Hashable, Codable, Sendable {
    /// Number of rows, nulls included; takes no argument.
    case countRows
    /// Number of rows that are not null.
    case count
    /// Number of different values that are not null.
    case countDistinct
    /// Int64 (UInt64, Float64, decimal(38, s)); integer overflow of the result is an error (N7).
    case sum
    /// The same, 0 for an empty group.
    case sumOrZero
    /// Float64; decimals give decimal(min(38, p + 4), s + 4) rounded half up; booleans count as 0 and 1.
    case mean
    /// In the argument's type and the order of N2.
    case min, max
    /// Float64, divided by n - `deltaDegrees`; null when n <= `deltaDegrees` (N6, N13).
    case variance(deltaDegrees: Int)
    /// Square root of the variance.
    case standardDeviation(deltaDegrees: Int)
    /// Of the rows in which both arguments have a value; Float64, divided by n - `deltaDegrees`, null when n <= `deltaDegrees`.
    case covariance(deltaDegrees: Int)
    /// Pearson's coefficient of the same rows; Float64, null for fewer than two, NaN when an argument is constant.
    case correlation
    /// The value below which the share of the values lies (N15); Float64 when it interpolates, else of the argument's type.
    case quantile(Double, QuantileInterpolation)
}

/// Which value stands for a quantile that falls between two. With the n values in the order of N2 (NaN last) numbered from 0,
/// the quantile p stands at h = (n - 1) p.
public enum QuantileInterpolation: String, Hashable, Codable, Sendable, CaseIterable {
    /// On the straight line between the two neighbours: a float64, NaN when it touches one.
    case linear
    /// The neighbour below, or the one above.
    case lower, higher
    /// The nearer neighbour; of two equally near the one with the even number.
    case nearest
    /// The mean of both neighbours: a float64.
    case midpoint
    /// The first value that at least the share p of the values does not exceed: number ceil(n p) - 1.
    case invertedCDF

    /// Whether the result lies between values, so that it is a float64.
    package var givesFloat: Bool { self == .linear || self == .midpoint }
}

/// One key of a sort order.
public struct SortKey: Hashable, Codable, Sendable {
    /// What is compared, in the order of N2.
    public var expression: Expression
    /// Largest first.
    public var isDescending: Bool
    /// Nulls before all values; the default is last, whatever the direction.
    public var nullsFirst: Bool

    /// A key, ascending with nulls last unless stated.
    public init(_ expression: Expression, isDescending: Bool = false, nullsFirst: Bool = false) {
        self.expression = expression
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}
