import StoaColumns

/// An integer that columns hold: the eight widths, and Int128 for wide decimals.
protocol ColumnInteger: FixedWidthInteger, BitwiseCopyable, Sendable {}

extension Int8: ColumnInteger {}
extension Int16: ColumnInteger {}
extension Int32: ColumnInteger {}
extension Int64: ColumnInteger {}
extension Int128: ColumnInteger {}
extension UInt8: ColumnInteger {}
extension UInt16: ColumnInteger {}
extension UInt32: ColumnInteger {}
extension UInt64: ColumnInteger {}

/// A float that columns hold.
protocol ColumnFloat: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    /// `fmod`: exact, with the sign of the dividend.
    static func remainder(_ dividend: Self, _ divisor: Self) -> Self
}

extension Float: ColumnFloat {
    @inline(__always)
    static func remainder(_ dividend: Float, _ divisor: Float) -> Float {
        dividend.truncatingRemainder(dividingBy: divisor)
    }
}

extension Double: ColumnFloat {
    @inline(__always)
    static func remainder(_ dividend: Double, _ divisor: Double) -> Double {
        dividend.truncatingRemainder(dividingBy: divisor)
    }
}

/// Work to be done for one integer type.
protocol IntegerBody {
    associatedtype Result
    func run<Value: ColumnInteger>(_ type: Value.Type) throws(StoaError) -> Result
}

/// Work to be done for one float type.
protocol FloatBody {
    associatedtype Result
    func run<Value: ColumnFloat>(_ type: Value.Type) throws(StoaError) -> Result
}

/// Runs the body for the integer type of the storage.
func withInteger<Body: IntegerBody>(_ storage: StorageType, _ body: Body) throws(StoaError) -> Body.Result {
    switch storage {
    case .int8: try body.run(Int8.self)
    case .int16: try body.run(Int16.self)
    case .int32: try body.run(Int32.self)
    case .int64: try body.run(Int64.self)
    case .int128: try body.run(Int128.self)
    case .uint8: try body.run(UInt8.self)
    case .uint16: try body.run(UInt16.self)
    case .uint32: try body.run(UInt32.self)
    case .uint64: try body.run(UInt64.self)
    case .bool, .float32, .float64, .utf8: preconditionFailure("\(storage) values are not integers")
    }
}

/// Runs the body for the float type of the storage.
func withFloat<Body: FloatBody>(_ storage: StorageType, _ body: Body) throws(StoaError) -> Body.Result {
    switch storage {
    case .float32: try body.run(Float.self)
    case .float64: try body.run(Double.self)
    default: preconditionFailure("\(storage) values are not floats")
    }
}

extension StorageType {
    var isInteger: Bool {
        switch self {
        case .bool, .float32, .float64, .utf8: false
        default: true
        }
    }

    var isFloat: Bool { self == .float32 || self == .float64 }
}
