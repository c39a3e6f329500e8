/// A fixed-width value that maps to a 64-bit code: codes compare as unsigned integers exactly as values compare in the
/// order of N2, and are equal exactly when the values are.
protocol OrderedValue: BitwiseCopyable {
    var orderCode: UInt64 { get }
}

extension OrderedValue where Self: FixedWidthInteger & SignedInteger {
    @inline(__always)
    var orderCode: UInt64 { UInt64(bitPattern: Int64(self)) ^ (1 << 63) }
}

extension OrderedValue where Self: FixedWidthInteger & UnsignedInteger {
    @inline(__always)
    var orderCode: UInt64 { UInt64(self) }
}

extension Int8: OrderedValue {}
extension Int16: OrderedValue {}
extension Int32: OrderedValue {}
extension Int64: OrderedValue {}
extension UInt8: OrderedValue {}
extension UInt16: OrderedValue {}
extension UInt32: OrderedValue {}
extension UInt64: OrderedValue {}

extension Double: OrderedValue {
    @inline(__always)
    var orderCode: UInt64 {
        // Adding +0.0 turns -0.0 into +0.0 and leaves every other number as it is.
        let bits = self == self ? (self + 0).bitPattern : Double.nan.bitPattern
        // Negative numbers grow with the magnitude of their bits: turn them round, below the positive ones.
        return bits & (1 << 63) == 0 ? bits | (1 << 63) : ~bits
    }
}

extension Float: OrderedValue {
    @inline(__always)
    var orderCode: UInt64 { Double(self).orderCode }
}
