import StoaColumns

extension Column {
    /// The rows of these numbers, in this order, any of them any number of times; a negative number gives null.
    ///
    /// Nulls stay null. Numbers must be below `count` (our own mistake, not checked row by row). Rows whose text would
    /// exceed the 2 GiB of a column chunk, because some are taken often, come dictionary-encoded.
    /// Cost: one random read a row; a dictionary is shared.
    package func taking(_ rows: UnsafePointer<Int32>, count rowCount: Int) -> Column {
        var lowest: Int32 = 0
        for index in 0..<rowCount { lowest = min(lowest, rows[index]) }
        let hasNulls = lowest < 0
        if hasNulls && count == 0 { return Column.nulls(type, count: rowCount) }
        let validity = takenValidity(rows, count: rowCount, hasNulls: hasNulls)
        let storage: Storage
        switch self.storage {
        case .bits(let source):
            storage = .bits(Self.takenBits(source.base, at: offset, sourceCount: count, rows, count: rowCount).buffer)
        case .fixed(let source):
            let width = type.storageType.byteWidth ?? 0
            storage = .fixed(
                Self.takenValues(source.base + offset * width, width: width, rows, rowCount, hasNulls).buffer)
        case .dictionary(let codes, let dictionary):
            storage = .dictionary(
                codes: Self.takenValues(codes.base + offset * 4, width: 4, rows, rowCount, hasNulls).buffer, dictionary)
        case .text(let offsets, let bytes):
            guard
                let taken = Self.takenText(
                    offsets.pointer(as: Int32.self) + offset, bytes.pointer(as: UInt8.self), rows, rowCount)
            else { return dictionaryEncoded().taking(rows, count: rowCount) }
            storage = taken
        }
        return Column(type: type, count: rowCount, validity: validity?.buffer, storage: storage, bounds: bounds)
    }

    /// The rows of these numbers; a negative number gives null.
    package func taking(_ rows: [Int32]) -> Column {
        rows.withUnsafeBufferPointer { numbers in
            guard let base = numbers.baseAddress else { return slice(0..<0) }
            return taking(base, count: numbers.count)
        }
    }

    private func takenValidity(_ rows: UnsafePointer<Int32>, count rowCount: Int, hasNulls: Bool) -> MemoryRegion? {
        guard hasNulls || validity != nil else { return nil }
        let region: MemoryRegion
        if let validity {
            region = Self.takenBits(validity.base, at: offset, sourceCount: count, rows, count: rowCount)
        } else {
            region = Bitmap.filled(true, count: rowCount)
        }
        if hasNulls {
            let words = region.bound(to: UInt64.self)
            for start in stride(from: 0, to: rowCount, by: 64) {
                var nulls: UInt64 = 0
                for place in 0..<min(64, rowCount &- start) {
                    nulls |= (rows[start &+ place] < 0 ? 1 : 0) &<< UInt64(truncatingIfNeeded: place)
                }
                words[start >> 6] &= ~nulls
            }
        }
        return region
    }

    private static func takenBits(
        _ bits: UnsafeRawPointer, at offset: Int, sourceCount: Int, _ rows: UnsafePointer<Int32>, count rowCount: Int
    ) -> MemoryRegion {
        let region = MemoryRegion(bits: rowCount)
        let words = region.bound(to: UInt64.self)
        if sourceCount <= rowCount {
            // Flags that are bytes are found by one load each.
            let flags = MemoryRegion(byteCount: sourceCount)
            let bytes = flags.bound(to: UInt8.self)
            for start in stride(from: 0, to: sourceCount, by: 64) {
                let length = min(64, sourceCount &- start)
                let word = Bitmap.word(bits, at: offset + start, count: length)
                for place in 0..<length {
                    bytes[start &+ place] = UInt8(truncatingIfNeeded: (word &>> UInt64(truncatingIfNeeded: place)) & 1)
                }
            }
            withExtendedLifetime(flags) {
                gatherBits(words, rows, rowCount) { UInt64(bytes[$0]) }
            }
        } else {
            gatherBits(words, rows, rowCount) { row in
                let byte = bits.load(fromByteOffset: (offset &+ row) >> 3, as: UInt8.self)
                return UInt64((byte &>> UInt8(truncatingIfNeeded: (offset &+ row) & 7)) & 1)
            }
        }
        return region
    }

    /// Fills words with the bit of each row number, any bit for a negative one; the closure is inlined.
    @inline(__always)
    private static func gatherBits(
        _ words: UnsafeMutablePointer<UInt64>, _ rows: UnsafePointer<Int32>, _ count: Int, _ bit: (Int) -> UInt64
    ) {
        for start in stride(from: 0, to: count, by: 64) {
            var word: UInt64 = 0
            for place in 0..<min(64, count &- start) {
                word |= bit(Int(max(0, rows[start &+ place]))) &<< UInt64(truncatingIfNeeded: place)
            }
            words[start >> 6] = word
        }
    }

    private static func takenValues(
        _ base: UnsafeRawPointer, width: Int, _ rows: UnsafePointer<Int32>, _ count: Int, _ hasNulls: Bool
    ) -> MemoryRegion {
        let region = MemoryRegion(byteCount: count * width)
        withSelectableValue(
            ofWidth: width,
            TakeBody(source: base, target: region.base, rows: rows, count: count, hasNulls: hasNulls))
        return region
    }

    private struct TakeBody: SelectionBody {
        let source: UnsafeRawPointer
        let target: UnsafeMutableRawPointer
        let rows: UnsafePointer<Int32>
        let count: Int
        let hasNulls: Bool

        func run<Value: SelectableValue>(_ type: Value.Type) {
            let values = source.assumingMemoryBound(to: Value.self)
            let taken = target.assumingMemoryBound(to: Value.self)
            if hasNulls {
                for index in 0..<count {
                    let row = rows[index]
                    taken[index] = row < 0 ? Value.empty : values[Int(row)]
                }
            } else {
                for index in 0..<count { taken[index] = values[Int(rows[index])] }
            }
        }
    }

    /// The text of rows written out; nil when it exceeds the 2 GiB of a column chunk.
    private static func takenText(
        _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ rows: UnsafePointer<Int32>, _ count: Int
    ) -> Storage? {
        let region = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = region.bound(to: Int32.self)
        var end = 0
        starts[0] = 0
        for index in 0..<count {
            let row = Int(rows[index])
            if row >= 0 { end &+= Int(offsets[row &+ 1] &- offsets[row]) }
            starts[index + 1] = Int32(truncatingIfNeeded: end)
        }
        if end > Int(Int32.max) { return nil }
        let text = MemoryRegion(byteCount: end)
        for index in 0..<count {
            let row = Int(rows[index])
            if row < 0 { continue }
            let start = Int(offsets[row])
            (text.base + Int(starts[index])).copyMemory(from: bytes + start, byteCount: Int(offsets[row + 1]) - start)
        }
        return .text(offsets: region.buffer, bytes: text.buffer)
    }
}
