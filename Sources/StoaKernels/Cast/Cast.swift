import StoaColumns

/// Conversions between column types.
///
/// Nulls: stay null. NaN: an error (or null) towards integers and decimals, kept between floats.
/// Overflow: a value that the target cannot hold raises `castFailed` with row and value, or becomes null when asked. Floats
/// lose their fraction towards integers, as decimals do; decimals round halves away from zero where the scale shrinks;
/// float64 to float32 rounds and may become infinite. Numbers are true unless they are zero. Text is parsed strictly: no
/// spaces, the whole text.
/// Empty: empty. Cost: number to number at memory speed; decimals and text value by value.
package enum Cast {
    /// The operand's values as `type`.
    package static func cast(
        _ operand: Operand, to type: DataType, nullOnFailure: Bool, in rows: RowScope
    ) throws(StoaError) -> Column {
        if operand.type == type { return operand.column(count: rows.count) }
        if operand.isNullConstant || (!operand.isConstant && operand.column.nullCount == rows.count) {
            return Column.nulls(type, count: rows.count)
        }
        let task = CastTask(operand: operand, type: type, nullOnFailure: nullOnFailure, rows: rows)
        switch (operand.type, type) {
        case (_, .utf8): return try TextFormatting.format(operand, count: rows.count)
        case (.utf8, _): return try task.parseText()
        case (.bool, _): return try task.fromBool()
        case (_, .bool): return try task.toBool()
        case (.date32, .timestamp): return try task.convertFixed(DaysToMicroseconds())
        case (.timestamp, .date32): return try task.convertFixed(MicrosecondsToDays())
        case (.timestamp, .timestamp): return operand.column(count: rows.count).reinterpreted(as: type)
        case (.decimal(let digits, let places), .decimal(let precision, let scale))
        where places == scale && digits <= precision && operand.type.storageType == type.storageType:
            return operand.column(count: rows.count).reinterpreted(as: type)
        case (.float32, .decimal), (.float64, .decimal): return try task.floatToDecimal()
        case (.decimal, .float32), (.decimal, .float64): return try task.decimalToFloat()
        case (_, .decimal): return try task.toDecimal()
        case (.decimal, _): return try task.decimalToInteger()
        default: return try task.numeric()
        }
    }
}

/// Conversion of one fixed-width value.
protocol FixedConversion {
    associatedtype Source: BitwiseCopyable
    associatedtype Target: BitwiseCopyable
    /// Whether the target type cannot hold the value.
    func fails(_ value: Source) -> Bool
    /// The converted value; anything where `fails`, but no trap.
    func convert(_ value: Source) -> Target
}

/// One cast of one operand.
struct CastTask {
    let operand: Operand
    let type: DataType
    let nullOnFailure: Bool
    let rows: RowScope

    /// Converts in blocks that only note whether anything failed; a block that did is looked through again.
    func convertFixed<Conversion: FixedConversion>(_ conversion: Conversion) throws(StoaError) -> Column {
        let region = MemoryRegion(of: Conversion.Target.self, count: rows.count)
        let target = region.bound(to: Conversion.Target.self)
        let values = OperandValues<Conversion.Source>(operand)
        var failures: MemoryRegion?
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let length = min(Operand.constantRows, rows.count &- start)
            let block = values.block(at: start)
            let result = target + start
            var failed: UInt8 = 0
            for index in 0..<length {
                failed |= conversion.fails(block[index]) ? 1 : 0
                result[index] = conversion.convert(block[index])
            }
            if failed != 0 {
                let noted = failures ?? MemoryRegion(bits: rows.count, zeroed: true)
                failures = noted
                for index in 0..<length where conversion.fails(block[index]) {
                    Bitmap.set(noted.base, at: start + index, to: true)
                }
            }
        }
        return try settle(.fixed(region.buffer), failures)
    }

    /// The column of converted values: failed rows become null, or the first of them that counts is an error.
    func settle(_ storage: Column.Storage, _ failures: MemoryRegion?) throws(StoaError) -> Column {
        var valid = validity(of: [operand], count: rows.count)
        if let failures {
            let failed = failures.bound(to: UInt64.self)
            let kept = MemoryRegion(bits: rows.count)
            let words = kept.bound(to: UInt64.self)
            for row in stride(from: 0, to: rows.count, by: 64) {
                let judged = operand.validityWord(at: row, count: rows.count) & rows.word(at: row)
                if !nullOnFailure, failed[row >> 6] & judged != 0 {
                    throw failure(at: row + (failed[row >> 6] & judged).trailingZeroBitCount)
                }
                words[row >> 6] = operand.validityWord(at: row, count: rows.count) & ~failed[row >> 6]
            }
            if nullOnFailure { valid = kept }
        }
        return Column(type: type, count: rows.count, validity: valid?.buffer, storage: storage)
    }

    /// The error of one row.
    func failure(at row: Int) -> StoaError {
        let value = operand.column.formatted(at: operand.isConstant ? 0 : row)
        let message =
            operand.type == .utf8 ? "the text '\(value)' cannot be read as \(type)" : "\(value) does not fit \(type)"
        return StoaError(
            .castFailed, message,
            advice: "correct the value, cast to a type that holds it, or use tryCast(to:), which gives null",
            at: .init(row: row))
    }

    /// True is 1, false is 0.
    func fromBool() throws(StoaError) -> Column {
        let region = MemoryRegion(of: UInt8.self, count: rows.count)
        let target = region.bound(to: UInt8.self)
        for start in stride(from: 0, to: rows.count, by: 64) {
            let word = operand.bitsWord(at: start, count: rows.count)
            for place in 0..<min(64, rows.count &- start) {
                target[start &+ place] = UInt8(truncatingIfNeeded: (word &>> UInt64(truncatingIfNeeded: place)) & 1)
            }
        }
        let numbers = Column(
            type: .uint8, count: rows.count, values: region,
            validity: validity(of: [operand], count: rows.count))
        return try Cast.cast(Operand(numbers), to: type, nullOnFailure: nullOnFailure, in: rows)
    }

    /// Everything but zero is true, NaN as well.
    func toBool() throws(StoaError) -> Column {
        let zero = try Cast.cast(
            Operand(constant: Column([Int8(0)])), to: operand.type, nullOnFailure: false, in: RowScope(count: 1))
        return Comparison.compare(.notEqual, operand, Operand(constant: zero), count: rows.count)
    }
}
