extension Expression: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
    /// A constant: `col("a") + 1`.
    public init(integerLiteral value: Int64) { self = .literal(.integer(value)) }

    /// A constant: `col("a") * 0.5`.
    public init(floatLiteral value: Double) { self = .literal(.float(FloatBits(value))) }

    /// A constant: `col("late") == true`.
    public init(booleanLiteral value: Bool) { self = .literal(.bool(value)) }
}

extension Literal: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByStringLiteral
{
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A float.
    public init(floatLiteral value: Double) { self = .float(FloatBits(value)) }

    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension Expression {
    /// Null of the type its neighbours demand.
    public static var null: Expression { .literal(.null) }
}

/// The column of that name.
public func col(_ name: String) -> Expression { .column(name) }

/// A constant from a variable; numbers written in place need no `lit`.
public func lit(_ value: Int) -> Expression { .literal(.integer(Int64(value))) }

/// A constant from a variable; numbers written in place need no `lit`.
public func lit(_ value: Double) -> Expression { .literal(.float(FloatBits(value))) }

/// A constant text. `lit("2013-01-31").cast(to: .date32)` is a date, `lit("0.05").cast(to: .decimal(precision: 4, scale: 2))`
/// a decimal; next to a date or timestamp a text is read as one without a cast.
public func lit(_ value: String) -> Expression { .literal(.string(value)) }

/// A constant.
public func lit(_ value: Bool) -> Expression { .literal(.bool(value)) }

/// A constant.
public func lit(_ value: Literal) -> Expression { .literal(value) }
