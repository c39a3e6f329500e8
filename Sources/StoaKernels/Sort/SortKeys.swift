import StoaColumns

/// The keys of a sort, ready to be read; compares whole rows.
struct SortKeys {
    let readers: [SortKeyReader]
    /// What the readers point into.
    private let owners: [AnyObject]
    private let columns: [SortColumn]

    /// Prepares keys of `count` rows. Dictionary-encoded text is ranked by sorting the strings that occur.
    init(_ keys: [SortColumn], count: Int, checkpoint: @escaping () throws(StoaError) -> Void) throws(StoaError) {
        var readers: [SortKeyReader] = []
        var owners: [AnyObject] = []
        for key in keys {
            let column = key.column
            precondition(column.count == count, "a sort key of \(column.count) rows for \(count) rows")
            if let (codes, dictionary) = column.dictionaryCodes {
                let ranks = try Self.ranks(of: dictionary, in: column, checkpoint: checkpoint)
                owners.append(ranks)
                readers.append(
                    SortKeyReader(
                        key, values: .ranked(codes: codes, ranks: UnsafePointer(ranks.bound(to: UInt32.self)))))
            } else if let (offsets, bytes) = column.text {
                readers.append(SortKeyReader(key, values: .text(offsets: offsets, bytes: bytes)))
            } else {
                readers.append(SortKeyReader(key, values: Self.fixedValues(of: column)))
            }
        }
        self.readers = readers
        self.owners = owners
        columns = keys
    }

    private static func fixedValues(of column: Column) -> SortKeyReader.Values {
        switch column.type.storageType {
        case .bool: .bits(column.bits.base, offset: column.bits.offset)
        case .int128: .wide(column.values(as: Int128.self))
        case .int8, .uint8: .fixed(column.type.storageType, column.values(as: UInt8.self))
        case .int16, .uint16: .fixed(column.type.storageType, column.values(as: UInt16.self))
        case .int32, .uint32, .float32: .fixed(column.type.storageType, column.values(as: UInt32.self))
        case .int64, .uint64, .float64: .fixed(column.type.storageType, column.values(as: UInt64.self))
        case .utf8: preconditionFailure("text is read by its bytes")
        }
    }

    /// For each code that occurs in the column the place of its string among the strings that occur.
    private static func ranks(
        of dictionary: StringDictionary, in column: Column, checkpoint: @escaping () throws(StoaError) -> Void
    ) throws(StoaError) -> MemoryRegion {
        let ranks = MemoryRegion(of: UInt32.self, count: dictionary.count)
        guard let codes = column.dictionaryCodes?.codes, column.nullCount < column.count else { return ranks }
        let occurs = Bitmap.filled(false, count: dictionary.count)
        for row in 0..<column.count where !column.isNull(at: row) {
            Bitmap.set(occurs.base, at: Int(codes[row]), to: true)
        }
        let found = MemoryRegion(of: Int32.self, count: dictionary.count)
        defer { withExtendedLifetime((occurs, found)) {} }
        let rows = found.bound(to: Int32.self)
        var count = 0
        for code in 0..<dictionary.count where Bitmap.bit(occurs.base, at: code) {
            rows[count] = Int32(code)
            count += 1
        }
        let keys = try SortKeys([SortColumn(dictionary.values)], count: dictionary.count, checkpoint: checkpoint)
        try RowSorter(keys, checkpoint: checkpoint).sort(rows, count: count, limit: count)
        withExtendedLifetime(keys) {}
        let target = ranks.bound(to: UInt32.self)
        for rank in 0..<count { target[Int(rows[rank])] = UInt32(rank) }
        return ranks
    }

    /// Below zero when row `left` comes before `right`, zero when they are equal, by the values of `key` from `part` on and
    /// by all keys after it. Decides what each key is as it goes: for the few rows that tie in faster comparisons.
    func compare(_ left: Int32, _ right: Int32, key: Int, part: Int) -> Int {
        var key = key
        var part = part
        while key < readers.count {
            let order = readers[key].compare(left, right, part: part)
            if order != 0 { return order }
            key += 1
            part = 0
        }
        return 0
    }
}
