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
}

extension KeyTable {
    /// Hashes rows by the values of their keys: equal keys (N3: all NaN equal, -0.0 equal to +0.0, null equal to null) have
    /// equal hashes whatever the batch, the encoding of text, or the process.
    ///
    /// All 64 bits are well mixed; an exchange into b buckets takes `hash.multipliedFullWidth(by: b).high`.
    /// - Nulls: a null key hashes to a constant. Cost: about 1 ns a row and key; text that is encoded is hashed once per
    ///   dictionary, which keeps the hashes.
    package static func hash(_ keys: [Column], count: Int, into hashes: UnsafeMutablePointer<UInt64>) {
        for (index, column) in keys.enumerated() {
            precondition(column.count >= count, "a key column of \(column.count) rows for \(count) rows")
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * chunkRows) { words in
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkRows) { nulls in
                    guard let values = words.baseAddress, let flags = nulls.baseAddress else { return }
                    let text = column.type == .utf8 ? TextHashes(column) : nil
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

/// The hashes of a text column's rows: those of its dictionary, or of the text itself.
private struct TextHashes {
    private let column: Column
    private let entries: UnsafePointer<UInt64>?

    init(_ column: Column) {
        self.column = column
        entries = column.dictionaryCodes?.dictionary.hashes
    }

    func load(start: Int, rows: Int, into values: UnsafeMutablePointer<UInt64>) {
        if let (codes, dictionary) = column.dictionaryCodes, let entries {
            if dictionary.count == 0 {
                values.update(repeating: 0, count: rows)
                return
            }
            for row in 0..<rows { values[row] = entries[Int(codes[start + row])] }
        } else if let (offsets, bytes) = column.text {
            TextHash.fill(offsets + start, bytes, rows: rows, into: values)
        }
    }
}
