import Glibc

/// The hash and the equality of texts: pure functions of the bytes, the same in every process and on every machine. They
/// are inlined into the loops of other modules.
@usableFromInline
package enum TextHash {
    /// Product of two words folded to one, the step of wyhash.
    @inlinable @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (high, low) = left.multipliedFullWidth(by: right)
        return high ^ low
    }

    /// The hash of text, 16 bytes a step by 8-byte loads; never reads past the text. After wyhash (Wang Yi, public domain).
    @inlinable @inline(__always)
    package static func bytes(_ base: UnsafeRawPointer, count: Int) -> UInt64 {
        let first: UInt64 = 0xa076_1d64_78bd_642f
        let second: UInt64 = 0xe703_7ed1_a0b4_28db
        var seed: UInt64 = 0x8ebc_6af0_9c88_c6e3
        var left: UInt64 = 0
        var right: UInt64 = 0
        if count >= 8 {
            var place = base
            var rest = count
            while rest > 16 {
                seed = fold(
                    place.loadUnaligned(as: UInt64.self) ^ first,
                    place.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ seed)
                place += 16
                rest -= 16
            }
            // The last 16 bytes may overlap those already taken; a text of 8 to 16 bytes overlaps itself.
            let tail = base + count
            left = (count >= 16 ? tail - 16 : base).loadUnaligned(as: UInt64.self)
            right = (tail - 8).loadUnaligned(as: UInt64.self)
        } else if count >= 4 {
            left = UInt64(base.loadUnaligned(as: UInt32.self))
            right = UInt64((base + (count - 4)).loadUnaligned(as: UInt32.self))
        } else if count > 0 {
            left = UInt64(base.load(as: UInt8.self))
            left |= UInt64(base.load(fromByteOffset: count >> 1, as: UInt8.self)) &<< 8
            left |= UInt64(base.load(fromByteOffset: count - 1, as: UInt8.self)) &<< 16
        }
        return fold(second ^ UInt64(truncatingIfNeeded: count), fold(left ^ second, right ^ seed))
    }

    /// Whether two texts of the same length are equal. Texts of up to 16 bytes, which most keys are, take two loads each
    /// instead of a call; never reads past a text.
    @inlinable @inline(__always)
    package static func areEqual(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
        if count > 16 { return memcmp(left, right, count) == 0 }
        if count >= 8 {
            let first = left.loadUnaligned(as: UInt64.self) ^ right.loadUnaligned(as: UInt64.self)
            let last =
                left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                ^ right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return first | last == 0
        }
        if count >= 4 {
            let first = left.loadUnaligned(as: UInt32.self) ^ right.loadUnaligned(as: UInt32.self)
            let last =
                left.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                ^ right.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            return first | last == 0
        }
        for index in 0..<count
        where left.load(fromByteOffset: index, as: UInt8.self) != right.load(fromByteOffset: index, as: UInt8.self) {
            return false
        }
        return true
    }

    /// The hashes of rows of text.
    package static func fill(
        _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, rows: Int,
        into hashes: UnsafeMutablePointer<UInt64>
    ) {
        for row in 0..<rows {
            let first = Int(offsets[row])
            hashes[row] = Self.bytes(bytes + first, count: Int(offsets[row + 1]) - first)
        }
    }
}
