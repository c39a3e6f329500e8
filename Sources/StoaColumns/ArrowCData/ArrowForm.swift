/// How Arrow lays out a column that Stoa can take, read from the format string of its ArrowSchema.
/// https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings
enum ArrowForm: Hashable {
    /// The values lie in memory as Stoa holds them, and need no conversion.
    case fixed(DataType)
    /// Booleans, one bit each.
    case bits
    case text(TextLayout)
    /// Scaled integers of `bits` bits.
    case decimal(bits: Int, precision: Int, scale: Int)
    /// Milliseconds since 1970, whole days.
    case date64
    /// Timestamps that are not in microseconds.
    case timestamp(TimeUnit, zone: String?)
    /// A column without values.
    case null
    /// Codes of the given integer type into text.
    case dictionary(codes: StorageType, TextLayout)

    /// Arrow's layouts of UTF-8 text.
    enum TextLayout: Hashable {
        /// Int32 offsets into one buffer.
        case small
        /// Int64 offsets into one buffer.
        case large
        /// 16-byte views, short strings inline, long ones in any number of buffers.
        case view

        /// The Arrow format string.
        var format: String {
            switch self {
            case .small: "u"
            case .large: "U"
            case .view: "vu"
            }
        }
    }

    /// Units of time other than Stoa's own.
    enum TimeUnit: Hashable {
        case seconds, milliseconds, nanoseconds
    }

    /// The column type that such values become.
    var type: DataType {
        switch self {
        case .fixed(let type): type
        case .bits: .bool
        case .text, .null, .dictionary: .utf8
        case .decimal(_, let precision, let scale): .decimal(precision: precision, scale: scale)
        case .date64: .date32
        case .timestamp(_, let zone): .timestamp(zone: zone)
        }
    }

    /// Number of buffers that the specification gives to the array of this form; nil when it varies.
    var bufferCount: Int? {
        switch self {
        case .null: 0
        case .text(.small), .text(.large): 3
        case .text(.view): nil
        default: 2
        }
    }

    /// What import accepts, for errors.
    static let supported =
        "bool, int8 to int64, uint8 to uint64, float32, float64, utf8, large_utf8, utf8_view, dictionaries of these "
        + "strings, date32, date64, timestamps, decimal32 to decimal128 and null"

    /// The form that a format string without dictionary describes; nil when Stoa cannot take it.
    init?(format: String) {
        switch format {
        case "n": self = .null
        case "b": self = .bits
        case "c": self = .fixed(.int8)
        case "C": self = .fixed(.uint8)
        case "s": self = .fixed(.int16)
        case "S": self = .fixed(.uint16)
        case "i": self = .fixed(.int32)
        case "I": self = .fixed(.uint32)
        case "l": self = .fixed(.int64)
        case "L": self = .fixed(.uint64)
        case "f": self = .fixed(.float32)
        case "g": self = .fixed(.float64)
        case "u": self = .text(.small)
        case "U": self = .text(.large)
        case "vu": self = .text(.view)
        case "tdD": self = .fixed(.date32)
        case "tdm": self = .date64
        default:
            if let form = Self.timestamp(format: format) ?? Self.decimal(format: format) {
                self = form
            } else {
                return nil
            }
        }
    }

    /// `tsu:Europe/Berlin`: unit, then the zone, which may be empty.
    private static func timestamp(format: String) -> ArrowForm? {
        let parts = format.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let zone = parts[1].isEmpty ? nil : String(parts[1])
        switch parts[0] {
        case "tss": return .timestamp(.seconds, zone: zone)
        case "tsm": return .timestamp(.milliseconds, zone: zone)
        case "tsu": return .fixed(.timestamp(zone: zone))
        case "tsn": return .timestamp(.nanoseconds, zone: zone)
        default: return nil
        }
    }

    /// `d:precision,scale` or `d:precision,scale,bits`.
    private static func decimal(format: String) -> ArrowForm? {
        guard format.hasPrefix("d:") else { return nil }
        let numbers = format.dropFirst(2).split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2 || numbers.count == 3, let precision = numbers[0], let scale = numbers[1],
            let bits = numbers.count == 3 ? numbers[2] : 128
        else { return nil }
        guard [32, 64, 128].contains(bits), (1...DataType.maximumDecimalPrecision).contains(precision),
            (0...precision).contains(scale)
        else { return nil }
        return .decimal(bits: bits, precision: precision, scale: scale)
    }
}

extension DataType {
    /// The Arrow format string of a column of this type as export lays it out; decimals are decimal128, which every
    /// Arrow implementation reads.
    var arrowFormat: String {
        switch self {
        case .bool: "b"
        case .int8: "c"
        case .int16: "s"
        case .int32: "i"
        case .int64: "l"
        case .uint8: "C"
        case .uint16: "S"
        case .uint32: "I"
        case .uint64: "L"
        case .float32: "f"
        case .float64: "g"
        case .utf8: "u"
        case .date32: "tdD"
        case .timestamp(let zone): "tsu:" + (zone ?? "")
        case .decimal(let precision, let scale): "d:\(precision),\(scale)"
        }
    }
}
