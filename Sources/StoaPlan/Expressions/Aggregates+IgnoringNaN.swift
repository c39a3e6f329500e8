// Aggregates of floats that skip NaN as if it were null (N4). A text names a column. Of integers and decimals, which have no
// NaN, they are an error that says so.

/// Sum of the values that are not NaN; null without any.
public func sumIgnoringNaN(_ value: Expression) -> Expression {
    named("sum", sum(withoutNaN(value)), value)
}
/// Sum of the column's values that are not NaN.
public func sumIgnoringNaN(_ column: String) -> Expression { sumIgnoringNaN(col(column)) }

/// Mean of the values that are not NaN; null without any.
public func meanIgnoringNaN(_ value: Expression) -> Expression {
    named("mean", mean(withoutNaN(value)), value)
}
/// Mean of the column's values that are not NaN.
public func meanIgnoringNaN(_ column: String) -> Expression { meanIgnoringNaN(col(column)) }

/// Smallest value that is not NaN; null without any.
public func minIgnoringNaN(_ value: Expression) -> Expression {
    named("min", min(withoutNaN(value)), value)
}
/// Smallest value of the column that is not NaN.
public func minIgnoringNaN(_ column: String) -> Expression { minIgnoringNaN(col(column)) }

/// Largest value that is not NaN; null without any.
public func maxIgnoringNaN(_ value: Expression) -> Expression {
    named("max", max(withoutNaN(value)), value)
}
/// Largest value of the column that is not NaN.
public func maxIgnoringNaN(_ column: String) -> Expression { maxIgnoringNaN(col(column)) }

/// Variance of the n values that are not NaN, divided by n - `deltaDegrees`; null when n <= `deltaDegrees`.
public func varianceIgnoringNaN(_ value: Expression, deltaDegrees: Int = 1) -> Expression {
    named("variance", variance(withoutNaN(value), deltaDegrees: deltaDegrees), value, deltaDegrees)
}
/// Variance of the column's values that are not NaN.
public func varianceIgnoringNaN(_ column: String, deltaDegrees: Int = 1) -> Expression {
    varianceIgnoringNaN(col(column), deltaDegrees: deltaDegrees)
}

/// Square root of the variance of the values that are not NaN.
public func standardDeviationIgnoringNaN(_ value: Expression, deltaDegrees: Int = 1) -> Expression {
    named(
        "standardDeviation", standardDeviation(withoutNaN(value), deltaDegrees: deltaDegrees), value, deltaDegrees)
}
/// Square root of the variance of the column's values that are not NaN.
public func standardDeviationIgnoringNaN(_ column: String, deltaDegrees: Int = 1) -> Expression {
    standardDeviationIgnoringNaN(col(column), deltaDegrees: deltaDegrees)
}

/// Median of the values that are not NaN; null without any.
public func medianIgnoringNaN(_ value: Expression) -> Expression {
    named("median", median(withoutNaN(value)), value)
}
/// Median of the column's values that are not NaN.
public func medianIgnoringNaN(_ column: String) -> Expression { medianIgnoringNaN(col(column)) }

/// Null for NaN.
private func withoutNaN(_ value: Expression) -> Expression {
    .conditional([ConditionalBranch(condition: !value.isNaN, value: value)], otherwise: nil)
}

/// Called after the function, not after how it is computed.
private func named(
    _ function: String, _ aggregate: Expression, _ value: Expression, _ deltaDegrees: Int = 1
) -> Expression {
    let option = deltaDegrees == 1 ? "" : ", deltaDegrees: \(deltaDegrees)"
    return .alias(aggregate, "\(function)IgnoringNaN(\(value)\(option))")
}
