import StoaColumns

extension Column {
    /// Dictionaries of different columns are unified into one of at most this many entries; beyond it text is decoded.
    private static let maximumUnifiedEntries = 1 << 16

    /// The rows of all columns, one column after the other. At least one column.
    ///
    /// Nulls stay null. Bounds hold for all rows together. Dictionaries: the longest of one family is kept; different ones are unified while they have at
    /// most 65,536 entries together, and decoded to plain text beyond that or when a column is plain. Throws
    /// `schemaMismatch` when the types differ, and `unsupported` when the text exceeds the 2 GiB of a column chunk.
    /// Cost: a copy of every buffer; one column is returned as it is.
    package static func concatenated(_ columns: [Column]) throws(StoaError) -> Column {
        precondition(!columns.isEmpty, "no column to concatenate: its type is not known")
        for column in columns where column.type != columns[0].type {
            throw StoaError(
                .schemaMismatch, "a column of \(column.type) cannot follow one of \(columns[0].type)",
                advice: "cast one of them first")
        }
        let filled = columns.filter { $0.count > 0 }
        guard let first = filled.first else { return columns[0] }
        if filled.count == 1 { return first }
        let storage: Storage
        switch first.type.storageType {
        case .bool: storage = concatenatedBits(filled)
        case .utf8: storage = try concatenatedText(filled)
        default: storage = .fixed(concatenatedValues(filled, width: first.type.storageType.byteWidth ?? 0).buffer)
        }
        return Column(
            type: first.type, count: filled.reduce(0) { $0 + $1.count }, validity: concatenatedValidity(filled)?.buffer,
            nullCount: filled.reduce(0) { $0 + $1.nullCount }, storage: storage, bounds: joinedBounds(filled))
    }

    /// Bounds of the rows of all columns, nil when those of one are not known; rows that are all null need none.
    static func joinedBounds(_ columns: [Column]) -> ClosedRange<Int64>? {
        var joined: ClosedRange<Int64>?
        for column in columns where column.nullCount < column.count {
            guard let bounds = column.bounds else { return nil }
            joined =
                joined.map { min($0.lowerBound, bounds.lowerBound)...max($0.upperBound, bounds.upperBound) } ?? bounds
        }
        return joined
    }

    /// The column in memory of its own, when it is a slice of a larger one: what is kept must not hold on to what is not.
    /// A dictionary is kept whole.
    package func compacted() -> Column {
        let bytes: Int
        switch storage {
        case .fixed(let values): bytes = values.byteCount
        case .bits(let bits): bytes = bits.byteCount
        case .text(let offsets, let text): bytes = offsets.byteCount + text.byteCount
        case .dictionary(let codes, _): bytes = codes.byteCount
        }
        let own = byteCount - (dictionaryCodes?.dictionary.values.byteCount ?? 0)
        // Bitmaps are rounded up to whole words.
        if bytes <= own + 16 { return self }
        let rows = MemoryRegion(of: Int32.self, count: count)
        let numbers = rows.bound(to: Int32.self)
        for row in 0..<count { numbers[row] = Int32(truncatingIfNeeded: row) }
        return withExtendedLifetime(rows) { taking(UnsafePointer(numbers), count: count) }
    }

    private static func concatenatedValidity(_ columns: [Column]) -> MemoryRegion? {
        guard columns.contains(where: { $0.nullCount > 0 }) else { return nil }
        let region = MemoryRegion(bits: columns.reduce(0) { $0 + $1.count })
        var target = BitAppender(to: region.bound(to: UInt64.self))
        for column in columns {
            for row in stride(from: 0, to: column.count, by: 64) {
                target.append(column.validityWord(at: row), count: min(64, column.count - row))
            }
        }
        target.finish()
        return region
    }

    private static func concatenatedBits(_ columns: [Column]) -> Storage {
        let region = MemoryRegion(bits: columns.reduce(0) { $0 + $1.count })
        var target = BitAppender(to: region.bound(to: UInt64.self))
        for column in columns {
            let (base, offset) = column.bits
            for row in stride(from: 0, to: column.count, by: 64) {
                let length = min(64, column.count - row)
                target.append(Bitmap.word(base, at: offset + row, count: length), count: length)
            }
        }
        target.finish()
        return .bits(region.buffer)
    }

    private static func concatenatedValues(_ columns: [Column], width: Int) -> MemoryRegion {
        let region = MemoryRegion(byteCount: columns.reduce(0) { $0 + $1.count } * width)
        var next = region.base
        for column in columns {
            guard case .fixed(let values) = column.storage else { preconditionFailure("not a fixed-width column") }
            next.copyMemory(from: values.base + column.offset * width, byteCount: column.count * width)
            next += column.count * width
        }
        return region
    }

    private static func concatenatedText(_ columns: [Column]) throws(StoaError) -> Storage {
        if let shared = longestOfOneFamily(columns) {
            return .dictionary(codes: concatenatedCodes(columns.map { ($0, nil) }).buffer, shared)
        }
        if let storage = unified(columns) { return storage }
        var plain: [Column] = []
        for column in columns { plain.append(try column.decoded()) }
        return try concatenatedPlainText(plain)
    }

    /// The longest dictionary of columns that are encoded by one family; nil when they are not.
    private static func longestOfOneFamily(_ columns: [Column]) -> StringDictionary? {
        var longest: StringDictionary?
        for column in columns {
            guard let (_, dictionary) = column.dictionaryCodes else { return nil }
            if let longest, longest.family !== dictionary.family { return nil }
            if longest.map({ $0.count < dictionary.count }) ?? true { longest = dictionary }
        }
        return longest
    }

    /// Codes of all columns, mapped when a map is given; the code of a null row becomes 0.
    private static func concatenatedCodes(_ columns: [(column: Column, map: [Int32]?)]) -> MemoryRegion {
        let region = MemoryRegion(of: Int32.self, count: columns.reduce(0) { $0 + $1.column.count })
        var next = region.bound(to: Int32.self)
        for (column, map) in columns {
            guard let (codes, _) = column.dictionaryCodes else { preconditionFailure("not an encoded column") }
            if let map {
                for row in 0..<column.count { next[row] = column.isNull(at: row) ? 0 : map[Int(codes[row])] }
            } else {
                next.update(from: codes, count: column.count)
            }
            next += column.count
        }
        return region
    }

    /// One dictionary for all; nil when a column is plain or the dictionaries are too large together.
    private static func unified(_ columns: [Column]) -> Storage? {
        var maps: [ObjectIdentifier: [Int32]] = [:]
        var builder = StringDictionaryBuilder()
        var mapped: [(Column, [Int32]?)] = []
        for column in columns {
            guard let (_, dictionary) = column.dictionaryCodes else { return nil }
            if let map = maps[ObjectIdentifier(dictionary)] {
                mapped.append((column, map))
                continue
            }
            guard builder.count + dictionary.count <= maximumUnifiedEntries,
                builder.byteCount + dictionary.values.byteCount <= Int(Int32.max)
            else { return nil }
            let map = (0..<dictionary.count).map { builder.code(for: dictionary.values.textBytes(at: $0)) }
            maps[ObjectIdentifier(dictionary)] = map
            mapped.append((column, map))
        }
        return .dictionary(codes: concatenatedCodes(mapped).buffer, builder.finished())
    }

    private static func concatenatedPlainText(_ columns: [Column]) throws(StoaError) -> Storage {
        let region = MemoryRegion(of: Int32.self, count: columns.reduce(0) { $0 + $1.count } + 1)
        var next = region.bound(to: Int32.self)
        var end = 0
        next[0] = 0
        next += 1
        for column in columns {
            guard let (offsets, _) = column.text else { preconditionFailure("not a plain text column") }
            let shift = end - Int(offsets[0])
            for row in 0..<column.count { next[row] = Int32(truncatingIfNeeded: Int(offsets[row + 1]) &+ shift) }
            next += column.count
            end += Int(offsets[column.count] - offsets[0])
        }
        guard end <= Int(Int32.max) else { throw StoaError.textTooLong(byteCount: end) }
        let text = MemoryRegion(byteCount: end)
        var target = text.base
        for column in columns {
            guard let (offsets, bytes) = column.text else { continue }
            let length = Int(offsets[column.count] - offsets[0])
            target.copyMemory(from: bytes + Int(offsets[0]), byteCount: length)
            target += length
        }
        return .text(offsets: region.buffer, bytes: text.buffer)
    }
}
