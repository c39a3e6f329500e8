import StoaColumns

/// The batches of a block laid out for an image: where each buffer will stand, and where its bytes come from.
struct RowImage {
    /// What a buffer is written from. Pointers are into the columns of `batches`.
    enum Source {
        case bytes(UnsafeRawPointer)
        case bits(UnsafeRawPointer, start: Int, count: Int)
        /// Offsets of text, from 0 on in the image.
        case offsets(UnsafePointer<Int32>, count: Int)
        /// Codes, renumbered by the map of a dictionary where only a part of it is written.
        case codes(UnsafePointer<Int32>, count: Int, dictionary: Int)
        /// The text of some entries of a dictionary and, at another place, their offsets.
        case entries(dictionary: Int, offsetsPlace: Int)
    }

    struct Piece {
        /// From the start of the buffers.
        let place: Int
        let byteCount: Int
        let source: Source
    }

    /// The dictionaries of one family.
    struct Family {
        var longest: StringDictionary
        /// Rows that have codes of it.
        var rowCount: Int
        var hasNulls: Bool
        /// Where it stands already, so that nothing of it is written.
        var place: DictionaryPlace?
        /// The entries to write, in order, and the place of each among them; nil when all are written.
        var part: (entries: [Int32], map: MemoryRegion)?
    }

    let batches: [Batch]
    private var families: [Family] = []
    private var familyNumbers: [ObjectIdentifier: Int] = [:]
    private(set) var pieces: [Piece] = []
    /// Bytes of all buffers, a multiple of the alignment.
    private(set) var bufferBytes = 0

    /// A dictionary is written as a whole unless it has this many entries for each row that could use it.
    private static let entriesPerRow = 2

    /// - Parameter shared: where dictionaries stand that the image is to name, by their families.
    init(_ batches: [Batch], shared: [ObjectIdentifier: DictionaryPlace]) {
        self.batches = batches
        for column in batches.lazy.flatMap(\.columns) {
            guard let dictionary = column.dictionaryCodes?.dictionary else { continue }
            let key = ObjectIdentifier(dictionary.family)
            let hasNulls = column.nullCount > 0
            if let number = familyNumbers[key] {
                if dictionary.count > families[number].longest.count { families[number].longest = dictionary }
                families[number].rowCount += column.count
                families[number].hasNulls = families[number].hasNulls || hasNulls
            } else {
                familyNumbers[key] = families.count
                families.append(
                    Family(longest: dictionary, rowCount: column.count, hasNulls: hasNulls, place: shared[key]))
            }
        }
        for number in families.indices
        where families[number].place == nil
            && families[number].longest.count > Self.entriesPerRow * families[number].rowCount
        {
            families[number].part = part(ofFamily: number)
        }
    }

    /// The entries of a family's dictionary that the rows use.
    private func part(ofFamily number: Int) -> (entries: [Int32], map: MemoryRegion) {
        let family = families[number]
        let region = MemoryRegion(of: Int32.self, count: family.longest.count)
        let map = region.bound(to: Int32.self)
        map.update(repeating: -1, count: family.longest.count)
        var entries: [Int32] = []
        if family.hasNulls {
            // A null row has code 0 whatever the dictionary.
            map[0] = 0
            entries.append(0)
        }
        for column in batches.lazy.flatMap(\.columns) {
            guard let (codes, dictionary) = column.dictionaryCodes, dictionary.family === family.longest.family else {
                continue
            }
            for row in 0..<column.count where map[Int(codes[row])] < 0 {
                map[Int(codes[row])] = Int32(truncatingIfNeeded: entries.count)
                entries.append(codes[row])
            }
        }
        withExtendedLifetime(region) {}
        return (entries, region)
    }

    // MARK: Description

    /// Writes schemas, dictionaries and columns, and lays out their buffers on the way.
    mutating func describe(into writer: inout ImageWriter) {
        var schemas: [Schema] = []
        var schemaOfBatch: [Int] = []
        for batch in batches {
            if let last = schemas.last, last == batch.schema {
                schemaOfBatch.append(schemas.count - 1)
            } else if let known = schemas.firstIndex(of: batch.schema) {
                schemaOfBatch.append(known)
            } else {
                schemaOfBatch.append(schemas.count)
                schemas.append(batch.schema)
            }
        }
        writer.append(schemas.count)
        for schema in schemas { writer.append(schema) }
        writer.append(families.count)
        for number in families.indices { describe(family: number, into: &writer) }
        writer.append(batches.count)
        for (batch, schema) in zip(batches, schemaOfBatch) {
            writer.append(schema)
            writer.append(batch.rowCount)
            for column in batch.columns { describe(column, into: &writer) }
        }
    }

    private mutating func describe(family number: Int, into writer: inout ImageWriter) {
        writer.append(families[number].place != nil)
        if let place = families[number].place {
            writer.append(place.family)
            writer.append(place.offset)
            writer.append(place.byteCount)
            return
        }
        let dictionary = families[number].longest
        guard let (offsets, bytes) = dictionary.values.text else {
            preconditionFailure("a dictionary's strings are plain text")
        }
        guard let entries = families[number].part?.entries else {
            writer.append(dictionary.count)
            describe(offsets, bytes, rows: dictionary.count, into: &writer)
            return
        }
        writer.append(entries.count)
        let length = entries.reduce(0) { $0 + Int(offsets[Int($1) + 1] - offsets[Int($1)]) }
        let offsetsPlace = reserve((entries.count + 1) * 4)
        let place = reserve(length)
        pieces.append(
            Piece(place: place, byteCount: length, source: .entries(dictionary: number, offsetsPlace: offsetsPlace)))
        writer.append(offsetsPlace)
        writer.append(place)
        writer.append(length)
    }

    private mutating func describe(
        _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, rows: Int, into writer: inout ImageWriter
    ) {
        let length = Int(offsets[rows] - offsets[0])
        writer.append(add((rows + 1) * 4, .offsets(offsets, count: rows + 1)))
        writer.append(add(length, .bytes(UnsafeRawPointer(bytes + Int(offsets[0])))))
        writer.append(length)
    }

    private mutating func describe(_ column: Column, into writer: inout ImageWriter) {
        writer.append(column.nullCount)
        if let validity = column.validity {
            writer.append(
                add(
                    Self.bitBytes(column.count),
                    .bits(validity.base, start: column.offset, count: column.count)))
        }
        writer.append(column.bounds != nil)
        if let bounds = column.bounds {
            writer.append(Int(bounds.lowerBound))
            writer.append(Int(bounds.upperBound))
        }
        switch column.storage {
        case .fixed(let values):
            let width = column.type.storageType.byteWidth ?? 0
            writer.append(Encoding.fixed.rawValue)
            writer.append(add(column.count * width, .bytes(values.base + column.offset * width)))
        case .bits(let bits):
            writer.append(Encoding.bits.rawValue)
            writer.append(
                add(Self.bitBytes(column.count), .bits(bits.base, start: column.offset, count: column.count)))
        case .text(let offsets, let bytes):
            writer.append(Encoding.text.rawValue)
            describe(
                offsets.pointer(as: Int32.self) + column.offset, bytes.pointer(as: UInt8.self), rows: column.count,
                into: &writer)
        case .dictionary(let codes, let dictionary):
            writer.append(Encoding.dictionary.rawValue)
            let number = familyNumbers[ObjectIdentifier(dictionary.family)] ?? 0
            writer.append(number)
            let rows = codes.pointer(as: Int32.self) + column.offset
            writer.append(
                add(
                    column.count * 4,
                    families[number].part == nil
                        ? .bytes(UnsafeRawPointer(rows)) : .codes(rows, count: column.count, dictionary: number)))
        }
    }

    /// How a column's values stand in the image.
    enum Encoding: Int {
        case fixed = 0
        case bits = 1
        case text = 2
        case dictionary = 3
    }

    /// Bytes of a bitmap, in whole words.
    static func bitBytes(_ count: Int) -> Int { (count + 63) / 64 * 8 }

    private mutating func reserve(_ byteCount: Int) -> Int {
        defer { bufferBytes += BlockImage.aligned(byteCount) }
        return bufferBytes
    }

    private mutating func add(_ byteCount: Int, _ source: Source) -> Int {
        let place = reserve(byteCount)
        pieces.append(Piece(place: place, byteCount: byteCount, source: source))
        return place
    }

    // MARK: Bytes

    /// Writes all buffers; the gaps between them become zero.
    func write(to target: UnsafeMutableRawPointer) {
        var end = 0
        for piece in pieces {
            if case .entries(let number, let offsetsPlace) = piece.source {
                Self.clear(target, end..<offsetsPlace)
                let offsetsEnd = writeEntries(
                    ofFamily: number, offsets: target + offsetsPlace, text: target + piece.place)
                Self.clear(target, offsetsPlace + offsetsEnd..<piece.place)
            } else {
                Self.clear(target, end..<piece.place)
                write(piece, to: target + piece.place)
            }
            end = piece.place + piece.byteCount
        }
        Self.clear(target, end..<bufferBytes)
        withExtendedLifetime(self) {}
    }

    private static func clear(_ target: UnsafeMutableRawPointer, _ range: Range<Int>) {
        if range.isEmpty { return }
        (target + range.lowerBound).initializeMemory(as: UInt8.self, repeating: 0, count: range.count)
    }

    private func write(_ piece: Piece, to target: UnsafeMutableRawPointer) {
        if piece.byteCount == 0 { return }
        switch piece.source {
        case .bytes(let bytes): target.copyMemory(from: bytes, byteCount: piece.byteCount)
        case .bits(let bits, let start, let count): Bitmap.copy(bits, at: start, count: count, to: target)
        case .offsets(let offsets, let count):
            let first = offsets[0]
            if first == 0 {
                target.copyMemory(from: offsets, byteCount: count * 4)
            } else {
                let moved = target.assumingMemoryBound(to: Int32.self)
                for row in 0..<count { moved[row] = offsets[row] &- first }
            }
        case .codes(let codes, let count, let number):
            guard let map = families[number].part?.map.bound(to: Int32.self) else { return }
            let renumbered = target.assumingMemoryBound(to: Int32.self)
            for row in 0..<count { renumbered[row] = map[Int(codes[row])] }
        case .entries: break
        }
    }

    /// Bytes of the offsets.
    private func writeEntries(
        ofFamily number: Int, offsets: UnsafeMutableRawPointer, text: UnsafeMutableRawPointer
    ) -> Int {
        guard let entries = families[number].part?.entries, let (starts, bytes) = families[number].longest.values.text
        else { return 0 }
        let ends = offsets.assumingMemoryBound(to: Int32.self)
        var end = 0
        ends[0] = 0
        for (place, entry) in entries.enumerated() {
            let start = Int(starts[Int(entry)])
            let length = Int(starts[Int(entry) + 1]) - start
            (text + end).copyMemory(from: bytes + start, byteCount: length)
            end += length
            ends[place + 1] = Int32(truncatingIfNeeded: end)
        }
        return (entries.count + 1) * 4
    }
}
