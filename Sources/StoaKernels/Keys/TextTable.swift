internal import CStoaVector
import Glibc
import StoaColumns

/// Texts by their bytes, numbered in order of appearance, and a hash table over them.
///
/// Open addressing, linear probing, at most half full. A slot holds where its text lies, so that both can be asked for
/// ahead: a row of a large table costs no more than the misses that are not hidden. The bytes lie one after the other and
/// are only added to. Guard: one writer; reads may run on several threads while nobody writes.
///
/// A copy shares the memory: of several copies one may be added to, the others only be read, and no more once it was.
struct TextTable: @unchecked Sendable {
    // Unchecked: writing has one caller at a time, and reading writes nothing.

    private struct Slot: BitwiseCopyable {
        /// The upper half of the hash, and the id plus one; zero when the slot is empty.
        var tag: UInt64
        /// Where the text starts, and in the lower 16 bits its length; all ones there for longer texts.
        var place: UInt64

        static let longLength: UInt64 = 0xffff

        init(id: Int, hash: UInt64, start: Int, length: Int) {
            tag = (hash & 0xffff_ffff_0000_0000) | UInt64(id + 1)
            place = UInt64(start) &<< 16 | min(UInt64(length), Slot.longLength)
        }
    }

    /// Rows ahead at which a text is asked for; its slot was asked for at twice as many.
    private static let textLookAhead = keyLookAhead / 2
    /// Tables of more slots double, smaller ones quadruple.
    private static let largeSlotCount = 1 << 20

    private var slots: MemoryRegion
    private var slotMask: Int
    private var hashes = GrowingBuffer<UInt64>()
    private var ends = GrowingBuffer<Int>()
    private var bytes = GrowingBuffer<UInt8>()
    private var emitted: (dictionary: StringDictionary, of: Int)?
    /// The id that stands for null, which no text has.
    private var null: Int?

    /// Number of ids given.
    var count: Int { ends.count }

    init() {
        slots = MemoryRegion(of: Slot.self, count: 64, zeroed: true)
        slotMask = 63
    }

    // MARK: Adding

    /// Gives the next id to null.
    mutating func appendNull() {
        null = count
        append(nil, length: 0, hash: 0)
    }

    /// Gives the next ids to these entries of a dictionary, none of which is here yet; the id at place `null` to null.
    mutating func append(_ codes: UnsafePointer<Int32>, count added: Int, of dictionary: StringDictionary, null: Int?) {
        let entries = DictionaryTexts(dictionary)
        for place in 0..<added {
            if place == null {
                appendNull()
            } else {
                let text = entries[Int(codes[place])]
                _ = add(text, in: index.locate(text).slot)
            }
        }
    }

    /// Ids of the rows of a plain column, new texts included; a null row's id is unspecified.
    mutating func intern(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (offsets, base) = column.text else { preconditionFailure("a \(column.type) key is not text") }
        let texts = PlainTexts(offsets: offsets + start, base: base)
        internRows(texts, validOf: column.nullCount == 0 ? nil : column, start: start, rows: rows, into: ids)
    }

    /// Ids of rows of codes, without an array of the dictionary's entries; rows that are null in `column` are left out.
    mutating func intern(
        _ codes: UnsafePointer<Int32>, of dictionary: StringDictionary, validOf column: Column?, start: Int, rows: Int,
        into ids: UnsafeMutablePointer<Int32>
    ) {
        internRows(
            CodedTexts(codes: codes, entries: DictionaryTexts(dictionary)), validOf: column, start: start, rows: rows,
            into: ids)
    }

    /// The id of a dictionary's entry.
    mutating func intern(entry: Int, of dictionary: StringDictionary) -> Int32 {
        let text = DictionaryTexts(dictionary)[entry]
        let (found, slot) = index.locate(text)
        return found >= 0 ? found : add(text, in: slot)
    }

    @inline(__always)
    private mutating func internRows<Source: TextSource>(
        _ texts: Source, validOf column: Column?, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>
    ) {
        Self.withHashes(texts, rows: rows) { first, step, hashes in
            var index = index
            for row in 0..<step {
                index.prefetch(hashes + row)
                if let column, column.isNull(at: start + first + row) {
                    ids[first + row] = 0
                    continue
                }
                let text = texts.text(first + row, hash: hashes[row])
                let (found, slot) = index.locate(text)
                if found >= 0 {
                    ids[first + row] = found
                } else {
                    ids[first + row] = add(text, in: slot)
                    index = self.index
                }
            }
        }
    }

    /// Calls `body` with the hashes of up to `KeyTable.chunkRows` rows at a time, and room to look ahead.
    @inline(__always)
    private static func withHashes<Source: TextSource>(
        _ texts: Source, rows: Int, _ body: (Int, Int, UnsafePointer<UInt64>) -> Void
    ) {
        let room = KeyTable.chunkRows + keyLookAhead
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: room) { scratch in
            guard let hashes = scratch.baseAddress else { return }
            (hashes + KeyTable.chunkRows).update(repeating: 0, count: keyLookAhead)
            var first = 0
            while first < rows {
                let step = min(KeyTable.chunkRows, rows - first)
                for row in 0..<step { hashes[row] = texts.hash(first + row) }
                for row in step..<min(step + keyLookAhead, room) { hashes[row] = 0 }
                body(first, step, hashes)
                first += step
            }
        }
    }

    private mutating func add(_ text: Text, in slot: Int) -> Int32 {
        let id = count
        slots.bound(to: Slot.self)[slot] = Slot(id: id, hash: text.hash, start: bytes.count, length: text.length)
        append(text.base, length: text.length, hash: text.hash)
        if count * 2 > slotMask { enlarge() }
        return Int32(truncatingIfNeeded: id)
    }

    private mutating func append(_ text: UnsafePointer<UInt8>?, length: Int, hash: UInt64) {
        precondition(count < Int(Int32.max) - 1, "a table cannot hold more than 2^31 different texts")
        bytes.reserve(length)
        if let text { memcpy(bytes.pointer + bytes.count, text, length) }
        bytes.advance(by: length)
        ends.append(bytes.count)
        hashes.append(hash)
    }

    private mutating func enlarge() {
        let capacity = (slotMask + 1) * (slotMask < Self.largeSlotCount ? 4 : 2)
        slots = MemoryRegion(of: Slot.self, count: capacity, zeroed: true)
        slotMask = capacity - 1
        let table = slots.bound(to: Slot.self)
        let values = hashes.pointer
        for id in 0..<count where id != null {
            var slot = Int(truncatingIfNeeded: values[id]) & slotMask
            while table[slot].tag != 0 { slot = (slot + 1) & slotMask }
            let length = length(of: id)
            table[slot] = Slot(id: id, hash: values[id], start: ends.pointer[id] - length, length: length)
        }
    }

    // MARK: Looking up

    /// Ids of the rows of a plain column, -1 for texts that are not here; a null row's id is unspecified.
    func find(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (offsets, base) = column.text else { preconditionFailure("a \(column.type) key is not text") }
        findRows(PlainTexts(offsets: offsets + start, base: base), rows: rows, into: ids)
    }

    /// Ids of all entries of a dictionary, -1 for texts that are not here.
    func find(_ dictionary: StringDictionary, into ids: UnsafeMutablePointer<Int32>) {
        findRows(DictionaryTexts(dictionary), rows: dictionary.count, into: ids)
    }

    @inline(__always)
    private func findRows<Source: TextSource>(_ texts: Source, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        let index = index
        Self.withHashes(texts, rows: rows) { first, step, hashes in
            for row in 0..<step {
                index.prefetch(hashes + row)
                ids[first + row] = index.locate(texts.text(first + row, hash: hashes[row])).id
            }
        }
    }

    /// The table's memory as it is until a text is added.
    private struct Index {
        let table: UnsafePointer<Slot>
        let mask: Int
        let ends: UnsafePointer<Int>
        let bytes: UnsafePointer<UInt8>

        /// Asks for the slot of a row to come, and for the text of one that comes sooner; `hashes` are those from the row
        /// at hand on.
        @inline(__always)
        func prefetch(_ hashes: UnsafePointer<UInt64>) {
            stoa_prefetch(table + (Int(truncatingIfNeeded: hashes[keyLookAhead]) & mask))
            let place = table[Int(truncatingIfNeeded: hashes[textLookAhead]) & mask].place
            stoa_prefetch(bytes + Int(truncatingIfNeeded: place &>> 16))
        }

        /// The id of the text, or -1 and the slot where it belongs.
        @inline(__always)
        func locate(_ text: Text) -> (id: Int32, slot: Int) {
            let tag = text.hash & 0xffff_ffff_0000_0000
            let length = min(UInt64(text.length), Slot.longLength)
            var slot = Int(truncatingIfNeeded: text.hash) & mask
            while true {
                let entry = table[slot]
                if entry.tag == 0 { return (-1, slot) }
                if entry.tag & 0xffff_ffff_0000_0000 == tag, entry.place & Slot.longLength == length {
                    let id = Int(entry.tag & 0xffff_ffff) - 1
                    let start = Int(truncatingIfNeeded: entry.place &>> 16)
                    if length < Slot.longLength || ends[id] - start == text.length,
                        TextHash.areEqual(bytes + start, text.base, count: text.length)
                    {
                        return (Int32(truncatingIfNeeded: id), slot)
                    }
                }
                slot = (slot + 1) & mask
            }
        }
    }

    private var index: Index {
        Index(table: slots.bound(to: Slot.self), mask: slotMask, ends: ends.pointer, bytes: bytes.pointer)
    }

    // MARK: Output

    /// All texts as a dictionary whose codes are the ids, one less behind the id of null; the same object until a text is
    /// added, in shared memory. Nil when the texts exceed the 2 GiB of a dictionary.
    mutating func dictionary() -> StringDictionary? {
        if let emitted, emitted.of == count { return emitted.dictionary }
        if bytes.count > Int(Int32.max) { return nil }
        let entries = null == nil ? count : count - 1
        let offsetRegion = MemoryRegion(of: Int32.self, count: entries + 1)
        let hashRegion = MemoryRegion(of: UInt64.self, count: entries)
        let offsets = offsetRegion.bound(to: Int32.self)
        let target = hashRegion.bound(to: UInt64.self)
        var code = 0
        offsets[0] = 0
        for id in 0..<count where id != null {
            target[code] = hashes.pointer[id]
            code += 1
            offsets[code] = Int32(truncatingIfNeeded: ends.pointer[id])
        }
        let values = Column(
            type: .utf8, count: entries, storage: .text(offsets: offsetRegion.buffer, bytes: bytes.buffer))
        let made = StringDictionary(values: values, hashes: hashRegion.buffer)
        emitted = (made, count)
        return made
    }

    /// How many of these ids have texts that fit the 2 GiB of a column chunk together.
    func fittingCount(_ ids: UnsafePointer<Int32>, count rows: Int) -> Int {
        var total = 0
        for row in 0..<rows {
            total += length(of: Int(ids[row]))
            if total > Int(Int32.max) { return row }
        }
        return rows
    }

    private func length(of id: Int) -> Int { ends.pointer[id] - (id == 0 ? 0 : ends.pointer[id - 1]) }

    /// The texts with these ids written out, for a table whose texts make no dictionary; no more of them than fit.
    func plain(
        ids: UnsafePointer<Int32>, count rows: Int, nulls: UnsafePointer<UInt8>, validity: MemoryRegion?
    ) -> Column {
        let offsetRegion = MemoryRegion(of: Int32.self, count: rows + 1)
        let offsets = offsetRegion.bound(to: Int32.self)
        var total = 0
        offsets[0] = 0
        for row in 0..<rows {
            if nulls[row] == 0 { total += length(of: Int(ids[row])) }
            precondition(total <= Int(Int32.max), "the texts of one batch of keys need more than 2 GiB")
            offsets[row + 1] = Int32(total)
        }
        let byteRegion = MemoryRegion(byteCount: total)
        for row in 0..<rows where nulls[row] == 0 {
            let id = Int(ids[row])
            memcpy(
                byteRegion.base + Int(offsets[row]), bytes.pointer + (ends.pointer[id] - length(of: id)), length(of: id)
            )
        }
        return Column(
            type: .utf8, count: rows, validity: validity?.buffer,
            storage: .text(offsets: offsetRegion.buffer, bytes: byteRegion.buffer))
    }
}

/// The bytes of one row and their hash.
private struct Text {
    let base: UnsafePointer<UInt8>
    let length: Int
    let hash: UInt64
}

/// Rows of text whose hashes are computed or known.
private protocol TextSource {
    func hash(_ row: Int) -> UInt64
    func text(_ row: Int, hash: UInt64) -> Text
}

private struct PlainTexts: TextSource {
    let offsets: UnsafePointer<Int32>
    let base: UnsafePointer<UInt8>

    @inline(__always)
    func hash(_ row: Int) -> UInt64 {
        let first = Int(offsets[row])
        return TextHash.bytes(base + first, count: Int(offsets[row + 1]) - first)
    }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text {
        let first = Int(offsets[row])
        return Text(base: base + first, length: Int(offsets[row + 1]) - first, hash: hash)
    }
}

/// The entries of a dictionary, which keeps their hashes.
private struct DictionaryTexts: TextSource {
    private let texts: PlainTexts
    private let hashes: UnsafePointer<UInt64>

    init(_ dictionary: StringDictionary) {
        guard let (offsets, base) = dictionary.values.text else {
            preconditionFailure("the entries of a dictionary are plain text")
        }
        texts = PlainTexts(offsets: offsets, base: base)
        hashes = dictionary.hashes
    }

    @inline(__always)
    func hash(_ row: Int) -> UInt64 { hashes[row] }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text { texts.text(row, hash: hash) }

    @inline(__always)
    subscript(entry: Int) -> Text { texts.text(entry, hash: hashes[entry]) }
}

/// Rows of codes into a dictionary.
private struct CodedTexts: TextSource {
    let codes: UnsafePointer<Int32>
    let entries: DictionaryTexts

    @inline(__always)
    func hash(_ row: Int) -> UInt64 { entries.hash(Int(codes[row])) }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text { entries.text(Int(codes[row]), hash: hash) }
}
