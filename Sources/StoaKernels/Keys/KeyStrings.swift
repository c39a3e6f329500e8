import Glibc
import StoaColumns
import Synchronization

/// The distinct texts of one key column, numbered 0, 1, 2, ... in order of first appearance.
///
/// Dictionary-encoded columns go through a map from code to string id, one per dictionary (by identity), so that a row
/// costs one load. Guard: interning is by the table's one writer; `find` may run on several threads while none interns.
final class KeyStrings: @unchecked Sendable {
    // Unchecked: the table has one writer, and what concurrent readers write is behind `foundMaps`.

    /// How many dictionaries are remembered; more than one when batches of several files or chunks alternate.
    private static let rememberedDictionaries = 16

    private var slots: MemoryRegion
    private var slotMask: Int
    private var hashes = GrowingBuffer<UInt64>()
    private var ends = GrowingBuffer<Int>()
    private var bytes = GrowingBuffer<UInt8>()
    private var maps: [(dictionary: StringDictionary, ids: MemoryRegion)] = []
    private let foundMaps = Mutex<[(dictionary: StringDictionary, ids: MemoryRegion, of: Int)]>([])
    private var emitted: StringDictionary?

    /// Number of ids given.
    private(set) var count = 0
    /// The id that stands for null, once `nullID()` has been asked for.
    private(set) var reservedNull: Int32?

    init() {
        slots = MemoryRegion(of: UInt64.self, count: 64, zeroed: true)
        slotMask = 63
    }

    /// The id of null in a table whose only key is text: a number of the same sequence.
    func nullID() -> Int32 {
        if let reservedNull { return reservedNull }
        let id = Int32(count)
        append(nil, length: 0, hash: 0)
        reservedNull = id
        return id
    }

    /// Ids of the rows of a text column, new texts included; a null row's id is unspecified.
    func intern(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (allCodes, dictionary) = column.dictionaryCodes else {
            internPlain(column, start: start, rows: rows, into: ids)
            return
        }
        if dictionary.count == 0 {
            ids.update(repeating: 0, count: rows)
            return
        }
        let codes = allCodes + start
        let map = internMap(dictionary).bound(to: Int32.self)
        if column.nullCount == 0 {
            for row in 0..<rows {
                let code = Int(codes[row])
                var id = map[code]
                if id < 0 {
                    id = intern(entry: code, of: dictionary)
                    map[code] = id
                }
                ids[row] = id
            }
        } else {
            // A null row's code must not bring an unused text into the table.
            for row in 0..<rows {
                let code = Int(codes[row])
                var id = map[code]
                if id < 0 {
                    if column.isNull(at: start + row) {
                        id = 0
                    } else {
                        id = intern(entry: code, of: dictionary)
                        map[code] = id
                    }
                }
                ids[row] = id
            }
        }
    }

    /// Ids of the rows of a text column, -1 for texts that were never interned; a null row's id is unspecified.
    func find(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        if let (allCodes, dictionary) = column.dictionaryCodes {
            if dictionary.count == 0 {
                ids.update(repeating: -1, count: rows)
                return
            }
            let codes = allCodes + start
            let region = foundMap(dictionary)
            let map = region.bound(to: Int32.self)
            for row in 0..<rows { ids[row] = map[Int(codes[row])] }
            // Other threads may meanwhile have pushed this map out of those remembered.
            withExtendedLifetime(region) {}
        } else {
            findPlain(column, start: start, rows: rows, into: ids)
        }
    }

    // MARK: Dictionaries

    /// The map from this dictionary's codes to ids, -1 where the code has not been met.
    private func internMap(_ dictionary: StringDictionary) -> MemoryRegion {
        if let last = maps.last, last.dictionary === dictionary { return last.ids }
        if let index = maps.firstIndex(where: { $0.dictionary === dictionary }) {
            maps.swapAt(index, maps.count - 1)
            return maps[maps.count - 1].ids
        }
        let region = MemoryRegion(of: Int32.self, count: dictionary.count)
        memset(region.base, 0xff, region.byteCount)
        if maps.count == Self.rememberedDictionaries { maps.removeFirst() }
        maps.append((dictionary, region))
        return region
    }

    /// The finished map from this dictionary's codes to ids, -1 where the text has none; good until a text is added.
    private func foundMap(_ dictionary: StringDictionary) -> MemoryRegion {
        foundMaps.withLock { maps in
            maps.removeAll { $0.of != count }
            if let found = maps.first(where: { $0.dictionary === dictionary }) { return found.ids }
            let region = MemoryRegion(of: Int32.self, count: dictionary.count)
            findPlain(dictionary.values, start: 0, rows: dictionary.count, into: region.bound(to: Int32.self))
            if maps.count == Self.rememberedDictionaries { maps.removeFirst() }
            maps.append((dictionary, region, count))
            return region
        }
    }

    // MARK: Plain text

    private func internPlain(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (allOffsets, base) = column.text else { preconditionFailure("a \(column.type) key is not text") }
        let offsets = allOffsets + start
        let validity = column.validity
        let offset = column.offset + start
        var index = index
        for row in 0..<rows {
            if let validity, !ValidityBits.bit(validity.base, at: offset + row) {
                ids[row] = 0
                continue
            }
            let text = Text(base, offsets, row)
            let (found, slot) = index.locate(text)
            if found >= 0 {
                ids[row] = found
            } else {
                ids[row] = add(text, in: slot)
                index = self.index
            }
        }
    }

    private func findPlain(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (allOffsets, base) = column.text else { preconditionFailure("a \(column.type) key is not text") }
        let offsets = allOffsets + start
        let index = index
        for row in 0..<rows { ids[row] = index.locate(Text(base, offsets, row)).id }
    }

    /// The bytes of one row and their hash.
    private struct Text {
        let base: UnsafePointer<UInt8>
        let length: Int
        let hash: UInt64

        @inline(__always)
        init(_ bytes: UnsafePointer<UInt8>, _ offsets: UnsafePointer<Int32>, _ row: Int) {
            let first = Int(offsets[row])
            base = bytes + first
            length = Int(offsets[row + 1]) - first
            hash = KeyHash.bytes(base, count: length)
        }
    }

    // MARK: The table: a slot holds the upper half of the hash and the id plus one, zero when empty

    /// The table's memory as it is until a text is added.
    private struct Index {
        let table: UnsafePointer<UInt64>
        let mask: Int
        let ends: UnsafePointer<Int>
        let bytes: UnsafePointer<UInt8>

        /// The id of the text, or -1 and the slot where it belongs.
        @inline(__always)
        func locate(_ text: Text) -> (id: Int32, slot: Int) {
            let tag = text.hash & 0xffff_ffff_0000_0000
            var slot = Int(truncatingIfNeeded: text.hash) & mask
            while true {
                let entry = table[slot]
                if entry == 0 { return (-1, slot) }
                if entry & 0xffff_ffff_0000_0000 == tag {
                    let id = Int(entry & 0xffff_ffff) - 1
                    let begin = id == 0 ? 0 : ends[id - 1]
                    if ends[id] - begin == text.length, memcmp(bytes + begin, text.base, text.length) == 0 {
                        return (Int32(truncatingIfNeeded: id), slot)
                    }
                }
                slot = (slot + 1) & mask
            }
        }
    }

    private var index: Index {
        Index(table: slots.bound(to: UInt64.self), mask: slotMask, ends: ends.pointer, bytes: bytes.pointer)
    }

    /// The id of a dictionary's entry.
    private func intern(entry: Int, of dictionary: StringDictionary) -> Int32 {
        guard let (offsets, base) = dictionary.values.text else {
            preconditionFailure("the entries of a dictionary are plain text")
        }
        let text = Text(base, offsets, entry)
        let (found, slot) = index.locate(text)
        return found >= 0 ? found : add(text, in: slot)
    }

    private func add(_ text: Text, in slot: Int) -> Int32 {
        let id = Int32(count)
        slots.bound(to: UInt64.self)[slot] = (text.hash & 0xffff_ffff_0000_0000) | UInt64(count + 1)
        append(text.base, length: text.length, hash: text.hash)
        if count * 2 > slotMask { enlarge() }
        return id
    }

    private func append(_ text: UnsafePointer<UInt8>?, length: Int, hash: UInt64) {
        precondition(count < Int(Int32.max) - 1, "a table cannot hold more than 2^31 different texts")
        bytes.reserve(length)
        if let text { memcpy(bytes.pointer + bytes.count, text, length) }
        bytes.advance(by: length)
        ends.append(bytes.count)
        hashes.append(hash)
        count += 1
        emitted = nil
    }

    private func enlarge() {
        let capacity = (slotMask + 1) * 4
        slots = MemoryRegion(of: UInt64.self, count: capacity, zeroed: true)
        slotMask = capacity - 1
        let table = slots.bound(to: UInt64.self)
        let values = hashes.pointer
        for id in 0..<count where Int32(id) != reservedNull {
            var slot = Int(truncatingIfNeeded: values[id]) & slotMask
            while table[slot] != 0 { slot = (slot + 1) & slotMask }
            table[slot] = (values[id] & 0xffff_ffff_0000_0000) | UInt64(id + 1)
        }
    }

    // MARK: Output

    /// A text column of the strings with these ids; null where `nulls` is set or the id stands for null.
    ///
    /// It is encoded by one dictionary of all strings when they repeat or are few, else plain.
    func column(ids: UnsafePointer<Int32>, count rows: Int, nulls: UnsafePointer<UInt8>, of total: Int) -> Column {
        let validity = KeyCells.validity(count: rows, nulls: nulls)
        let isEncoded = reservedNull == nil && (count <= 4096 || count * 2 <= total) && bytes.count <= Int(Int32.max)
        if isEncoded {
            let region = MemoryRegion(of: Int32.self, count: rows)
            let codes = region.bound(to: Int32.self)
            for row in 0..<rows { codes[row] = nulls[row] == 0 ? ids[row] : 0 }
            return Column(
                type: .utf8, count: rows, validity: validity?.buffer,
                storage: .dictionary(codes: region.buffer, dictionary()))
        }
        return plain(ids: ids, count: rows, nulls: nulls, validity: validity)
    }

    private func plain(
        ids: UnsafePointer<Int32>, count rows: Int, nulls: UnsafePointer<UInt8>, validity: MemoryRegion?
    ) -> Column {
        let limits = ends.pointer
        let offsetRegion = MemoryRegion(of: Int32.self, count: rows + 1)
        let offsets = offsetRegion.bound(to: Int32.self)
        var total = 0
        offsets[0] = 0
        for row in 0..<rows {
            let id = Int(ids[row])
            if nulls[row] == 0 { total += limits[id] - (id == 0 ? 0 : limits[id - 1]) }
            precondition(total <= Int(Int32.max), "the texts of one batch of keys need more than 2 GB")
            offsets[row + 1] = Int32(total)
        }
        let byteRegion = MemoryRegion(byteCount: total)
        for row in 0..<rows where nulls[row] == 0 {
            let id = Int(ids[row])
            let begin = id == 0 ? 0 : limits[id - 1]
            memcpy(byteRegion.base + Int(offsets[row]), bytes.pointer + begin, limits[id] - begin)
        }
        return Column(
            type: .utf8, count: rows, validity: validity?.buffer,
            storage: .text(offsets: offsetRegion.buffer, bytes: byteRegion.buffer))
    }

    /// All strings as a dictionary whose codes are the ids; the same object until a string is added.
    private func dictionary() -> StringDictionary {
        if let emitted { return emitted }
        let offsetRegion = MemoryRegion(of: Int32.self, count: count + 1)
        let offsets = offsetRegion.bound(to: Int32.self)
        offsets[0] = 0
        for id in 0..<count { offsets[id + 1] = Int32(ends.pointer[id]) }
        let byteRegion = MemoryRegion(byteCount: bytes.count)
        memcpy(byteRegion.base, bytes.pointer, bytes.count)
        let values = Column(
            type: .utf8, count: count, storage: .text(offsets: offsetRegion.buffer, bytes: byteRegion.buffer))
        let made = StringDictionary(values: values)
        emitted = made
        return made
    }
}
