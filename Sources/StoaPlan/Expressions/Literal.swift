import StoaColumns

/// A constant in an expression.
///
/// Floats are equal by their bits, so a plan with NaN equals itself and survives any encoding; texts by their bytes, as the
/// kernels compare them, not by canonical equivalence as Swift's strings are.
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

extension Literal {
    /// Whether both are the same constant, with the same bits or bytes.
    public static func == (left: Literal, right: Literal) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.unsigned(let left), .unsigned(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.date(let left), .date(let right)): left == right
        case (.timestamp(let left, let leftZone), .timestamp(let right, let rightZone)):
            left == right && leftZone == rightZone
        case (.decimal(let left, let leftPrecision, let leftScale), .decimal(let right, let precision, let scale)):
            left == right && leftPrecision == precision && leftScale == scale
        default: false
        }
    }

    /// Equal constants have equal hashes.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .unsigned(let value): hasher.combine(value)
        case .float(let value): hasher.combine(value)
        case .string(let text): for byte in text.utf8 { hasher.combine(byte) }
        case .date(let days): hasher.combine(days)
        case .timestamp(let microseconds, _): hasher.combine(microseconds)
        case .decimal(let unscaled, _, _): hasher.combine(unscaled)
        }
    }
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
