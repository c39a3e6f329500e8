internal import CStoaVector
import StoaColumns

extension Column {
    /// The rows that the mask chooses, in their order.
    ///
    /// Nulls stay null; values are moved as bits. All rows chosen: the column itself; none: an empty column.
    /// Cost: fixed-width values are compressed in registers, 64 rows a step; words of the mask without a chosen row cost
    /// one test, full words a copy. Text copies runs of neighbours. A dictionary is shared.
    package func filtered(by mask: BitMask) -> Column {
        precondition(mask.count == count, "a mask of \(mask.count) rows for a column of \(count)")
        if mask.ones == count { return self }
        var validity: MemoryRegion?
        if let source = self.validity {
            validity = Self.filteredBits(source.base, at: offset, by: mask)
        }
        let storage: Storage
        switch self.storage {
        case .bits(let source):
            storage = .bits(Self.filteredBits(source.base, at: offset, by: mask).buffer)
        case .fixed(let source):
            let width = type.storageType.byteWidth ?? 0
            storage = .fixed(Self.filteredValues(source.base + offset * width, width: width, by: mask).buffer)
        case .dictionary(let codes, let dictionary):
            storage = .dictionary(
                codes: Self.filteredValues(codes.base + offset * 4, width: 4, by: mask).buffer, dictionary)
        case .text(let offsets, let bytes):
            storage = Self.filteredText(
                offsets.pointer(as: Int32.self) + offset, bytes.pointer(as: UInt8.self), by: mask)
        }
        return Column(type: type, count: mask.ones, validity: validity?.buffer, storage: storage, bounds: bounds)
    }

    private static func filteredValues(_ base: UnsafeRawPointer, width: Int, by mask: BitMask) -> MemoryRegion {
        let region = MemoryRegion(byteCount: mask.ones * width)
        withSelectableValue(ofWidth: width, FilterBody(source: base, target: region.base, mask: mask))
        return region
    }

    private struct FilterBody: SelectionBody {
        let source: UnsafeRawPointer
        let target: UnsafeMutableRawPointer
        let mask: BitMask

        func run<Value: SelectableValue>(_ type: Value.Type) {
            let values = source.assumingMemoryBound(to: Value.self)
            var next = target.assumingMemoryBound(to: Value.self)
            let words = mask.words
            let wholeWords = mask.count / 64
            for index in 0..<wholeWords {
                let word = words[index]
                if word == 0 { continue }
                let block = values + index * 64
                if word == ~0 {
                    next.update(from: block, count: 64)
                    next += 64
                } else {
                    next += Value.compress(block, word, to: next)
                }
            }
            // The last rows one by one: a vector would read past the column's end.
            if mask.count % 64 != 0 {
                var word = words[wholeWords]
                while word != 0 {
                    next.pointee = values[wholeWords * 64 + word.trailingZeroBitCount]
                    next += 1
                    word &= word &- 1
                }
            }
        }
    }

    private static func filteredBits(_ bits: UnsafeRawPointer, at offset: Int, by mask: BitMask) -> MemoryRegion {
        let region = MemoryRegion(bits: mask.ones)
        var target = BitAppender(to: region.bound(to: UInt64.self))
        let words = mask.words
        for index in 0..<((mask.count + 63) / 64) {
            let word = words[index]
            if word == 0 { continue }
            let source = Bitmap.word(bits, at: offset + index * 64, count: min(64, mask.count - index * 64))
            target.append(stoa_extract_bits(source, word), count: word.nonzeroBitCount)
        }
        target.finish()
        return region
    }

    private static func filteredText(
        _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, by mask: BitMask
    ) -> Storage {
        let region = MemoryRegion(of: Int32.self, count: mask.ones + 1)
        let starts = region.bound(to: Int32.self)
        var rows = 0
        var end: Int32 = 0
        starts[0] = 0
        forEachRun(of: mask) { range in
            for row in range {
                end &+= offsets[row &+ 1] &- offsets[row]
                rows &+= 1
                starts[rows] = end
            }
        }
        let text = MemoryRegion(byteCount: Int(end))
        var next = text.base
        forEachRun(of: mask) { range in
            let length = Int(offsets[range.upperBound] - offsets[range.lowerBound])
            next.copyMemory(from: bytes + Int(offsets[range.lowerBound]), byteCount: length)
            next += length
        }
        return .text(offsets: region.buffer, bytes: text.buffer)
    }

    /// Calls `body` for each run of neighbouring chosen rows inside a word.
    @inline(__always)
    private static func forEachRun(of mask: BitMask, _ body: (Range<Int>) -> Void) {
        let words = mask.words
        for index in 0..<((mask.count + 63) / 64) {
            var word = words[index]
            while word != 0 {
                let start = word.trailingZeroBitCount
                let length = (~(word &>> UInt64(truncatingIfNeeded: start))).trailingZeroBitCount
                body(index * 64 + start..<index * 64 + start + length)
                word = start + length == 64 ? 0 : word & (~0 &<< UInt64(truncatingIfNeeded: start + length))
            }
        }
    }
}
