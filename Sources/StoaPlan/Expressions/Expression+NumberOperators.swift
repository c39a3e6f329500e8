// The operators of expressions with a number from a variable on the right: `col("distance") > threshold`. On the left one
// writes `lit(threshold)`.
//
// Disfavoured, so that they are chosen only where nothing else fits: `values.reduce(0, +)` over an array of Double keeps
// its meaning in a file that imports Stoa, although `+` could take an expression and a Double there.

extension Expression {
    /// Sum with an integer.
    @_disfavoredOverload
    public static func + (left: Expression, right: Int) -> Expression { left + lit(right) }
    /// Sum with a float.
    @_disfavoredOverload
    public static func + (left: Expression, right: Double) -> Expression { left + lit(right) }
    /// Difference to an integer.
    @_disfavoredOverload
    public static func - (left: Expression, right: Int) -> Expression { left - lit(right) }
    /// Difference to a float.
    @_disfavoredOverload
    public static func - (left: Expression, right: Double) -> Expression { left - lit(right) }
    /// Product with an integer.
    @_disfavoredOverload
    public static func * (left: Expression, right: Int) -> Expression { left * lit(right) }
    /// Product with a float.
    @_disfavoredOverload
    public static func * (left: Expression, right: Double) -> Expression { left * lit(right) }
    /// Quotient by an integer, a float64.
    @_disfavoredOverload
    public static func / (left: Expression, right: Int) -> Expression { left / lit(right) }
    /// Quotient by a float, a float64.
    @_disfavoredOverload
    public static func / (left: Expression, right: Double) -> Expression { left / lit(right) }
    /// Remainder by an integer.
    @_disfavoredOverload
    public static func % (left: Expression, right: Int) -> Expression { left % lit(right) }
    /// Remainder by a float.
    @_disfavoredOverload
    public static func % (left: Expression, right: Double) -> Expression { left % lit(right) }
    /// Equality with an integer.
    @_disfavoredOverload
    public static func == (left: Expression, right: Int) -> Expression { left == lit(right) }
    /// Equality with a float.
    @_disfavoredOverload
    public static func == (left: Expression, right: Double) -> Expression { left == lit(right) }
    /// Inequality with an integer.
    @_disfavoredOverload
    public static func != (left: Expression, right: Int) -> Expression { left != lit(right) }
    /// Inequality with a float.
    @_disfavoredOverload
    public static func != (left: Expression, right: Double) -> Expression { left != lit(right) }
    /// Comparison with an integer.
    @_disfavoredOverload
    public static func < (left: Expression, right: Int) -> Expression { left < lit(right) }
    /// Comparison with a float.
    @_disfavoredOverload
    public static func < (left: Expression, right: Double) -> Expression { left < lit(right) }
    /// Comparison with an integer.
    @_disfavoredOverload
    public static func <= (left: Expression, right: Int) -> Expression { left <= lit(right) }
    /// Comparison with a float.
    @_disfavoredOverload
    public static func <= (left: Expression, right: Double) -> Expression { left <= lit(right) }
    /// Comparison with an integer.
    @_disfavoredOverload
    public static func > (left: Expression, right: Int) -> Expression { left > lit(right) }
    /// Comparison with a float.
    @_disfavoredOverload
    public static func > (left: Expression, right: Double) -> Expression { left > lit(right) }
    /// Comparison with an integer.
    @_disfavoredOverload
    public static func >= (left: Expression, right: Int) -> Expression { left >= lit(right) }
    /// Comparison with a float.
    @_disfavoredOverload
    public static func >= (left: Expression, right: Double) -> Expression { left >= lit(right) }
}
