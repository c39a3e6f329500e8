internal import CStoaVector
import StoaColumns

/// A fixed-width value with the total order of comparisons, sorts and keys: numbers by size, -0 equal to +0, all NaN equal
/// and greater than every number.
protocol ComparedValue: BitwiseCopyable, Sendable {
    static func isLess(_ left: Self, _ right: Self) -> Bool
    static func isEqual(_ left: Self, _ right: Self) -> Bool
    var isNaNValue: Bool { get }

    /// Bit r is set where row r of `left` is less than that of `right`; reads 64 rows of both.
    static func lessWord(_ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>) -> UInt64
    /// Bit r is set where row r of `left` equals that of `right`; reads 64 rows of both.
    static func equalWord(_ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>) -> UInt64

    /// Bit r is set where row r is less than a constant other than NaN; reads 64 rows.
    static func lessWord(_ values: UnsafePointer<Self>, than constant: Self) -> UInt64
    /// Bit r is set where row r is greater than a constant other than NaN; reads 64 rows.
    static func greaterWord(_ values: UnsafePointer<Self>, than constant: Self) -> UInt64
    /// Bit r is set where row r equals a constant other than NaN; reads 64 rows.
    static func equalWord(_ values: UnsafePointer<Self>, to constant: Self) -> UInt64
}

extension ComparedValue where Self: Comparable {
    @inline(__always)
    static func isLess(_ left: Self, _ right: Self) -> Bool { left < right }
    @inline(__always)
    static func isEqual(_ left: Self, _ right: Self) -> Bool { left == right }
    @inline(__always)
    var isNaNValue: Bool { false }
}

extension ComparedValue where Self: BinaryFloatingPoint {
    // `!(x >= y)` holds where a side is NaN; a left NaN is less than nothing.
    @inline(__always)
    static func isLess(_ left: Self, _ right: Self) -> Bool { !(left >= right) && left == left }
    @inline(__always)
    static func isEqual(_ left: Self, _ right: Self) -> Bool { left == right || (left != left && right != right) }
    @inline(__always)
    var isNaNValue: Bool { self != self }
}

extension Int8: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Int8>, _ right: UnsafePointer<Int8>) -> UInt64 {
        stoa_less_i8(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Int8>, _ right: UnsafePointer<Int8>) -> UInt64 {
        stoa_equal_i8(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Int8>, than constant: Int8) -> UInt64 {
        stoa_below_i8(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Int8>, than constant: Int8) -> UInt64 {
        stoa_above_i8(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Int8>, to constant: Int8) -> UInt64 {
        stoa_same_i8(values, constant)
    }
}

extension Int16: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Int16>, _ right: UnsafePointer<Int16>) -> UInt64 {
        stoa_less_i16(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Int16>, _ right: UnsafePointer<Int16>) -> UInt64 {
        stoa_equal_i16(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Int16>, than constant: Int16) -> UInt64 {
        stoa_below_i16(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Int16>, than constant: Int16) -> UInt64 {
        stoa_above_i16(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Int16>, to constant: Int16) -> UInt64 {
        stoa_same_i16(values, constant)
    }
}

extension Int32: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Int32>, _ right: UnsafePointer<Int32>) -> UInt64 {
        stoa_less_i32(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Int32>, _ right: UnsafePointer<Int32>) -> UInt64 {
        stoa_equal_i32(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Int32>, than constant: Int32) -> UInt64 {
        stoa_below_i32(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Int32>, than constant: Int32) -> UInt64 {
        stoa_above_i32(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Int32>, to constant: Int32) -> UInt64 {
        stoa_same_i32(values, constant)
    }
}

extension Int64: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Int64>, _ right: UnsafePointer<Int64>) -> UInt64 {
        stoa_less_i64(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Int64>, _ right: UnsafePointer<Int64>) -> UInt64 {
        stoa_equal_i64(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Int64>, than constant: Int64) -> UInt64 {
        stoa_below_i64(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Int64>, than constant: Int64) -> UInt64 {
        stoa_above_i64(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Int64>, to constant: Int64) -> UInt64 {
        stoa_same_i64(values, constant)
    }
}

extension UInt8: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>) -> UInt64 {
        stoa_less_u8(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>) -> UInt64 {
        stoa_equal_u8(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<UInt8>, than constant: UInt8) -> UInt64 {
        stoa_below_u8(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<UInt8>, than constant: UInt8) -> UInt64 {
        stoa_above_u8(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<UInt8>, to constant: UInt8) -> UInt64 {
        stoa_same_u8(values, constant)
    }
}

extension UInt16: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<UInt16>, _ right: UnsafePointer<UInt16>) -> UInt64 {
        stoa_less_u16(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<UInt16>, _ right: UnsafePointer<UInt16>) -> UInt64 {
        stoa_equal_u16(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<UInt16>, than constant: UInt16) -> UInt64 {
        stoa_below_u16(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<UInt16>, than constant: UInt16) -> UInt64 {
        stoa_above_u16(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<UInt16>, to constant: UInt16) -> UInt64 {
        stoa_same_u16(values, constant)
    }
}

extension UInt32: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<UInt32>, _ right: UnsafePointer<UInt32>) -> UInt64 {
        stoa_less_u32(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<UInt32>, _ right: UnsafePointer<UInt32>) -> UInt64 {
        stoa_equal_u32(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<UInt32>, than constant: UInt32) -> UInt64 {
        stoa_below_u32(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<UInt32>, than constant: UInt32) -> UInt64 {
        stoa_above_u32(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<UInt32>, to constant: UInt32) -> UInt64 {
        stoa_same_u32(values, constant)
    }
}

extension UInt64: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<UInt64>, _ right: UnsafePointer<UInt64>) -> UInt64 {
        stoa_less_u64(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<UInt64>, _ right: UnsafePointer<UInt64>) -> UInt64 {
        stoa_equal_u64(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<UInt64>, than constant: UInt64) -> UInt64 {
        stoa_below_u64(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<UInt64>, than constant: UInt64) -> UInt64 {
        stoa_above_u64(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<UInt64>, to constant: UInt64) -> UInt64 {
        stoa_same_u64(values, constant)
    }
}

extension Float: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>) -> UInt64 {
        stoa_less_f32(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>) -> UInt64 {
        stoa_equal_f32(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Float>, than constant: Float) -> UInt64 {
        stoa_below_f32(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Float>, than constant: Float) -> UInt64 {
        stoa_above_f32(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Float>, to constant: Float) -> UInt64 {
        stoa_same_f32(values, constant)
    }
}

extension Double: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>) -> UInt64 {
        stoa_less_f64(left, right)
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>) -> UInt64 {
        stoa_equal_f64(left, right)
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Double>, than constant: Double) -> UInt64 {
        stoa_below_f64(values, constant)
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Double>, than constant: Double) -> UInt64 {
        stoa_above_f64(values, constant)
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Double>, to constant: Double) -> UInt64 {
        stoa_same_f64(values, constant)
    }
}

extension Int128: ComparedValue {
    @inline(__always)
    static func lessWord(_ left: UnsafePointer<Int128>, _ right: UnsafePointer<Int128>) -> UInt64 {
        var word: UInt64 = 0
        for row in 0..<64 { word |= (left[row] < right[row] ? 1 : 0) &<< UInt64(truncatingIfNeeded: row) }
        return word
    }
    @inline(__always)
    static func equalWord(_ left: UnsafePointer<Int128>, _ right: UnsafePointer<Int128>) -> UInt64 {
        var word: UInt64 = 0
        for row in 0..<64 { word |= (left[row] == right[row] ? 1 : 0) &<< UInt64(truncatingIfNeeded: row) }
        return word
    }
    @inline(__always)
    static func lessWord(_ values: UnsafePointer<Int128>, than constant: Int128) -> UInt64 {
        var word: UInt64 = 0
        for row in 0..<64 { word |= (values[row] < constant ? 1 : 0) &<< UInt64(truncatingIfNeeded: row) }
        return word
    }
    @inline(__always)
    static func greaterWord(_ values: UnsafePointer<Int128>, than constant: Int128) -> UInt64 {
        var word: UInt64 = 0
        for row in 0..<64 { word |= (values[row] > constant ? 1 : 0) &<< UInt64(truncatingIfNeeded: row) }
        return word
    }
    @inline(__always)
    static func equalWord(_ values: UnsafePointer<Int128>, to constant: Int128) -> UInt64 {
        var word: UInt64 = 0
        for row in 0..<64 { word |= (values[row] == constant ? 1 : 0) &<< UInt64(truncatingIfNeeded: row) }
        return word
    }
}

/// Work to be done for one ordered type.
protocol ComparedBody {
    associatedtype Result
    func run<Value: ComparedValue>(_ type: Value.Type) -> Result
}

/// Runs the body for the fixed-width type of the storage.
func withComparedValue<Body: ComparedBody>(_ storage: StorageType, _ body: Body) -> Body.Result {
    switch storage {
    case .int8: body.run(Int8.self)
    case .int16: body.run(Int16.self)
    case .int32: body.run(Int32.self)
    case .int64: body.run(Int64.self)
    case .int128: body.run(Int128.self)
    case .uint8: body.run(UInt8.self)
    case .uint16: body.run(UInt16.self)
    case .uint32: body.run(UInt32.self)
    case .uint64: body.run(UInt64.self)
    case .float32: body.run(Float.self)
    case .float64: body.run(Double.self)
    case .bool, .utf8: preconditionFailure("\(storage) values have no fixed width in bytes")
    }
}
