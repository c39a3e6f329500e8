import Glibc
import StoaColumns
import Synchronization

/// The distinct texts of one key column, numbered 0, 1, 2, ... in order of first appearance.
///
/// While all text comes encoded by dictionaries of one family, a text is its code: a row costs one load from an array of
/// ids by code, and no text is read. The first column of another kind has the texts entered into a `TextTable` under their
/// ids; from then on every family has its array, and plain text is looked up by its bytes.
///
/// Guard: interning is by the table's one writer; `find` may run on several threads while none interns.
final class KeyStrings: @unchecked Sendable {
    // Unchecked: the table has one writer, and what concurrent readers write is behind `readers`.

    /// How many families are remembered; more than one when columns of several files or chunks alternate.
    private static let rememberedFamilies = 16
    /// Bytes of the arrays of further families that readers remember, those used last.
    private static let readMapBytes = 16 << 20
    /// A dictionary so many times as long as a batch is not worth an array.
    private static let sparseFactor = 4

    /// The ids of a family's codes, -1 where a code has not been met.
    private struct CodeMap {
        let family: DictionaryFamily
        var ids: MemoryRegion
        var count: Int
    }

    /// What readers make for themselves while nobody writes.
    private struct Readers {
        /// The texts of a table that knows them by code only.
        var texts: TextTable?
        /// Finished arrays, good until a text is added, the one used last at the end.
        var maps: [(map: CodeMap, of: Int)] = []
    }

    /// The array of the codes by which the texts are known, while there is no other text.
    private var coded: CodeMap?
    /// Code by id, and the longest dictionary met, while `coded` is there.
    private var codes = GrowingBuffer<Int32>()
    private var longest: StringDictionary?
    /// The texts by their bytes, once that is needed.
    private var texts: TextTable?
    /// Arrays of the families met since.
    private var maps: [CodeMap] = []
    private let readers = Mutex(Readers())

    /// Number of ids given.
    private(set) var count = 0
    /// The id that stands for null, once `nullID()` has been asked for.
    private(set) var reservedNull: Int32?

    /// No more than so many ids are given while the texts are known by code; else those given.
    var boundOfCount: Int { max(coded?.count ?? 0, count) }

    /// The id of null in a table whose only key is text: a number of the same sequence.
    func nullID() -> Int32 {
        if let reservedNull { return reservedNull }
        let id = Int32(count)
        if texts != nil { texts?.appendNull() } else { codes.append(0) }
        count += 1
        reservedNull = id
        return id
    }

    /// Ids of the rows of a text column, new texts included; a null row's id is unspecified.
    func intern(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        precondition(count < Int(Int32.max) - rows, "a table cannot hold more than 2^31 different texts")
        if column.nullCount == column.count {
            ids.update(repeating: 0, count: rows)
            return
        }
        guard let (allCodes, dictionary) = column.dictionaryCodes else {
            enterTexts()
            texts?.intern(column, start: start, rows: rows, into: ids)
            count = texts?.count ?? count
            return
        }
        if texts == nil, coded == nil {
            coded = Self.emptyMap(of: dictionary)
            longest = dictionary
        }
        if let map = coded, map.family === dictionary.family {
            internCodes(column, allCodes + start, of: dictionary, start: start, rows: rows, into: ids)
        } else {
            enterTexts()
            internEntries(column, allCodes + start, of: dictionary, start: start, rows: rows, into: ids)
            count = texts?.count ?? count
        }
    }

    /// Ids of the rows of a text column, -1 for texts that were never interned; a null row's id is unspecified.
    func find(_ column: Column, start: Int, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        guard let (allCodes, dictionary) = column.dictionaryCodes else {
            textsForReading().find(column, start: start, rows: rows, into: ids)
            return
        }
        let codes = allCodes + start
        if dictionary.count == 0 {
            ids.update(repeating: -1, count: rows)
            return
        }
        let map: CodeMap
        if let coded, coded.family === dictionary.family {
            map = coded
        } else {
            map = foundMap(dictionary)
        }
        let found = map.ids.bound(to: Int32.self)
        let known = map.count
        // A longer dictionary of the family may have come since: its further texts were never interned.
        for row in 0..<rows {
            let code = Int(codes[row])
            ids[row] = code < known ? found[code] : -1
        }
        // Other threads may meanwhile have pushed this map out of those remembered.
        withExtendedLifetime(map.ids) {}
    }

    // MARK: Texts known by code

    private static func emptyMap(of dictionary: StringDictionary) -> CodeMap {
        let count = dictionary.family.entryCount
        let region = MemoryRegion(of: Int32.self, count: count)
        memset(region.base, 0xff, region.byteCount)
        return CodeMap(family: dictionary.family, ids: region, count: count)
    }

    /// The map with room for the codes of a longer dictionary.
    private static func grown(_ map: CodeMap, for dictionary: StringDictionary) -> CodeMap {
        if dictionary.count <= map.count { return map }
        let larger = emptyMap(of: dictionary)
        memcpy(larger.ids.base, map.ids.base, map.count * 4)
        return larger
    }

    private func internCodes(
        _ column: Column, _ rowCodes: UnsafePointer<Int32>, of dictionary: StringDictionary, start: Int, rows: Int,
        into ids: UnsafeMutablePointer<Int32>
    ) {
        guard let map = coded.map({ Self.grown($0, for: dictionary) }) else { return }
        coded = map
        if let longest, longest.count < dictionary.count { self.longest = dictionary }
        codes.reserve(min(rows, dictionary.count))
        let added = Self.assign(
            column, rowCodes, start: start, rows: rows, next: count, map.ids.bound(to: Int32.self),
            codes: codes.pointer + codes.count, into: ids)
        codes.advance(by: added)
        count += added
        withExtendedLifetime(map.ids) {}
    }

    /// Gives codes that were not met the next ids and writes them down; the number of those.
    private static func assign(
        _ column: Column, _ rowCodes: UnsafePointer<Int32>, start: Int, rows: Int, next: Int,
        _ map: UnsafeMutablePointer<Int32>, codes: UnsafeMutablePointer<Int32>, into ids: UnsafeMutablePointer<Int32>
    ) -> Int {
        var added = 0
        if column.nullCount == 0 {
            for row in 0..<rows {
                let code = Int(rowCodes[row])
                var id = map[code]
                if id < 0 {
                    id = Int32(truncatingIfNeeded: next &+ added)
                    map[code] = id
                    codes[added] = Int32(truncatingIfNeeded: code)
                    added &+= 1
                }
                ids[row] = id
            }
            return added
        }
        for row in 0..<rows {
            let code = Int(rowCodes[row])
            var id = map[code]
            if id < 0 {
                // A null row's code must not bring an unused text into the table.
                if column.isNull(at: start + row) {
                    id = 0
                } else {
                    id = Int32(truncatingIfNeeded: next &+ added)
                    map[code] = id
                    codes[added] = Int32(truncatingIfNeeded: code)
                    added &+= 1
                }
            }
            ids[row] = id
        }
        return added
    }

    // MARK: Texts known by their bytes

    /// Sees to it that the texts are known by their bytes.
    private func enterTexts() {
        if texts != nil { return }
        let read = readers.withLock { $0.texts }
        texts = read.flatMap { $0.count == count ? $0 : nil } ?? enteredTexts()
        if let coded { maps.append(coded) }
        coded = nil
        longest = nil
        codes = GrowingBuffer()
    }

    /// The texts known by code, by their bytes.
    private func enteredTexts() -> TextTable {
        var table = TextTable()
        guard let longest else {
            for _ in 0..<count { table.appendNull() }
            return table
        }
        table.append(
            codes.pointer, count: count, of: longest, null: reservedNull.map { Int($0) })
        return table
    }

    private func textsForReading() -> TextTable {
        if let texts { return texts }
        return readers.withLock { readers in
            if let texts = readers.texts, texts.count == count { return texts }
            let made = enteredTexts()
            readers.texts = made
            return made
        }
    }

    private func internEntries(
        _ column: Column, _ rowCodes: UnsafePointer<Int32>, of dictionary: StringDictionary, start: Int, rows: Int,
        into ids: UnsafeMutablePointer<Int32>
    ) {
        guard let place = internMap(dictionary, rows: rows) else {
            let validColumn = column.nullCount == 0 ? nil : column
            texts?.intern(rowCodes, of: dictionary, validOf: validColumn, start: start, rows: rows, into: ids)
            return
        }
        let known = maps[place].ids
        texts?.intern(
            rowCodes, of: dictionary, map: known.bound(to: Int32.self),
            validOf: column.nullCount == 0 ? nil : column, start: start, rows: rows, into: ids)
        withExtendedLifetime(known) {}
    }

    /// Where the array of the dictionary's family is; nil when a batch of so many rows is not worth one.
    private func internMap(_ dictionary: StringDictionary, rows: Int) -> Int? {
        if let last = maps.indices.last, maps[last].family === dictionary.family {
            maps[last] = Self.grown(maps[last], for: dictionary)
            return last
        }
        if let place = maps.firstIndex(where: { $0.family === dictionary.family }) {
            maps.swapAt(place, maps.count - 1)
            maps[maps.count - 1] = Self.grown(maps[maps.count - 1], for: dictionary)
            return maps.count - 1
        }
        if dictionary.count > Self.sparseFactor * rows { return nil }
        if maps.count == Self.rememberedFamilies { maps.removeFirst() }
        maps.append(Self.emptyMap(of: dictionary))
        return maps.count - 1
    }

    /// The finished map from this dictionary's codes to ids, -1 where the text has none; good until a text is added.
    ///
    /// It is made outside the lock, so that threads with dictionaries of their own do not wait for each other; two that make
    /// the same keep the later one.
    private func foundMap(_ dictionary: StringDictionary) -> CodeMap {
        let known: CodeMap? = readers.withLock { readers in
            guard
                let place = readers.maps.lastIndex(where: {
                    $0.of == count && $0.map.family === dictionary.family && $0.map.count >= dictionary.count
                })
            else { return nil }
            let found = readers.maps.remove(at: place)
            readers.maps.append(found)
            return found.map
        }
        if let known { return known }
        let texts = textsForReading()
        let region = MemoryRegion(of: Int32.self, count: dictionary.count)
        texts.find(dictionary, into: region.bound(to: Int32.self))
        let map = CodeMap(family: dictionary.family, ids: region, count: dictionary.count)
        readers.withLock { readers in
            readers.maps.removeAll { $0.of != count || $0.map.family === dictionary.family }
            readers.maps.append((map, count))
            var bytes = readers.maps.reduce(0) { $0 + $1.map.count * 4 }
            while readers.maps.count > Self.rememberedFamilies, bytes > Self.readMapBytes {
                bytes -= readers.maps.removeFirst().map.count * 4
            }
        }
        return map
    }

    // MARK: Output

    /// How many of these ids `column` can give at a time.
    func fittingCount(_ ids: UnsafePointer<Int32>, count rows: Int) -> Int {
        guard texts != nil, texts?.dictionary() == nil else { return rows }
        return texts?.fittingCount(ids, count: rows) ?? rows
    }

    /// A text column of the strings with these ids; null where `nulls` is set or the id stands for null.
    ///
    /// It is encoded by the dictionary by whose codes the strings are known, or by one of all strings; plain where that
    /// would exceed 2 GiB, and then for no more rows than `fittingCount` says.
    func column(ids: UnsafePointer<Int32>, count rows: Int, nulls: UnsafePointer<UInt8>) -> Column {
        let validity = KeyCells.validity(count: rows, nulls: nulls)
        let region = MemoryRegion(of: Int32.self, count: rows)
        let target = region.bound(to: Int32.self)
        let dictionary: StringDictionary
        if let texts {
            guard let all = self.texts?.dictionary() else {
                return texts.plain(ids: ids, count: rows, nulls: nulls, validity: validity)
            }
            // The dictionary has no entry for null.
            let null = reservedNull ?? Int32.max
            for row in 0..<rows { target[row] = nulls[row] != 0 ? 0 : ids[row] > null ? ids[row] - 1 : ids[row] }
            dictionary = all
        } else {
            guard let longest else { return Column.nulls(.utf8, count: rows) }
            let codes = codes.pointer
            for row in 0..<rows { target[row] = nulls[row] == 0 ? codes[Int(ids[row])] : 0 }
            dictionary = longest
        }
        return Column(
            type: .utf8, count: rows, validity: validity?.buffer,
            storage: .dictionary(codes: region.buffer, dictionary))
    }
}
