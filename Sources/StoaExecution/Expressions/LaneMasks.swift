import StoaColumns
import StoaKernels

/// The masks of a program for the rows of a block: words of bits, cleared past the last row.
///
/// Guard: used by one thread at a time.
final class LaneMasks {
    private let memory: MemoryRegion
    private var counts: [Int]

    init(count: Int) {
        memory = MemoryRegion(byteCount: count * Lanes.blockWords * 8)
        counts = Array(repeating: 0, count: count)
    }

    func words(_ mask: Int) -> UnsafeMutablePointer<UInt64> {
        memory.bound(to: UInt64.self) + mask &* Lanes.blockWords
    }

    /// Number of rows that the mask holds.
    func ones(_ mask: Int) -> Int { counts[mask] }

    func compute(
        _ computation: MaskComputation, into mask: Int, _ registers: UnsafeMutablePointer<LaneRegister>, _ count: Int
    ) {
        let target = words(mask)
        let wordCount = (count &+ 63) / 64
        switch computation {
        case .whereTrue(let register, let limit):
            let bits = registers[register].values.assumingMemoryBound(to: UInt64.self)
            if let valid = registers[register].validity {
                for index in 0..<wordCount { target[index] = bits[index] & valid[index] }
            } else {
                for index in 0..<wordCount { target[index] = bits[index] }
            }
            restrict(target, to: limit, wordCount)
        case .whereNull(let register, let limit):
            if let valid = registers[register].validity {
                for index in 0..<wordCount { target[index] = ~valid[index] }
            } else {
                for index in 0..<wordCount { target[index] = 0 }
            }
            restrict(target, to: limit, wordCount)
        case .remaining(let limit, let taken):
            let other = words(taken)
            for index in 0..<wordCount { target[index] = ~other[index] }
            restrict(target, to: limit, wordCount)
        case .both(let left, let right):
            let a = words(left)
            let b = words(right)
            for index in 0..<wordCount { target[index] = a[index] & b[index] }
        }
        if count & 63 != 0 { target[count / 64] &= (1 &<< UInt64(truncatingIfNeeded: count & 63)) &- 1 }
        setCount(mask, wordCount)
    }

    private func restrict(_ target: UnsafeMutablePointer<UInt64>, to limit: Int?, _ wordCount: Int) {
        guard let limit else { return }
        let other = words(limit)
        for index in 0..<wordCount { target[index] &= other[index] }
    }

    private func setCount(_ mask: Int, _ wordCount: Int) {
        let words = words(mask)
        var ones = 0
        for index in 0..<wordCount { ones &+= words[index].nonzeroBitCount }
        counts[mask] = ones
    }

    /// Takes the rows of a block from a mask of a whole batch.
    func set(_ mask: Int, from rows: BitMask, start: Int, count: Int) {
        words(mask).update(from: rows.words + start / 64, count: (count + 63) / 64)
        setCount(mask, (count + 63) / 64)
    }

    /// Writes the rows of a block into a mask of a whole batch.
    func copy(_ mask: Int, to region: MemoryRegion, start: Int, count: Int) {
        (region.bound(to: UInt64.self) + start / 64).update(from: words(mask), count: (count + 63) / 64)
    }

    /// The mask as the kernels of columns take it.
    func bitMask(_ mask: Int, count: Int) -> BitMask {
        let region = MemoryRegion(bits: count)
        region.bound(to: UInt64.self).update(from: words(mask), count: (count + 63) / 64)
        return BitMask(words: region, count: count)
    }
}
