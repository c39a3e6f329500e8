internal import CStoaVector
import StoaColumns

/// A fixed-width value with the total order of comparisons, sorts and keys: numbers by size, -0 equal to +0, all NaN equal
/// and greater than every number.
protocol ComparedValue: BitwiseCopyable, Sendable {
    static func isLess(_ left: Self, _ right: Self) -> Bool
    static func isEqual(_ left: Self, _ right: Self) -> Bool

    /// Bit r is set where row r of `left` is less than that of `right`; reads 64 rows of both.
    static func lessWord(_ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>) -> UInt64
    /// Bit r is set where row r of `left` equals that of `right`; reads 64 rows of both.
    static func equalWord(_ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>) -> UInt64
}

extension ComparedValue where Self: Comparable {
    @inline(__always)
    static func isLess(_ left: Self, _ right: Self) -> Bool { left < right }
    @inline(__always)
    static func isEqual(_ left: Self, _ right: Self) -> Bool { left == right }
}

extension ComparedValue where Self: BinaryFloatingPoint {
    // `!(x >= y)` holds where a side is NaN; a left NaN is less than nothing.
    @inline(__always)
    static func isLess(_ left: Self, _ right: Self) -> Bool { !(left >= right) && left == left }
    @inline(__always)
    static func isEqual(_ left: Self, _ right: Self) -> Bool { left == right || (left != left && right != right) }
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
