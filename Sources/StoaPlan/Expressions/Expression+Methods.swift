import StoaColumns

// Null tests, conversions and choices.
extension Expression {
    /// Whether the value is null; never null itself.
    public var isNull: Expression { .unary(.isNull, self) }
    /// Whether the value is not null; never null itself.
    public var isNotNull: Expression { .unary(.isNotNull, self) }
    /// Whether a float is NaN; null stays null.
    public var isNaN: Expression { .unary(.isNaN, self) }
    /// Whether a float is neither NaN nor infinite; null stays null.
    public var isFinite: Expression { .function(.isFinite, [self]) }

    /// The same value under another name.
    public func `as`(_ name: String) -> Expression { .alias(self, name) }

    /// The value in another type; a value that the type cannot hold is an error (N19).
    public func cast(to type: DataType) -> Expression { .cast(self, type, onFailure: .error) }
    /// The value in another type; null where the type cannot hold it.
    public func tryCast(to type: DataType) -> Expression { .cast(self, type, onFailure: .null) }

    /// The other value where this one is null.
    public func fillNull(_ value: Expression) -> Expression { .function(.coalesce, [self, value]) }
    /// The text where the value is null.
    public func fillNull(_ value: String) -> Expression { fillNull(lit(value)) }
    /// The other value where this one is NaN; null stays null.
    public func fillNaN(_ value: Expression) -> Expression { .function(.fillNaN, [self, value]) }
    /// Null where the value equals the other.
    public func nullIf(_ value: Expression) -> Expression { .function(.nullIf, [self, value]) }
    /// Null where the value equals the text.
    public func nullIf(_ value: String) -> Expression { nullIf(lit(value)) }

    /// Whether the value is one of these; null when it is null.
    public func isIn(_ values: [Literal]) -> Expression { .isIn(self, values) }
    /// Whether the value lies between the bounds, both included.
    public func between(_ low: Expression, _ high: Expression) -> Expression { self >= low && self <= high }
    /// Whether the value lies between the bounds, both included.
    public func between(_ low: String, _ high: String) -> Expression { self >= low && self <= high }
    /// Equality in which null equals null; never null.
    public func isSame(as other: Expression) -> Expression { .binary(.nullSafeEqual, self, other) }

    /// Integer division, truncating; by zero is an error (N9).
    public func quotient(_ divisor: Expression) -> Expression { .binary(.quotient, self, divisor) }
}

// Numbers. Functions without another word about types give a float64; domain errors are IEEE (N10).
extension Expression {
    /// Absolute value, in the argument's type; integer overflow is an error.
    public func abs() -> Expression { .function(.abs, [self]) }
    /// -1, 0 or 1 in the argument's type; NaN for NaN.
    public func sign() -> Expression { .function(.sign, [self]) }
    /// The largest whole number not above the value, in the argument's type.
    public func floor() -> Expression { .function(.floor, [self]) }
    /// The smallest whole number not below the value, in the argument's type.
    public func ceil() -> Expression { .function(.ceil, [self]) }
    /// The nearest whole number, halves to even, in the argument's type.
    public func round() -> Expression { .function(.round, [self]) }
    /// The whole number towards zero, in the argument's type.
    public func truncate() -> Expression { .function(.truncate, [self]) }

    /// Square root.
    public func sqrt() -> Expression { .function(.sqrt, [self]) }
    /// Cube root.
    public func cbrt() -> Expression { .function(.cbrt, [self]) }
    /// e to this power.
    public func exp() -> Expression { .function(.exp, [self]) }
    /// e to this power minus one, exact near zero.
    public func expm1() -> Expression { .function(.expm1, [self]) }
    /// Natural logarithm.
    public func log() -> Expression { .function(.log, [self]) }
    /// Logarithm to base two.
    public func log2() -> Expression { .function(.log2, [self]) }
    /// Logarithm to base ten.
    public func log10() -> Expression { .function(.log10, [self]) }
    /// Natural logarithm of one plus the value, exact near zero.
    public func log1p() -> Expression { .function(.log1p, [self]) }
    /// Sine of an angle in radians.
    public func sin() -> Expression { .function(.sin, [self]) }
    /// Cosine of an angle in radians.
    public func cos() -> Expression { .function(.cos, [self]) }
    /// Tangent of an angle in radians.
    public func tan() -> Expression { .function(.tan, [self]) }
    /// Angle of a sine.
    public func asin() -> Expression { .function(.asin, [self]) }
    /// Angle of a cosine.
    public func acos() -> Expression { .function(.acos, [self]) }
    /// Angle of a tangent.
    public func atan() -> Expression { .function(.atan, [self]) }
    /// Hyperbolic sine.
    public func sinh() -> Expression { .function(.sinh, [self]) }
    /// Hyperbolic cosine.
    public func cosh() -> Expression { .function(.cosh, [self]) }
    /// Hyperbolic tangent.
    public func tanh() -> Expression { .function(.tanh, [self]) }
    /// The value to a power.
    public func power(_ exponent: Expression) -> Expression { .function(.power, [self, exponent]) }
}

// Text: literal, no patterns. Lengths count Unicode scalars.
extension Expression {
    /// Number of Unicode scalars, an int64.
    public func length() -> Expression { .function(.length, [self]) }
    /// The text in lower case.
    public func lowercased() -> Expression { .function(.lowercased, [self]) }
    /// The text in upper case.
    public func uppercased() -> Expression { .function(.uppercased, [self]) }
    /// Whether the text occurs in this one.
    public func contains(_ text: String) -> Expression { .function(.contains, [self, lit(text)]) }
    /// Whether this text begins with the other.
    public func startsWith(_ text: String) -> Expression { .function(.startsWith, [self, lit(text)]) }
    /// Whether this text ends with the other.
    public func endsWith(_ text: String) -> Expression { .function(.endsWith, [self, lit(text)]) }
}

// Parts of dates and timestamps (UTC), int32.
extension Expression {
    /// The year.
    public func year() -> Expression { .function(.year, [self]) }
    /// The month, 1 to 12.
    public func month() -> Expression { .function(.month, [self]) }
    /// The day of the month, 1 to 31.
    public func day() -> Expression { .function(.day, [self]) }
    /// The hour, 0 to 23.
    public func hour() -> Expression { .function(.hour, [self]) }
    /// The minute, 0 to 59.
    public func minute() -> Expression { .function(.minute, [self]) }
    /// The second, 0 to 59.
    public func second() -> Expression { .function(.second, [self]) }
    /// The ISO weekday, 1 is Monday.
    public func weekday() -> Expression { .function(.weekday, [self]) }
}

/// The first of the values that is not null.
public func coalesce(_ values: Expression...) -> Expression { .function(.coalesce, values) }

/// The smallest of the values that are not null, in the order of N2.
public func least(_ values: Expression...) -> Expression { .function(.least, values) }

/// The largest of the values that are not null, in the order of N2.
public func greatest(_ values: Expression...) -> Expression { .function(.greatest, values) }

/// The texts one after the other; null when one is null.
public func concatenate(_ values: Expression...) -> Expression { .function(.concatenate, values) }

/// The angle of the point (x, y), in radians.
public func atan2(_ y: Expression, _ x: Expression) -> Expression { .function(.atan2, [y, x]) }

/// The length of the vector (x, y), without overflow in between.
public func hypot(_ x: Expression, _ y: Expression) -> Expression { .function(.hypot, [x, y]) }
