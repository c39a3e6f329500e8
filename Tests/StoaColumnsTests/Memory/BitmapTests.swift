import StoaColumns
import StoaTestSupport
import Testing

/// Every bit offset and every length from 0 to three words plus one, against arrays of Bool.
@Suite struct BitmapTests {
    static let lengths = 0...(3 * 64 + 1)

    /// Random bits in exactly as many bytes as they need, so that a read past them is seen by a sanitizer, with the
    /// array they came from.
    private func random(_ count: Int, seed: UInt64) -> (bits: [Bool], bytes: [UInt8]) {
        var generator = SplitMix64(seed: seed)
        let bits = (0..<count).map { _ in Bool.random(using: &generator) }
        return (bits, ProducedArray.bits(bits))
    }

    @Test(arguments: 0..<8)
    func readingAgreesWithAnArray(offset: Int) {
        for length in Self.lengths {
            let (bits, bytes) = random(offset + length, seed: UInt64(length * 8 + offset))
            let expected = Array(bits[offset...])
            bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                #expect(Bitmap.countOnes(base, at: offset, count: length) == expected.count { $0 })
                for index in 0..<length {
                    #expect(Bitmap.bit(base, at: offset + index) == expected[index])
                    for count in [0, 1, 7, 8, 57, 63, 64] where index + count <= length {
                        let word = Bitmap.word(base, at: offset + index, count: count)
                        let wanted = (0..<count).reduce(UInt64(0)) { $0 | (expected[index + $1] ? 1 << UInt64($1) : 0) }
                        #expect(word == wanted)
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<8)
    func copyingMovesToBitZeroAndClearsTheRest(offset: Int) {
        for length in Self.lengths {
            let (bits, bytes) = random(offset + length, seed: UInt64(length))
            let region = MemoryRegion(bits: length)
            for index in 0..<region.byteCount { region.base.storeBytes(of: 0xFF, toByteOffset: index, as: UInt8.self) }
            bytes.withUnsafeBytes { buffer in
                if let base = buffer.baseAddress { Bitmap.copy(base, at: offset, count: length, to: region.base) }
            }
            let copied = (0..<(region.byteCount * 8)).map { Bitmap.bit(region.base, at: $0) }
            #expect(copied == Array(bits[offset...]) + Array(repeating: false, count: copied.count - length))
        }
    }

    @Test func settingChangesOneBit() {
        for length in Self.lengths where length > 0 {
            for value in [true, false] {
                let region = Bitmap.filled(!value, count: length)
                #expect(Bitmap.countOnes(region.base, at: 0, count: region.byteCount * 8) == (value ? 0 : length))
                Bitmap.set(region.base, at: length / 2, to: value)
                for index in 0..<length {
                    #expect(Bitmap.bit(region.base, at: index) == (value == (index == length / 2)))
                }
            }
        }
    }
}
