import StoaColumns

/// Hash functions of keys: pure functions of the values, the same in every batch, process and machine.
enum KeyHash {
    /// The hash of a null key.
    static let null: UInt64 = 0x9fb2_1c65_1e98_df25

    /// Two multiply-xorshift rounds over one word; every input bit reaches every output bit.
    @inline(__always)
    static func mix(_ word: UInt64) -> UInt64 {
        var hash = word
        hash = (hash ^ (hash &>> 32)) &* 0xd6e8_feb8_6659_fd93
        hash = (hash ^ (hash &>> 32)) &* 0xd6e8_feb8_6659_fd93
        return hash ^ (hash &>> 32)
    }

    /// Joins the hash of one more key to that of the keys before it; not symmetric, so equal columns do not cancel.
    @inline(__always)
    static func combine(_ hash: UInt64, _ next: UInt64) -> UInt64 {
        (((hash &<< 23) | (hash &>> 41)) ^ next) &* 0x9e37_79b9_7f4a_7c15
    }

    /// Product of two words folded to one, the step of wyhash.
    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (high, low) = left.multipliedFullWidth(by: right)
        return high ^ low
    }

    /// The hash of text, 16 bytes a step by 8-byte loads; never reads past the text. After wyhash (Wang Yi, public domain).
    @inline(__always)
    static func bytes(_ base: UnsafeRawPointer, count: Int) -> UInt64 {
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
}

extension KeyTable {
    /// Hashes rows by the values of their keys: equal keys (N3: all NaN equal, -0.0 equal to +0.0, null equal to null) have
    /// equal hashes whatever the batch, the encoding of text, or the process.
    ///
    /// All 64 bits are well mixed; an exchange into b buckets takes `hash.multipliedFullWidth(by: b).high`.
    /// - Nulls: a null key hashes to a constant. Cost: about 1 ns a row and key; text that is encoded is hashed once per
    ///   dictionary entry when the dictionary is not larger than the batch.
    package static func hash(_ keys: [Column], count: Int, into hashes: UnsafeMutablePointer<UInt64>) {
        for (index, column) in keys.enumerated() {
            precondition(column.count >= count, "a key column of \(column.count) rows for \(count) rows")
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * chunkRows) { words in
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkRows) { nulls in
                    guard let values = words.baseAddress, let flags = nulls.baseAddress else { return }
                    let text = column.type == .utf8 ? TextHashes(column, rows: count) : nil
                    var start = 0
                    while start < count {
                        let rows = min(chunkRows, count - start)
                        hashChunk(column, text, start: start, rows: rows, values, flags)
                        let target = hashes + start
                        if index == 0 {
                            target.update(from: values, count: rows)
                        } else {
                            for row in 0..<rows { target[row] = KeyHash.combine(target[row], values[row]) }
                        }
                        start += rows
                    }
                }
            }
        }
        if keys.isEmpty { hashes.update(repeating: 0, count: count) }
    }

    /// The hashes of one key in a chunk of rows, nulls included.
    private static func hashChunk(
        _ column: Column, _ text: TextHashes?, start: Int, rows: Int, _ values: UnsafeMutablePointer<UInt64>,
        _ flags: UnsafeMutablePointer<UInt8>
    ) {
        if let text {
            text.load(start: start, rows: rows, into: values)
        } else {
            let high = values + chunkRows
            KeyCells.load(column, start: start, rows: rows, into: values, high: high)
            if column.type.storageType == .int128 {
                for row in 0..<rows {
                    values[row] = KeyHash.combine(KeyHash.mix(values[row]), KeyHash.mix(high[row]))
                }
            } else {
                for row in 0..<rows { values[row] = KeyHash.mix(values[row]) }
            }
        }
        if KeyCells.loadNulls(column, start: start, rows: rows, into: flags) {
            for row in 0..<rows where flags[row] != 0 { values[row] = KeyHash.null }
        }
    }
}

/// The hashes of a text column's rows, by way of the dictionary where that is less work.
private struct TextHashes {
    private let column: Column
    private let entries: MemoryRegion?

    init(_ column: Column, rows: Int) {
        self.column = column
        guard let (_, dictionary) = column.dictionaryCodes, dictionary.count <= rows else {
            entries = nil
            return
        }
        let region = MemoryRegion(of: UInt64.self, count: dictionary.count)
        TextHashes.hash(dictionary.values, start: 0, rows: dictionary.count, into: region.bound(to: UInt64.self))
        entries = region
    }

    func load(start: Int, rows: Int, into values: UnsafeMutablePointer<UInt64>) {
        guard let (allCodes, dictionary) = column.dictionaryCodes else {
            TextHashes.hash(column, start: start, rows: rows, into: values)
            return
        }
        let codes = allCodes + start
        if let entries {
            let table = entries.bound(to: UInt64.self)
            for row in 0..<rows { values[row] = table[Int(codes[row])] }
            return
        }
        guard dictionary.count > 0, let (offsets, bytes) = dictionary.values.text else {
            values.update(repeating: 0, count: rows)
            return
        }
        for row in 0..<rows {
            let code = Int(codes[row])
            let first = Int(offsets[code])
            values[row] = KeyHash.bytes(bytes + first, count: Int(offsets[code + 1]) - first)
        }
    }

    private static func hash(_ plain: Column, start: Int, rows: Int, into values: UnsafeMutablePointer<UInt64>) {
        guard let (allOffsets, bytes) = plain.text else { return }
        let offsets = allOffsets + start
        for row in 0..<rows {
            let first = Int(offsets[row])
            values[row] = KeyHash.bytes(bytes + first, count: Int(offsets[row + 1]) - first)
        }
    }
}
