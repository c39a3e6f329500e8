/// How one value of an Arrow layout becomes a value of ours.
private protocol ValueConversion {
    associatedtype Source: FixedWidthInteger & BitwiseCopyable
    associatedtype Target: FixedWidthInteger & BitwiseCopyable
    /// The value as we hold it; nil when that cannot be.
    func target(_ source: Source) -> Target?
    /// Why `target` was nil, and what would be right.
    func complaint(_ source: Source) -> (message: String, advice: String)
}

extension ColumnImport {
    /// A column of converted values. Null rows become zero; their slots may hold anything and are not looked at.
    private func converted<Conversion: ValueConversion>(
        to type: DataType, by conversion: Conversion
    ) throws(StoaError) -> Column {
        let stride = MemoryLayout<Conversion.Source>.size
        let rows = try buffer(1) + offset * stride
        let validity = movedValidity
        let bits = validity?.base
        let region = MemoryRegion(of: Conversion.Target.self, count: count)
        let values = region.bound(to: Conversion.Target.self)
        for row in 0..<count {
            if let bits, !Bitmap.bit(bits, at: row) {
                values[row] = 0
                continue
            }
            let value = (rows + row * stride).loadUnaligned(as: Conversion.Source.self)
            guard let target = conversion.target(value) else {
                let (message, advice) = conversion.complaint(value)
                throw failure(.castFailed, "\(message) in row \(row) of the batch", advice: advice)
            }
            values[row] = target
        }
        return Column(type: type, count: count, validity: validity, storage: .fixed(region.buffer))
    }

    /// Scaled integers of 32, 64 or 128 bits to Int64 (up to 18 digits) or Int128.
    func decimal(bits: Int, precision: Int, scale: Int) throws(StoaError) -> Column {
        let type = DataType.decimal(precision: precision, scale: scale)
        switch (bits, type.storageType) {
        case (64, .int64), (128, .int128): return try fixed(type)
        case (32, .int64):
            return try converted(to: type, by: DecimalConversion<Int32, Int64>(precision: precision))
        case (128, .int64):
            return try converted(to: type, by: DecimalConversion<Int128, Int64>(precision: precision))
        case (32, _): return try converted(to: type, by: DecimalConversion<Int32, Int128>(precision: precision))
        default: return try converted(to: type, by: DecimalConversion<Int64, Int128>(precision: precision))
        }
    }

    /// Milliseconds that must be whole days.
    func date() throws(StoaError) -> Column {
        try converted(to: .date32, by: DateConversion())
    }

    /// Timestamps of other units to microseconds.
    func timestamp(_ unit: ArrowForm.TimeUnit) throws(StoaError) -> Column {
        let type = field.form.type
        return switch unit {
        case .seconds: try converted(to: type, by: CoarseTimestampConversion(factor: 1_000_000, unit: "s"))
        case .milliseconds: try converted(to: type, by: CoarseTimestampConversion(factor: 1_000, unit: "ms"))
        case .nanoseconds: try converted(to: type, by: NanosecondConversion(isExact: options.nanoseconds == .exact))
        }
    }
}

private struct DecimalConversion<Source, Target>: ValueConversion
where Source: FixedWidthInteger & BitwiseCopyable, Target: FixedWidthInteger & BitwiseCopyable {
    let precision: Int
    let limit: Int128

    init(precision: Int) {
        self.precision = precision
        limit = Decimals.powerOfTen(precision)
    }

    func target(_ source: Source) -> Target? {
        let value = Int128(truncatingIfNeeded: source)
        return value > -limit && value < limit ? Target(truncatingIfNeeded: value) : nil
    }

    func complaint(_ source: Source) -> (message: String, advice: String) {
        ("the scaled decimal \(source) has more than \(precision) digits", "declare the precision that the values have")
    }
}

private struct DateConversion: ValueConversion {
    func target(_ source: Int64) -> Int32? {
        let (days, rest) = source.quotientAndRemainder(dividingBy: 86_400_000)
        return rest == 0 ? Int32(exactly: days) : nil
    }

    func complaint(_ source: Int64) -> (message: String, advice: String) {
        ("the date64 value \(source) ms is no whole day within date32's range", "cast the column to a timestamp")
    }
}

private struct CoarseTimestampConversion: ValueConversion {
    let factor: Int64
    let unit: String

    func target(_ source: Int64) -> Int64? {
        let (product, overflow) = source.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    func complaint(_ source: Int64) -> (message: String, advice: String) {
        ("the timestamp \(source) \(unit) does not fit 64 bits of microseconds", "replace such values by null")
    }
}

private struct NanosecondConversion: ValueConversion {
    let isExact: Bool

    func target(_ source: Int64) -> Int64? {
        let (quotient, rest) = source.quotientAndRemainder(dividingBy: 1_000)
        if rest == 0 { return quotient }
        return isExact ? nil : rest < 0 ? quotient - 1 : quotient
    }

    func complaint(_ source: Int64) -> (message: String, advice: String) {
        (
            "the timestamp \(source) ns is finer than microseconds",
            "cast the column to microseconds, or import it with nanoseconds rounded down"
        )
    }
}
