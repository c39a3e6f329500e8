/// Reading and writing bit-packed flags, least significant bit first, as Arrow lays out validity and booleans.
///
/// Reads never touch a byte that holds none of the asked bits; imported bitmaps need not be padded. The functions of one bit
/// or word are inlined into the loops of other modules.
@usableFromInline
package enum Bitmap {
    /// The bit at `index`.
    @inlinable @inline(__always)
    package static func bit(_ bits: UnsafeRawPointer, at index: Int) -> Bool {
        bits.load(fromByteOffset: index >> 3, as: UInt8.self) & (1 << UInt8(truncatingIfNeeded: index & 7)) != 0
    }

    /// Up to 64 bits from bit `start` on, the first in the lowest place; places from `count` up are zero.
    @inlinable @inline(__always)
    package static func word(_ bits: UnsafeRawPointer, at start: Int, count: Int) -> UInt64 {
        if count <= 0 { return 0 }
        let shift = UInt64(truncatingIfNeeded: start & 7)
        let first = bits + (start >> 3)
        let byteCount = (Int(shift) + count + 7) >> 3
        var low: UInt64 = 0
        if byteCount >= 8 {
            low = UInt64(littleEndian: first.loadUnaligned(as: UInt64.self))
        } else {
            for index in 0..<byteCount {
                low |=
                    UInt64(first.load(fromByteOffset: index, as: UInt8.self)) << UInt64(truncatingIfNeeded: index * 8)
            }
        }
        var value = low >> shift
        if byteCount > 8 {
            value |= UInt64(first.load(fromByteOffset: 8, as: UInt8.self)) << (64 - shift)
        }
        return count >= 64 ? value : value & ((1 << UInt64(truncatingIfNeeded: count)) - 1)
    }

    /// How many of the `count` bits from bit `start` on are set. 64 bits a step.
    package static func countOnes(_ bits: UnsafeRawPointer, at start: Int, count: Int) -> Int {
        var ones = 0
        var index = 0
        while index < count {
            let step = min(64, count - index)
            ones &+= word(bits, at: start + index, count: step).nonzeroBitCount
            index += step
        }
        return ones
    }

    /// Sets or clears one bit.
    @inlinable @inline(__always)
    package static func set(_ bits: UnsafeMutableRawPointer, at index: Int, to value: Bool) {
        let byte = bits + (index >> 3)
        let mask = UInt8(1) << UInt8(truncatingIfNeeded: index & 7)
        let old = byte.load(as: UInt8.self)
        byte.storeBytes(of: value ? old | mask : old & ~mask, as: UInt8.self)
    }

    /// Copies `count` bits from bit `start` of `bits` to bit 0 of `target`, which must have whole 64-bit words; the
    /// places after the last bit are cleared.
    package static func copy(
        _ bits: UnsafeRawPointer, at start: Int, count: Int, to target: UnsafeMutableRawPointer
    ) {
        var index = 0
        while index < count {
            let step = min(64, count - index)
            target.storeBytes(of: word(bits, at: start + index, count: step), toByteOffset: index >> 3, as: UInt64.self)
            index += step
        }
    }

    /// A fresh region holding `count` bits, all set to `value`; the places after the last bit are cleared.
    package static func filled(_ value: Bool, count: Int) -> MemoryRegion {
        let region = MemoryRegion(bits: count, zeroed: true)
        guard value else { return region }
        let words = region.bound(to: UInt64.self)
        for index in 0..<(count / 64) { words[index] = ~0 }
        if count % 64 != 0 { words[count / 64] = (1 << UInt64(count % 64)) - 1 }
        return region
    }
}
