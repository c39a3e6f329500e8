/// Scaled integers: the unscaled value of a decimal(p, s) is the number times 10^s.
package enum Decimals {
    /// 10 to the power of `exponent`, which lies in 0...38.
    package static func powerOfTen(_ exponent: Int) -> Int128 {
        precondition((0...38).contains(exponent), "10 to the power of \(exponent) is not an Int128")
        var power: Int128 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }

    /// Whether the number has at most `precision` digits.
    package static func fits(_ unscaled: Int128, precision: Int) -> Bool {
        unscaled.magnitude < powerOfTen(precision).magnitude
    }

    /// The exact number: `-12.340` for -12340 at scale 3, with all digits of the scale.
    package static func description(unscaled: Int128, scale: Int) -> String {
        let digits = unscaled.magnitude.padded(to: scale + 1)
        let sign = unscaled < 0 ? "-" : ""
        return scale == 0 ? sign + digits : "\(sign)\(digits.dropLast(scale)).\(digits.suffix(scale))"
    }
}

extension Column {
    /// A decimal column of scaled integers, nil being null: each value is the number times 10^`scale`.
    ///
    /// Throws `invalidArgument` unless `precision` is 1...38 and `scale` 0...`precision`, and `overflow` for a value of more
    /// than `precision` digits.
    public init(decimals values: [Int128?], precision: Int, scale: Int) throws(StoaError) {
        guard (1...DataType.maximumDecimalPrecision).contains(precision), (0...precision).contains(scale) else {
            throw StoaError(
                .invalidArgument, "decimal(\(precision), \(scale)) is no type",
                advice:
                    "a decimal has 1 to \(DataType.maximumDecimalPrecision) digits, 0 to all of them after the point")
        }
        for (row, value) in values.enumerated() {
            if let value, !Decimals.fits(value, precision: precision) {
                throw StoaError(
                    .overflow, "the scaled value \(value) has more than \(precision) digits",
                    advice: "use a larger precision", at: .init(row: row))
            }
        }
        let type = DataType.decimal(precision: precision, scale: scale)
        let region = MemoryRegion(byteCount: values.count * (type.storageType.byteWidth ?? 0))
        if type.storageType == .int64 {
            let target = region.bound(to: Int64.self)
            for (row, value) in values.enumerated() { target[row] = Int64(truncatingIfNeeded: value ?? 0) }
        } else {
            let target = region.bound(to: Int128.self)
            for (row, value) in values.enumerated() { target[row] = value ?? 0 }
        }
        self.init(
            type: type, count: values.count, validity: StoaColumns.validity(of: values), storage: .fixed(region.buffer))
    }

    /// The scaled integers of a decimal column, nil for null. Throws `typeMismatch` for other types.
    public func unscaledDecimals() throws(StoaError) -> [Int128?] {
        guard type.isDecimal else {
            throw StoaError(.typeMismatch, "the column holds \(type), not decimals", advice: "cast it to a decimal")
        }
        return (0..<count).map { isNull(at: $0) ? nil : unscaledDecimal(at: $0) }
    }

    /// The scaled integer of a row of a decimal column; unspecified where it is null.
    package func unscaledDecimal(at row: Int) -> Int128 {
        type.storageType == .int64 ? Int128(values(as: Int64.self)[row]) : values(as: Int128.self)[row]
    }
}
