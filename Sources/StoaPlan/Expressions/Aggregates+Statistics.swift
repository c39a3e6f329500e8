// Aggregates of pairs of values, and those that see all values of a group at once. Nulls are skipped, an empty group gives
// null. A text names a column.

/// Covariance of the rows in which both have a value, divided by n - `deltaDegrees`; null when n <= `deltaDegrees`.
///
/// Integers of at most 32 bits are exact until the division; other numbers are float64, centred by the means. NaN propagates.
public func covariance(_ first: Expression, _ second: Expression, deltaDegrees: Int = 1) -> Expression {
    .aggregate(.covariance(deltaDegrees: deltaDegrees), [first, second])
}
/// Covariance of two columns.
public func covariance(_ first: String, _ second: String, deltaDegrees: Int = 1) -> Expression {
    covariance(col(first), col(second), deltaDegrees: deltaDegrees)
}

/// Pearson's coefficient of correlation of the rows in which both have a value, from -1 to 1.
///
/// Null for fewer than two such rows, NaN when one of both is the same in all of them. Exact moments for integers of at most
/// 32 bits. NaN propagates.
public func correlation(_ first: Expression, _ second: Expression) -> Expression {
    .aggregate(.correlation, [first, second])
}
/// Pearson's coefficient of correlation of two columns.
public func correlation(_ first: String, _ second: String) -> Expression { correlation(col(first), col(second)) }

/// The value at the share `p` (0 to 1) of the sorted values: exact, of numbers, dates and timestamps.
///
/// NaN counts as the largest value; what interpolates between a number and NaN is NaN. Several quantiles of one value share
/// one pass. `.linear` and `.midpoint` give a float64 and do not take dates and timestamps; the others give a value that is
/// there, in its type. Null when there is no value.
public func quantile(
    _ value: Expression, _ p: Double, interpolation: QuantileInterpolation = .linear
) -> Expression {
    .aggregate(.quantile(p, interpolation), [value])
}
/// The value at the share `p` of the sorted values of a column.
public func quantile(_ column: String, _ p: Double, interpolation: QuantileInterpolation = .linear) -> Expression {
    quantile(col(column), p, interpolation: interpolation)
}

/// The middle of the sorted values, the mean of both when there are two; a float64.
public func median(_ value: Expression) -> Expression { quantile(value, 0.5) }
/// The middle of the sorted values of a column.
public func median(_ column: String) -> Expression { median(col(column)) }

/// Sum of products over the rows in which both have a value, in the fixed order of sums; null without such rows.
///
/// Products are those of `first * second`: integers that do not fit are an error, two float32 columns multiply in float32.
public func dot(_ first: Expression, _ second: Expression) -> Expression { sum(first * second) }
/// Sum of products of two columns.
public func dot(_ first: String, _ second: String) -> Expression { dot(col(first), col(second)) }
