extension Column {
    /// The value of a row as text that reads back to the same value.
    ///
    /// Floats are the shortest text that is read as the same bits (`0.1`, `1e+20`, `inf`, `nan`); decimals show all digits
    /// of their scale; dates are ISO 8601 (`2013-01-31`), timestamps too, in UTC with a `Z` when they have a zone
    /// (`2013-01-31T08:30:00.250Z`); strings are as they are; a null row is `null`.
    public func formatted(at row: Int, null: String = "null") -> String {
        precondition(row >= 0 && row < count, "row \(row) of a column of \(count) rows")
        if isNull(at: row) { return null }
        switch type {
        case .bool: return Bitmap.bit(bits.base, at: bits.offset + row) ? "true" : "false"
        case .int8: return String(values(as: Int8.self)[row])
        case .int16: return String(values(as: Int16.self)[row])
        case .int32: return String(values(as: Int32.self)[row])
        case .int64: return String(values(as: Int64.self)[row])
        case .uint8: return String(values(as: UInt8.self)[row])
        case .uint16: return String(values(as: UInt16.self)[row])
        case .uint32: return String(values(as: UInt32.self)[row])
        case .uint64: return String(values(as: UInt64.self)[row])
        case .float32: return values(as: Float.self)[row].description
        case .float64: return values(as: Double.self)[row].description
        case .utf8: return String(decoding: textBytes(at: row), as: UTF8.self)
        case .date32: return CivilDate(daysSinceEpoch: values(as: Int32.self)[row]).description
        case .timestamp(let zone):
            return TimestampText.description(microseconds: values(as: Int64.self)[row], hasZone: zone != nil)
        case .decimal(_, let scale): return Decimals.description(unscaled: unscaledDecimal(at: row), scale: scale)
        }
    }
}

/// Timestamps as text.
package enum TimestampText {
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// ISO 8601: `2013-01-31T08:30:00`, a fraction of three or six digits when there is one, `Z` when there is a zone.
    package static func description(microseconds: Int64, hasZone: Bool) -> String {
        var (days, rest) = microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
        if rest < 0 {
            days -= 1
            rest += microsecondsPerDay
        }
        let (seconds, fraction) = rest.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let date = CivilDate(daysSinceEpoch: Int32(days)).description
        let clock =
            "\((seconds / 3_600).padded(to: 2)):\((seconds / 60 % 60).padded(to: 2)):\((seconds % 60).padded(to: 2))"
        let digits =
            fraction == 0
            ? "" : fraction % 1_000 == 0 ? ".\((fraction / 1_000).padded(to: 3))" : ".\(fraction.padded(to: 6))"
        return "\(date)T\(clock)\(digits)\(hasZone ? "Z" : "")"
    }
}
