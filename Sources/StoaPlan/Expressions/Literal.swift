import StoaColumns

/// A constant in an expression.
///
/// Floats compare and encode by their bits, so a plan with NaN equals itself and survives any encoding.
public enum Literal: Hashable, Codable, Sendable {
    /// Null of the type its neighbours demand.
    case null
    case bool(Bool)
    /// An integer without a type of its own: it takes an integer, float or decimal neighbour's type when that can hold it
    /// exactly, and is an int64 otherwise.
    case integer(Int64)
    /// An integer above Int64.max: a uint64.
    case unsigned(UInt64)
    case float(FloatBits)
    case string(String)
    /// Days since 1970-01-01.
    case date(Int32)
    /// Microseconds since 1970-01-01T00:00:00Z.
    case timestamp(Int64, zone: String?)
    /// The number `unscaled` / 10^`scale`, of at most `precision` digits.
    case decimal(unscaled: Int128, precision: Int, scale: Int)
}

/// A Float64 constant, equal and encoded by its bit pattern.
public struct FloatBits: Hashable, Codable, Sendable {
    /// The IEEE 754 bit pattern.
    public let bitPattern: UInt64

    /// The bits of a value.
    public init(_ value: Double) { bitPattern = value.bitPattern }

    /// The value of the bits.
    public var value: Double { Double(bitPattern: bitPattern) }
}
