internal import CStoaVector
import StoaColumns

/// The bits of one fixed-width value: selection moves values and never looks at them, so it is written once per width.
protocol SelectableValue: BitwiseCopyable {
    static var empty: Self { get }

    /// Moves the values at the set places of `mask` among 64 together; may write 64 bytes past the last one.
    static func compress(_ values: UnsafePointer<Self>, _ mask: UInt64, to target: UnsafeMutablePointer<Self>) -> Int
}

extension UInt8: SelectableValue {
    static var empty: UInt8 { 0 }
    @inline(__always)
    static func compress(_ values: UnsafePointer<UInt8>, _ mask: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int
    {
        Int(stoa_compress_8(values, mask, target))
    }
}

extension UInt16: SelectableValue {
    static var empty: UInt16 { 0 }
    @inline(__always)
    static func compress(
        _ values: UnsafePointer<UInt16>, _ mask: UInt64, to target: UnsafeMutablePointer<UInt16>
    ) -> Int {
        Int(stoa_compress_16(values, mask, target))
    }
}

extension UInt32: SelectableValue {
    static var empty: UInt32 { 0 }
    @inline(__always)
    static func compress(
        _ values: UnsafePointer<UInt32>, _ mask: UInt64, to target: UnsafeMutablePointer<UInt32>
    ) -> Int {
        Int(stoa_compress_32(values, mask, target))
    }
}

extension UInt64: SelectableValue {
    static var empty: UInt64 { 0 }
    @inline(__always)
    static func compress(
        _ values: UnsafePointer<UInt64>, _ mask: UInt64, to target: UnsafeMutablePointer<UInt64>
    ) -> Int {
        Int(stoa_compress_64(values, mask, target))
    }
}

extension UInt128: SelectableValue {
    static var empty: UInt128 { 0 }
    @inline(__always)
    static func compress(
        _ values: UnsafePointer<UInt128>, _ mask: UInt64, to target: UnsafeMutablePointer<UInt128>
    ) -> Int {
        Int(stoa_compress_128(values, mask, target))
    }
}

/// Work to be done for one width of value.
protocol SelectionBody {
    associatedtype Result
    func run<Value: SelectableValue>(_ type: Value.Type) -> Result
}

/// Runs the body for the width in bytes.
func withSelectableValue<Body: SelectionBody>(ofWidth width: Int, _ body: Body) -> Body.Result {
    switch width {
    case 1: body.run(UInt8.self)
    case 2: body.run(UInt16.self)
    case 4: body.run(UInt32.self)
    case 8: body.run(UInt64.self)
    case 16: body.run(UInt128.self)
    default: preconditionFailure("no column value is \(width) bytes wide")
    }
}
