import StoaColumns

extension Literal {
    /// The type of the constant where no neighbour gives it one; nil for null.
    package var naturalType: DataType? {
        switch self {
        case .null: nil
        case .bool: .bool
        case .integer: .int64
        case .unsigned(let value): value > UInt64(Int64.max) ? .uint64 : .int64
        case .float: .float64
        case .string: .utf8
        case .date: .date32
        case .timestamp(_, let zone): .timestamp(zone: zone)
        case .decimal(_, let precision, let scale): .decimal(precision: precision, scale: scale)
        }
    }

    /// The same value in the canonical form of a type, or nil when the type cannot hold it exactly.
    ///
    /// Canonical forms: bool, string, date and timestamp by themselves; integers as `integer`, above Int64.max as
    /// `unsigned`; both floats as `float`; decimals with exactly the type's precision and scale.
    package func converted(to type: DataType) -> Literal? {
        switch (self, type) {
        case (.null, _): return .null
        case (.bool, .bool), (.string, .utf8), (.date, .date32): return self
        case (.integer(let value), _) where type.isInteger: return Self.integer(Int128(value), in: type)
        case (.unsigned(let value), _) where type.isInteger: return Self.integer(Int128(value), in: type)
        case (.integer(let value), .float64), (.integer(let value), .float32):
            return Double(exactly: value).flatMap { Self.float($0, in: type) }
        case (.unsigned(let value), .float64), (.unsigned(let value), .float32):
            return Double(exactly: value).flatMap { Self.float($0, in: type) }
        case (.float(let bits), .float64), (.float(let bits), .float32): return Self.float(bits.value, in: type)
        case (.integer(let value), .decimal(let precision, let scale)):
            return Self.decimal(Int128(value), scale: 0, precision, scale)
        case (.unsigned(let value), .decimal(let precision, let scale)):
            return Self.decimal(Int128(value), scale: 0, precision, scale)
        case (.decimal(let unscaled, _, let from), .decimal(let precision, let scale)):
            return Self.decimal(unscaled, scale: from, precision, scale)
        case (.string(let text), .date32): return CivilTime.days(text).map(Literal.date)
        case (.string(let text), .timestamp(let zone)):
            return CivilTime.microseconds(text).map { .timestamp($0, zone: zone) }
        case (.string(let text), .decimal(let precision, let scale)):
            return Self.decimal(text).flatMap { Self.decimal($0.unscaled, scale: $0.scale, precision, scale) }
        case (.date(let days), .timestamp(let zone)):
            let (value, overflow) = Int64(days).multipliedReportingOverflow(by: CivilTime.microsecondsPerDay)
            return overflow ? nil : .timestamp(value, zone: zone)
        case (.timestamp(let value, let from), .timestamp(let zone)):
            return (from == nil) == (zone == nil) ? .timestamp(value, zone: zone) : nil
        default: return nil
        }
    }

    /// The smallest decimal type that holds an integer or decimal constant; nil for other constants.
    package var smallestDecimal: DataType? {
        switch self {
        case .integer(let value): .decimal(precision: String(value.magnitude).count, scale: 0)
        case .unsigned(let value): .decimal(precision: String(value).count, scale: 0)
        case .decimal(_, let precision, let scale): .decimal(precision: precision, scale: scale)
        default: nil
        }
    }

    private static func integer(_ value: Int128, in type: DataType) -> Literal? {
        let range: ClosedRange<Int128> =
            switch type {
            case .int8: Int128(Int8.min)...Int128(Int8.max)
            case .int16: Int128(Int16.min)...Int128(Int16.max)
            case .int32: Int128(Int32.min)...Int128(Int32.max)
            case .int64: Int128(Int64.min)...Int128(Int64.max)
            case .uint8: 0...Int128(UInt8.max)
            case .uint16: 0...Int128(UInt16.max)
            case .uint32: 0...Int128(UInt32.max)
            default: 0...Int128(UInt64.max)
            }
        guard range.contains(value) else { return nil }
        return Int64(exactly: value).map(Literal.integer) ?? .unsigned(UInt64(value))
    }

    private static func float(_ value: Double, in type: DataType) -> Literal? {
        if type == .float32, !value.isNaN, Double(Float(value)) != value { return nil }
        return .float(FloatBits(value))
    }

    /// `value` / 10^`scale` with another precision and scale; nil when digits would be lost.
    private static func decimal(_ value: Int128, scale: Int, _ precision: Int, _ target: Int) -> Literal? {
        var value = value
        for _ in 0..<max(0, target - scale) {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = scaled
        }
        for _ in 0..<max(0, scale - target) {
            if value % 10 != 0 { return nil }
            value /= 10
        }
        guard String(value.magnitude).count <= precision else { return nil }
        return .decimal(unscaled: value, precision: precision, scale: target)
    }

    /// The number that digits with at most one point and a leading sign spell.
    private static func decimal(_ text: String) -> (unscaled: Int128, scale: Int)? {
        let isNegative = text.hasPrefix("-")
        let parts = (isNegative ? text.dropFirst() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        let digits = String(whole) + String(fraction)
        guard !whole.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int128(digits)
        else { return nil }
        return (isNegative ? -value : value, fraction.count)
    }
}
