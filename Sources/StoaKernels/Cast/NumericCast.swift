internal import CStoaVector
import StoaColumns

extension CastTask {
    /// Between integers and floats; dates and timestamps count as their integers.
    func numeric() throws(StoaError) -> Column {
        let source = operand.type.storageType
        let target = type.storageType
        switch (source.isFloat, target.isFloat) {
        case (false, false): return try withInteger(source, IntegerSource(task: self, target: target))
        case (false, true): return try withInteger(source, IntegerToFloatSource(task: self, target: target))
        case (true, false): return try withInteger(target, FloatToIntegerTarget(task: self, source: source))
        case (true, true):
            return source == .float32
                ? try convertFixed(Widening())
                : try convertFixed(Narrowing())
        }
    }
}

extension CastTask {
    /// The conversions that programs run on blocks: among the numbers of 32 and 64 bits. Nil for others.
    static func laneKernel(from source: StorageType, to target: StorageType) -> LaneKernel? {
        switch (source, target) {
        case (.int32, .int64): LaneKernel(converting: IntegerConversion<Int32, Int64>())
        case (.int64, .int32): LaneKernel(converting: IntegerConversion<Int64, Int32>())
        case (.uint32, .int64): LaneKernel(converting: IntegerConversion<UInt32, Int64>())
        case (.int16, .int32): LaneKernel(converting: IntegerConversion<Int16, Int32>())
        case (.int16, .int64): LaneKernel(converting: IntegerConversion<Int16, Int64>())
        case (.int8, .int32): LaneKernel(converting: IntegerConversion<Int8, Int32>())
        case (.int8, .int64): LaneKernel(converting: IntegerConversion<Int8, Int64>())
        case (.int8, .float64): LaneKernel(converting: IntegerToFloat<Int8, Double>())
        case (.int16, .float64): LaneKernel(converting: IntegerToFloat<Int16, Double>())
        case (.int32, .float64): LaneKernel(converting: IntegerToFloat<Int32, Double>())
        case (.int64, .float64): LaneKernel(converting: IntegerToFloat<Int64, Double>())
        case (.uint32, .float64): LaneKernel(converting: IntegerToFloat<UInt32, Double>())
        case (.int32, .float32): LaneKernel(converting: IntegerToFloat<Int32, Float>())
        case (.float32, .float64): LaneKernel(converting: Widening())
        case (.float64, .float32): LaneKernel(converting: Narrowing())
        default: nil
        }
    }
}

/// float32 to float64, exact.
private struct Widening: FixedConversion {
    @inline(__always)
    func fails(_ value: Float) -> Bool { false }
    @inline(__always)
    func convert(_ value: Float) -> Double { Double(value) }
}

/// float64 to float32, rounded to the nearest.
private struct Narrowing: FixedConversion {
    @inline(__always)
    func fails(_ value: Double) -> Bool { false }
    @inline(__always)
    func convert(_ value: Double) -> Float { Float(value) }
}

private struct IntegerConversion<Source: ColumnInteger, Target: ColumnInteger>: FixedConversion {
    @inline(__always)
    func fails(_ value: Source) -> Bool {
        let converted = Target(truncatingIfNeeded: value)
        return Source(truncatingIfNeeded: converted) != value || (converted < 0) != (value < 0)
    }
    @inline(__always)
    func convert(_ value: Source) -> Target { Target(truncatingIfNeeded: value) }
}

private struct IntegerToFloat<Source: ColumnInteger, Target: ConvertibleFloat>: FixedConversion {
    @inline(__always)
    func fails(_ value: Source) -> Bool { false }
    @inline(__always)
    func convert(_ value: Source) -> Target {
        Source.isSigned || Source.bitWidth < 64
            ? Target(signed: Int64(truncatingIfNeeded: value)) : Target(unsigned: UInt64(truncatingIfNeeded: value))
    }
}

private struct FloatToInteger<Source: ConvertibleFloat, Target: ColumnInteger>: FixedConversion {
    // Powers of two are exact in every float type, and so the bounds are.
    private let low: Source
    private let high: Source

    init() {
        let bits = Target.isSigned ? Target.bitWidth - 1 : Target.bitWidth
        high = Source(sign: .plus, exponent: Source.Exponent(bits), significand: 1)
        low = Target.isSigned ? -high : 0
    }

    @inline(__always)
    func fails(_ value: Source) -> Bool {
        let whole = value.rounded(.towardZero)
        return !(whole >= low && whole < high)
    }
    @inline(__always)
    func convert(_ value: Source) -> Target {
        let checked = fails(value) ? 0 : value
        return Target.isSigned
            ? Target(truncatingIfNeeded: checked.truncatedSigned)
            : Target(truncatingIfNeeded: checked.truncatedUnsigned)
    }
}

private struct IntegerSource: IntegerBody {
    let task: CastTask
    let target: StorageType

    func run<Source: ColumnInteger>(_: Source.Type) throws(StoaError) -> Column {
        try withInteger(target, Both<Source>(task: task))
    }

    private struct Both<Source: ColumnInteger>: IntegerBody {
        let task: CastTask
        func run<Target: ColumnInteger>(_: Target.Type) throws(StoaError) -> Column {
            try task.convertFixed(IntegerConversion<Source, Target>())
        }
    }
}

private struct IntegerToFloatSource: IntegerBody {
    let task: CastTask
    let target: StorageType

    func run<Source: ColumnInteger>(_: Source.Type) throws(StoaError) -> Column {
        target == .float32
            ? try task.convertFixed(IntegerToFloat<Source, Float>())
            : try task.convertFixed(IntegerToFloat<Source, Double>())
    }
}

private struct FloatToIntegerTarget: IntegerBody {
    let task: CastTask
    let source: StorageType

    func run<Target: ColumnInteger>(_: Target.Type) throws(StoaError) -> Column {
        source == .float32
            ? try task.convertFixed(FloatToInteger<Float, Target>())
            : try task.convertFixed(FloatToInteger<Double, Target>())
    }
}

/// A float whose conversions from and to 64-bit integers are single instructions, also in generic code.
protocol ConvertibleFloat: ColumnFloat {
    init(signed value: Int64)
    init(unsigned value: UInt64)
    /// Without the fraction; the value must be in range.
    var truncatedSigned: Int64 { get }
    /// Without the fraction; the value must be in range.
    var truncatedUnsigned: UInt64 { get }
}

extension Float: ConvertibleFloat {
    @inline(__always)
    init(signed value: Int64) { self.init(value) }
    @inline(__always)
    init(unsigned value: UInt64) { self.init(value) }
    @inline(__always)
    var truncatedSigned: Int64 { stoa_int64_of_f32(self) }
    @inline(__always)
    var truncatedUnsigned: UInt64 { stoa_uint64_of_f32(self) }
}

extension Double: ConvertibleFloat {
    @inline(__always)
    init(signed value: Int64) { self.init(value) }
    @inline(__always)
    init(unsigned value: UInt64) { self.init(value) }
    @inline(__always)
    var truncatedSigned: Int64 { stoa_int64_of_f64(self) }
    @inline(__always)
    var truncatedUnsigned: UInt64 { stoa_uint64_of_f64(self) }
}
