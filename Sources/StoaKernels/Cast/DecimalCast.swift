import Glibc
import StoaColumns

extension CastTask {
    /// From integers and decimals to a decimal.
    func toDecimal() throws(StoaError) -> Column {
        guard case .decimal(let precision, let scale) = type else { preconditionFailure("\(type) is not a decimal") }
        var sourceScale = 0
        if case .decimal(_, let scale) = operand.type { sourceScale = scale }
        return try withInteger(
            operand.type.storageType,
            DecimalTarget(task: self, digits: scale - sourceScale, precision: precision))
    }

    /// Towards zero, like floats.
    func decimalToInteger() throws(StoaError) -> Column {
        guard case .decimal(_, let scale) = operand.type else {
            preconditionFailure("\(operand.type) is not a decimal")
        }
        return try withInteger(type.storageType, DecimalSource(task: self, scale: scale))
    }

    /// The nearest float.
    func decimalToFloat() throws(StoaError) -> Column {
        guard case .decimal(_, let scale) = operand.type else {
            preconditionFailure("\(operand.type) is not a decimal")
        }
        let doubles =
            operand.type.storageType == .int64
            ? try CastTask(operand: operand, type: .float64, nullOnFailure: nullOnFailure, rows: rows)
                .convertFixed(DecimalToDouble<Int64>(scale: scale))
            : try CastTask(operand: operand, type: .float64, nullOnFailure: nullOnFailure, rows: rows)
                .convertFixed(DecimalToDouble<Int128>(scale: scale))
        return try Cast.cast(Operand(doubles), to: type, nullOnFailure: nullOnFailure, in: rows)
    }

    /// The decimal nearest to the shortest text that stands for the float: 0.285 becomes 0.29, although its binary value
    /// lies below 0.285 (as in Spark).
    func floatToDecimal() throws(StoaError) -> Column {
        guard case .decimal(let precision, let scale) = type else { preconditionFailure("\(type) is not a decimal") }
        let isNarrow = type.storageType == .int64
        if operand.type == .float32 {
            return isNarrow
                ? try convertFixed(FloatToDecimal<Float, Int64>(precision: precision, scale: scale))
                : try convertFixed(FloatToDecimal<Float, Int128>(precision: precision, scale: scale))
        }
        return isNarrow
            ? try convertFixed(FloatToDecimal<Double, Int64>(precision: precision, scale: scale))
            : try convertFixed(FloatToDecimal<Double, Int128>(precision: precision, scale: scale))
    }
}

private struct DecimalTarget: IntegerBody {
    let task: CastTask
    let digits: Int
    let precision: Int

    func run<Source: ColumnInteger>(_: Source.Type) throws(StoaError) -> Column {
        if task.type.storageType == .int128 {
            return try task.convertFixed(Rescaling<Source, Int128>(digits: digits, precision: precision))
        }
        if Source.bitWidth < 64 || Source.self == Int64.self {
            if (0...DataType.maximumNarrowDecimalPrecision).contains(digits) {
                return try task.convertFixed(NarrowScaling<Source>(digits: digits, precision: precision))
            }
        }
        return try task.convertFixed(Rescaling<Source, Int64>(digits: digits, precision: precision))
    }
}

/// Moves the decimal point to the right in 64 bits: a value within the bound has few enough digits.
private struct NarrowScaling<Source: ColumnInteger>: FixedConversion {
    private let factor: Int64
    private let bound: Int64

    init(digits: Int, precision: Int) {
        factor = Int64(truncatingIfNeeded: Decimals.powerOfTen(digits))
        bound = digits > precision ? 1 : Int64(truncatingIfNeeded: Decimals.powerOfTen(precision - digits))
    }

    @inline(__always)
    func fails(_ value: Source) -> Bool {
        let wide = Int64(truncatingIfNeeded: value)
        return wide >= bound || wide <= 0 &- bound
    }
    @inline(__always)
    func convert(_ value: Source) -> Int64 { Int64(truncatingIfNeeded: value) &* factor }
}

/// Moves the decimal point of scaled integers: exact to the right, halves away from zero to the left.
private struct Rescaling<Source: ColumnInteger, Target: ColumnInteger>: FixedConversion {
    private let factor: Int128
    private let unit: Int128
    private let limit: Int128

    init(digits: Int, precision: Int) {
        factor = digits > 0 ? Decimals.powerOfTen(digits) : 1
        unit = digits < 0 ? Decimals.powerOfTen(-digits) : 1
        limit = Decimals.powerOfTen(precision)
    }

    @inline(__always)
    private func rescaled(_ value: Source) -> (partialValue: Int128, overflow: Bool) {
        let wide = Int128(truncatingIfNeeded: value)
        if unit == 1 { return wide.multipliedReportingOverflow(by: factor) }
        return (DecimalArithmetic.rescaledDown(wide, unit: unit), false)
    }

    @inline(__always)
    func fails(_ value: Source) -> Bool {
        let (result, overflow) = rescaled(value)
        return overflow || result >= limit || result <= -limit
    }
    @inline(__always)
    func convert(_ value: Source) -> Target { Target(truncatingIfNeeded: rescaled(value).partialValue) }
}

private struct DecimalSource: IntegerBody {
    let task: CastTask
    let scale: Int

    func run<Target: ColumnInteger>(_: Target.Type) throws(StoaError) -> Column {
        task.operand.type.storageType == .int64
            ? try task.convertFixed(DecimalToInteger<Int64, Target>(scale: scale))
            : try task.convertFixed(DecimalToInteger<Int128, Target>(scale: scale))
    }
}

private struct DecimalToInteger<Source: ColumnInteger, Target: ColumnInteger>: FixedConversion {
    private let unit: Source

    init(scale: Int) {
        unit = Source(truncatingIfNeeded: Decimals.powerOfTen(scale))
    }

    @inline(__always)
    func fails(_ value: Source) -> Bool { Target(exactly: value / unit) == nil }
    @inline(__always)
    func convert(_ value: Source) -> Target { Target(truncatingIfNeeded: value / unit) }
}

private struct DecimalToDouble<Source: ColumnInteger>: FixedConversion {
    private let scale: Int
    private let unit: Double
    private let isUnitExact: Bool

    init(scale: Int) {
        self.scale = scale
        // 10^22 is the largest power of ten that a float64 holds exactly.
        isUnitExact = scale <= 22
        unit = Double(Decimals.powerOfTen(scale))
    }

    @inline(__always)
    func fails(_ value: Source) -> Bool { false }

    @inline(__always)
    func convert(_ value: Source) -> Double {
        // Both exact: one division, rounded once. Else the text's value, rounded once as well.
        if isUnitExact, value.magnitude <= (1 << 53) as Source.Magnitude {
            return Double(Int64(truncatingIfNeeded: value)) / unit
        }
        return strtod(Decimals.description(unscaled: Int128(truncatingIfNeeded: value), scale: scale), nil)
    }
}

private struct FloatToDecimal<Source: ConvertibleFloat, Target: ColumnInteger>: FixedConversion {
    private let limit: Int128
    private let scale: Int

    init(precision: Int, scale: Int) {
        limit = Decimals.powerOfTen(precision)
        self.scale = scale
    }

    private func parsed(_ value: Source) -> Int128? {
        guard value.isFinite else { return nil }
        var text = "\(value)"
        return text.withUTF8 { NumberParser.decimal($0, limit: limit, scale: scale) }
    }

    func fails(_ value: Source) -> Bool { parsed(value) == nil }
    func convert(_ value: Source) -> Target { Target(truncatingIfNeeded: parsed(value) ?? 0) }
}
