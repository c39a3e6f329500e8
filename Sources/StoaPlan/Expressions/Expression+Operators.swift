// Every operator takes two expressions, and literals become expressions by themselves; on the right it takes numbers from
// variables too. Only comparisons also take text, since a text in place of an expression could be meant as a column name
// elsewhere. Each overload more costs time in the type checker; a test measures it.

extension Expression {
    /// Sum; integer and decimal overflow is an error that names column and row (N8).
    public static func + (left: Expression, right: Expression) -> Expression { .binary(.add, left, right) }
    /// Difference; overflow as for `+`.
    public static func - (left: Expression, right: Expression) -> Expression { .binary(.subtract, left, right) }
    /// Product; overflow as for `+`.
    public static func * (left: Expression, right: Expression) -> Expression { .binary(.multiply, left, right) }
    /// Quotient as a float64, also of integers (N9); `quotient(_:)` divides integers.
    public static func / (left: Expression, right: Expression) -> Expression { .binary(.divide, left, right) }
    /// Remainder with the sign of the dividend; an integer divided by zero is an error.
    public static func % (left: Expression, right: Expression) -> Expression { .binary(.remainder, left, right) }
    /// Sum of integers that wraps.
    public static func &+ (left: Expression, right: Expression) -> Expression { .binary(.wrappingAdd, left, right) }
    /// Difference of integers that wraps.
    public static func &- (left: Expression, right: Expression) -> Expression {
        .binary(.wrappingSubtract, left, right)
    }
    /// Product of integers that wraps.
    public static func &* (left: Expression, right: Expression) -> Expression {
        .binary(.wrappingMultiply, left, right)
    }
    /// The value negated; integer overflow is an error.
    public static prefix func - (operand: Expression) -> Expression { .unary(.negate, operand) }

    /// Kleene and: false when a side is false, else null when a side is null.
    public static func && (left: Expression, right: Expression) -> Expression { .binary(.and, left, right) }
    /// Kleene or: true when a side is true, else null when a side is null.
    public static func || (left: Expression, right: Expression) -> Expression { .binary(.or, left, right) }
    /// Kleene not: null stays null.
    public static prefix func ! (operand: Expression) -> Expression { .unary(.not, operand) }

    /// Equality in the order of N2; null when a side is null.
    public static func == (left: Expression, right: Expression) -> Expression { .binary(.equal, left, right) }
    /// Inequality; null when a side is null.
    public static func != (left: Expression, right: Expression) -> Expression { .binary(.notEqual, left, right) }
    /// Comparison in the order of N2, NaN above all numbers; null when a side is null.
    public static func < (left: Expression, right: Expression) -> Expression { .binary(.less, left, right) }
    /// Comparison as `<`.
    public static func <= (left: Expression, right: Expression) -> Expression { .binary(.lessOrEqual, left, right) }
    /// Comparison as `<`.
    public static func > (left: Expression, right: Expression) -> Expression { .binary(.greater, left, right) }
    /// Comparison as `<`.
    public static func >= (left: Expression, right: Expression) -> Expression { .binary(.greaterOrEqual, left, right) }

    /// Equality with a text, a date or a timestamp written as text.
    public static func == (left: Expression, right: String) -> Expression { left == lit(right) }
    /// Inequality with a text, a date or a timestamp written as text.
    public static func != (left: Expression, right: String) -> Expression { left != lit(right) }
    /// Comparison with a text (by bytes of UTF-8), a date or a timestamp written as text.
    public static func < (left: Expression, right: String) -> Expression { left < lit(right) }
    /// Comparison as `<`.
    public static func <= (left: Expression, right: String) -> Expression { left <= lit(right) }
    /// Comparison as `<`.
    public static func > (left: Expression, right: String) -> Expression { left > lit(right) }
    /// Comparison as `<`.
    public static func >= (left: Expression, right: String) -> Expression { left >= lit(right) }
}
