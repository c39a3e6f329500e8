// The operators of expressions with a number from a variable on the right: `col("distance") > threshold`. On the left one
// writes `lit(threshold)`. These overloads make long expressions type-check faster, not slower: a literal has its own type.

extension Expression {
    /// Sum with an integer.
    public static func + (left: Expression, right: Int) -> Expression { left + lit(right) }
    /// Sum with a float.
    public static func + (left: Expression, right: Double) -> Expression { left + lit(right) }
    /// Difference to an integer.
    public static func - (left: Expression, right: Int) -> Expression { left - lit(right) }
    /// Difference to a float.
    public static func - (left: Expression, right: Double) -> Expression { left - lit(right) }
    /// Product with an integer.
    public static func * (left: Expression, right: Int) -> Expression { left * lit(right) }
    /// Product with a float.
    public static func * (left: Expression, right: Double) -> Expression { left * lit(right) }
    /// Quotient by an integer, a float64.
    public static func / (left: Expression, right: Int) -> Expression { left / lit(right) }
    /// Quotient by a float, a float64.
    public static func / (left: Expression, right: Double) -> Expression { left / lit(right) }
    /// Remainder by an integer.
    public static func % (left: Expression, right: Int) -> Expression { left % lit(right) }
    /// Remainder by a float.
    public static func % (left: Expression, right: Double) -> Expression { left % lit(right) }
    /// Equality with an integer.
    public static func == (left: Expression, right: Int) -> Expression { left == lit(right) }
    /// Equality with a float.
    public static func == (left: Expression, right: Double) -> Expression { left == lit(right) }
    /// Inequality with an integer.
    public static func != (left: Expression, right: Int) -> Expression { left != lit(right) }
    /// Inequality with a float.
    public static func != (left: Expression, right: Double) -> Expression { left != lit(right) }
    /// Comparison with an integer.
    public static func < (left: Expression, right: Int) -> Expression { left < lit(right) }
    /// Comparison with a float.
    public static func < (left: Expression, right: Double) -> Expression { left < lit(right) }
    /// Comparison with an integer.
    public static func <= (left: Expression, right: Int) -> Expression { left <= lit(right) }
    /// Comparison with a float.
    public static func <= (left: Expression, right: Double) -> Expression { left <= lit(right) }
    /// Comparison with an integer.
    public static func > (left: Expression, right: Int) -> Expression { left > lit(right) }
    /// Comparison with a float.
    public static func > (left: Expression, right: Double) -> Expression { left > lit(right) }
    /// Comparison with an integer.
    public static func >= (left: Expression, right: Int) -> Expression { left >= lit(right) }
    /// Comparison with a float.
    public static func >= (left: Expression, right: Double) -> Expression { left >= lit(right) }
}
