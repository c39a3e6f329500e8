internal import CStoaVector
import StoaColumns

/// A type of at most 64 bits whose values become order keys (`OrderKeys`) 16 rows at a time.
protocol OrderedLanes: BitwiseCopyable {
    static func keys(_ values: UnsafePointer<Self>) -> SIMD16<Int64>
    var key: Int64 { get }
}

extension OrderedLanes where Self: IntegerLanes {
    @inline(__always)
    static func keys(_ values: UnsafePointer<Self>) -> SIMD16<Int64> { load(values) }
    @inline(__always)
    var key: Int64 { Int64(truncatingIfNeeded: self) }
}

extension Int8: OrderedLanes {}
extension Int16: OrderedLanes {}
extension Int32: OrderedLanes {}
extension Int64: OrderedLanes {}
extension UInt8: OrderedLanes {}
extension UInt16: OrderedLanes {}
extension UInt32: OrderedLanes {}
extension UInt64: OrderedLanes {}

extension Float: OrderedLanes {
    @inline(__always)
    static func keys(_ values: UnsafePointer<Float>) -> SIMD16<Int64> { stoa_order_f32x16(values) }
    @inline(__always)
    var key: Int64 { OrderKeys.key(self) }
}

extension Double: OrderedLanes {
    @inline(__always)
    static func keys(_ values: UnsafePointer<Double>) -> SIMD16<Int64> { stoa_order_f64x16(values) }
    @inline(__always)
    var key: Int64 { OrderKeys.key(self) }
}
