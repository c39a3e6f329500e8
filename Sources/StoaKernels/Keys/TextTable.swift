internal import CStoaVector
import Glibc
import StoaColumns

/// Texts by their bytes, numbered in order of appearance, and a hash table over them.
///
/// Open addressing, linear probing by cache lines of two slots, at most half full. A slot holds a text of up to 16 bytes,
/// and of a longer one the first and the last 8 and where it lies: a row of a large table costs one miss, asked for ahead,
/// unless its text is long. The bytes lie one after the other and are only added to. Guard: one writer; reads may run on
/// several threads while nobody writes.
///
/// A copy shares the memory: of several copies one may be added to, the others only be read, and no more once it was.
struct TextTable: @unchecked Sendable {
    // Unchecked: writing has one caller at a time, and reading writes nothing.

    private struct Slot: BitwiseCopyable {
        /// The upper half of the hash, and the id plus one; zero when the slot is empty.
        var tag: UInt64
        /// Where the text starts, and in the lower 16 bits its length; all ones there for longer texts.
        var place: UInt64
        /// The ends of the text, which are all of one of up to 16 bytes.
        var ends: TextEnds

        static let longLength: UInt64 = 0xffff

        init(id: Int, hash: UInt64, start: Int, length: Int, ends: TextEnds) {
            tag = (hash & 0xffff_ffff_0000_0000) | UInt64(id + 1)
            place = UInt64(start) &<< 16 | min(UInt64(length), Slot.longLength)
            self.ends = ends
        }
    }

    /// Texts of so many bytes are told apart by their ends.
    private static let inlineLength = 16
    /// Tables of more slots double, smaller ones quadruple.
    private static let largeSlotCount = 1 << 20

    private var slots: MemoryRegion
    private var slotMask: Int
    /// Where slots, ends and bytes are: a copy of pointers, which a loop reads without counting references.
    private var index: Index
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
        index = Index(
            table: slots.bound(to: Slot.self), mask: slotMask, ends: UnsafePointer(ends.pointer),
            bytes: UnsafePointer(bytes.pointer))
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

    /// Ids of rows of codes by an array of the ids of the dictionary's entries, -1 for those that were not met; rows that are
    /// null in `column` are left out.
    mutating func intern(
        _ codes: UnsafePointer<Int32>, of dictionary: StringDictionary, map: UnsafeMutablePointer<Int32>,
        validOf column: Column?, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>
    ) {
        let entries = DictionaryTexts(dictionary)
        let bits = column?.validity.map { UnsafeRawPointer($0.base) }
        let offset = (column?.offset ?? 0) + start
        defer { withExtendedLifetime((column, dictionary)) {} }
        var index = index
        for row in 0..<rows {
            if row + keyLookAhead < rows {
                let code = Int(codes[row + keyLookAhead])
                if map[code] < 0 { index.prefetch(entries.hash(code)) }
            }
            let code = Int(codes[row])
            var id = map[code]
            if id < 0 {
                if let bits, !ValidityBits.bit(bits, at: offset + row) {
                    id = 0
                } else {
                    let text = entries[code]
                    let (found, slot) = index.locate(text)
                    id = found
                    if found < 0 {
                        id = add(text, in: slot)
                        index = self.index
                    }
                    map[code] = id
                }
            }
            ids[row] = id
        }
    }

    @inline(__always)
    private mutating func internRows<Source: TextSource>(
        _ texts: Source, validOf column: Column?, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>
    ) {
        let bits = column?.validity.map { UnsafeRawPointer($0.base) }
        let offset = (column?.offset ?? 0) + start
        defer { withExtendedLifetime(column) {} }
        Self.withHashes(texts, rows: rows) { first, step, hashes in
            var index = index
            for row in 0..<step {
                index.prefetch(hashes[row + keyLookAhead])
                if let bits, !ValidityBits.bit(bits, at: offset + first + row) {
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

    @inline(__always)
    private mutating func add(_ text: Text, in slot: Int) -> Int32 {
        let id = count
        index.table[slot] = Slot(
            id: id, hash: text.hash, start: bytes.count, length: text.length, ends: text.ends)
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
        index.ends = UnsafePointer(ends.pointer)
        index.bytes = UnsafePointer(bytes.pointer)
    }

    private mutating func enlarge() {
        let capacity = (slotMask + 1) * (slotMask < Self.largeSlotCount ? 4 : 2)
        slots = MemoryRegion(of: Slot.self, count: capacity, zeroed: true)
        slotMask = capacity - 1
        let table = slots.bound(to: Slot.self)
        index.table = table
        index.mask = slotMask
        let values = hashes.pointer
        for id in 0..<count where id != null {
            if id &+ keyLookAhead < count { index.prefetch(values[id &+ keyLookAhead]) }
            let start = Int(truncatingIfNeeded: values[id]) & slotMask
            var slot = start
            while table[slot].tag != 0 { slot = Index.slot(after: slot, start: start, mask: slotMask) }
            let length = length(of: id)
            let place = ends.pointer[id] - length
            table[slot] = Slot(
                id: id, hash: values[id], start: place, length: length,
                ends: TextEnds(UnsafeRawPointer(bytes.pointer + place), count: length))
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
                index.prefetch(hashes[row + keyLookAhead])
                ids[first + row] = index.locate(texts.text(first + row, hash: hashes[row])).id
            }
        }
    }

    /// The table's memory as it is until a text is added.
    private struct Index {
        var table: UnsafeMutablePointer<Slot>
        var mask: Int
        var ends: UnsafePointer<Int>
        var bytes: UnsafePointer<UInt8>

        /// Where to look after a slot: at the other of the two that share a cache line, then in the next line.
        @inline(__always)
        static func slot(after slot: Int, start: Int, mask: Int) -> Int {
            (slot ^ start) & 1 == 0 ? slot ^ 1 : ((slot ^ 1) &+ 2) & mask
        }

        /// Asks for the slot of a row to come.
        @inline(__always)
        func prefetch(_ hash: UInt64) { stoa_prefetch(table + (Int(truncatingIfNeeded: hash) & mask)) }

        /// The id of the text, or -1 and the slot where it belongs.
        @inline(__always)
        func locate(_ text: Text) -> (id: Int32, slot: Int) {
            let tag = text.hash & 0xffff_ffff_0000_0000
            let length = min(UInt64(text.length), Slot.longLength)
            let ends = text.ends
            let start = Int(truncatingIfNeeded: text.hash) & mask
            var slot = start
            while true {
                let entry = table[slot]
                if entry.tag == 0 { return (-1, slot) }
                if entry.tag & 0xffff_ffff_0000_0000 == tag, entry.place & Slot.longLength == length,
                    entry.ends == ends
                {
                    let id = Int(entry.tag & 0xffff_ffff) - 1
                    if text.length <= TextTable.inlineLength { return (Int32(truncatingIfNeeded: id), slot) }
                    let place = Int(truncatingIfNeeded: entry.place &>> 16)
                    if length < Slot.longLength || self.ends[id] - place == text.length,
                        TextHash.areEqual(bytes + place, text.base, count: text.length)
                    {
                        return (Int32(truncatingIfNeeded: id), slot)
                    }
                }
                slot = Self.slot(after: slot, start: start, mask: mask)
            }
        }
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
