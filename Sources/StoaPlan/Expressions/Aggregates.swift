// Aggregates skip nulls; NaN propagates; an empty group gives null, counts give 0 (N4-N7). A text names a column.

/// Number of rows, nulls included. The result is called `count`.
public func count() -> Expression { .aggregate(.countRows, []) }

/// Number of rows in which the value is not null.
public func count(_ value: Expression) -> Expression { .aggregate(.count, [value]) }
/// Number of rows in which the column is not null.
public func count(_ column: String) -> Expression { count(col(column)) }

/// Number of different values that are not null.
public func countDistinct(_ value: Expression) -> Expression { .aggregate(.countDistinct, [value]) }
/// Number of different values of the column that are not null.
public func countDistinct(_ column: String) -> Expression { countDistinct(col(column)) }

/// Sum: int64, uint64, float64 or decimal(38, s) by the value's type; null without values.
public func sum(_ value: Expression) -> Expression { .aggregate(.sum, [value]) }
/// Sum of the column.
public func sum(_ column: String) -> Expression { sum(col(column)) }

/// Sum, 0 without values.
public func sumOrZero(_ value: Expression) -> Expression { .aggregate(.sumOrZero, [value]) }
/// Sum of the column, 0 without values.
public func sumOrZero(_ column: String) -> Expression { sumOrZero(col(column)) }

/// Mean, a float64; of booleans the share of true, of decimals a decimal with four digits more.
public func mean(_ value: Expression) -> Expression { .aggregate(.mean, [value]) }
/// Mean of the column.
public func mean(_ column: String) -> Expression { mean(col(column)) }

/// Smallest value in the order of N2.
public func min(_ value: Expression) -> Expression { .aggregate(.min, [value]) }
/// Smallest value of the column.
public func min(_ column: String) -> Expression { min(col(column)) }

/// Largest value in the order of N2: NaN where there is one.
public func max(_ value: Expression) -> Expression { .aggregate(.max, [value]) }
/// Largest value of the column.
public func max(_ column: String) -> Expression { max(col(column)) }

/// Variance, divided by n - `deltaDegrees`; null when n <= `deltaDegrees`.
public func variance(_ value: Expression, deltaDegrees: Int = 1) -> Expression {
    .aggregate(.variance(deltaDegrees: deltaDegrees), [value])
}
/// Variance of the column.
public func variance(_ column: String, deltaDegrees: Int = 1) -> Expression {
    variance(col(column), deltaDegrees: deltaDegrees)
}

/// Square root of the variance.
public func standardDeviation(_ value: Expression, deltaDegrees: Int = 1) -> Expression {
    .aggregate(.standardDeviation(deltaDegrees: deltaDegrees), [value])
}
/// Standard deviation of the column.
public func standardDeviation(_ column: String, deltaDegrees: Int = 1) -> Expression {
    standardDeviation(col(column), deltaDegrees: deltaDegrees)
}
