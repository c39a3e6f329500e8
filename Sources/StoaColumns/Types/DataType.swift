/// The type of a column's values. How the values lie in memory follows from it alone (`storageType`), except that utf8
/// columns may be dictionary-encoded.
public enum DataType: Hashable, Codable, Sendable {
    /// True or false, one bit each.
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float32, float64
    /// Text of any length, UTF-8.
    case utf8
    /// Days since 1970-01-01.
    case date32
    /// Microseconds since 1970-01-01T00:00:00Z; `zone` is the zone to show them in, nil for local time without a zone.
    case timestamp(zone: String?)
    /// Exact decimal number of at most `precision` (1...38) digits, `scale` of them after the point; held as a scaled
    /// Int64 up to 18 digits and as a scaled Int128 above.
    case decimal(precision: Int, scale: Int)

    /// Most decimal digits a decimal can have.
    public static let maximumDecimalPrecision = 38
    /// Most decimal digits that are held in 64 bits.
    public static let maximumNarrowDecimalPrecision = 18

    /// A timestamp without a zone.
    public static let timestamp = DataType.timestamp(zone: nil)
}

/// How one value lies in memory: what a kernel is specialised for.
package enum StorageType: Hashable, Codable, Sendable {
    case bool
    case int8, int16, int32, int64, int128
    case uint8, uint16, uint32, uint64
    case float32, float64
    case utf8

    /// Bytes of one value; nil for bool (bits) and utf8 (offsets and bytes).
    package var byteWidth: Int? {
        switch self {
        case .bool, .utf8: nil
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        case .int128: 16
        }
    }
}

extension DataType {
    /// The memory form of this type's values.
    package var storageType: StorageType {
        switch self {
        case .bool: .bool
        case .int8: .int8
        case .int16: .int16
        case .int32, .date32: .int32
        case .int64, .timestamp: .int64
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .float32: .float32
        case .float64: .float64
        case .utf8: .utf8
        case .decimal(let precision, _):
            precision <= DataType.maximumNarrowDecimalPrecision ? .int64 : .int128
        }
    }

    /// True for int8...int64 and uint8...uint64.
    public var isInteger: Bool { isSignedInteger || isUnsignedInteger }

    /// True for int8...int64.
    public var isSignedInteger: Bool {
        switch self {
        case .int8, .int16, .int32, .int64: true
        default: false
        }
    }

    /// True for uint8...uint64.
    public var isUnsignedInteger: Bool {
        switch self {
        case .uint8, .uint16, .uint32, .uint64: true
        default: false
        }
    }

    /// True for float32 and float64.
    public var isFloat: Bool { self == .float32 || self == .float64 }

    /// True for decimals of any precision.
    public var isDecimal: Bool { if case .decimal = self { true } else { false } }

    /// True for integers, floats and decimals.
    public var isNumeric: Bool { isInteger || isFloat || isDecimal }

    /// True for date32 and timestamps.
    public var isTemporal: Bool {
        switch self {
        case .date32, .timestamp: true
        default: false
        }
    }
}

extension DataType: CustomStringConvertible {
    /// The type as errors, schemas and plans print it: `int64`, `decimal(15, 2)`, `timestamp(UTC)`.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float32: "float32"
        case .float64: "float64"
        case .utf8: "utf8"
        case .date32: "date32"
        case .timestamp(let zone): zone.map { "timestamp(\($0))" } ?? "timestamp"
        case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
        }
    }
}
