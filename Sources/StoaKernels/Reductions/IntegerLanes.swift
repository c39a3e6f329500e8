internal import CStoaVector
import StoaColumns

/// An integer type of at most 64 bits, read 16 rows at a time.
protocol IntegerLanes: ColumnInteger {
    /// 16 values, widened; of unsigned 64 bits the bits.
    static func load(_ values: UnsafePointer<Self>) -> SIMD16<Int64>
    /// What lies above the lower 32 bits, of loaded values.
    static func upperHalves(_ lanes: SIMD16<Int64>) -> SIMD16<Int64>
    /// The bits that the magnitudes of loaded values take, -2^n taking as many as 2^n - 1.
    static func magnitudeBits(_ lanes: SIMD16<Int64>) -> SIMD16<Int64>
}

extension IntegerLanes {
    @inline(__always)
    static func upperHalves(_ lanes: SIMD16<Int64>) -> SIMD16<Int64> { lanes &>> SIMD16(repeating: 32) }
    @inline(__always)
    static func magnitudeBits(_ lanes: SIMD16<Int64>) -> SIMD16<Int64> { lanes ^ (lanes &>> SIMD16(repeating: 63)) }
}

extension Int8: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<Int8>) -> SIMD16<Int64> { stoa_load_i8x16(values) }
}

extension Int16: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<Int16>) -> SIMD16<Int64> { stoa_load_i16x16(values) }
}

extension Int32: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<Int32>) -> SIMD16<Int64> { stoa_load_i32x16(values) }
}

extension Int64: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<Int64>) -> SIMD16<Int64> { stoa_load_i64x16(values) }
}

extension UInt8: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<UInt8>) -> SIMD16<Int64> { stoa_load_u8x16(values) }
}

extension UInt16: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<UInt16>) -> SIMD16<Int64> { stoa_load_u16x16(values) }
}

extension UInt32: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<UInt32>) -> SIMD16<Int64> { stoa_load_u32x16(values) }
}

extension UInt64: IntegerLanes {
    @inline(__always)
    static func load(_ values: UnsafePointer<UInt64>) -> SIMD16<Int64> { stoa_load_u64x16(values) }
    @inline(__always)
    static func upperHalves(_ lanes: SIMD16<Int64>) -> SIMD16<Int64> {
        (lanes &>> SIMD16(repeating: 32)) & SIMD16(repeating: 0xffff_ffff)
    }
    @inline(__always)
    static func magnitudeBits(_ lanes: SIMD16<Int64>) -> SIMD16<Int64> { lanes }
}
