import Glibc
import StoaColumns

/// Maps rows of key columns to dense ids 0, 1, 2, ... in order of first appearance: the table of grouping, distinct and
/// joins.
///
/// - Nulls: null is a key of its own, equal to itself. A join that must not match nulls skips them outside.
/// - NaN: all NaN are one key, and -0.0 and +0.0 are one key (N3); `keyColumns` gives the canonical patterns.
/// - Empty: no rows give no ids.
/// - Overflow: more than 2^31 - 1 keys trap.
///
/// How rows are looked up is chosen by what the keys are, and changes while the table grows; ids never change:
/// a single text key by its string id; ranges whose product is small by an array; keys whose ranges fit 63 bits, or one
/// column of 64 bits, by a hash table of one word; otherwise fixed-width fields in two or more words. Dictionary-encoded
/// text costs one load a row, its bytes are read once per dictionary. Cost a row: about 1 ns while the table fits the
/// second cache level, else a cache miss or two.
///
/// Guard: one writer. `find` may run on several threads at once while nobody inserts.
package final class KeyTable: @unchecked Sendable {
    // Unchecked: insert has one caller at a time, and find writes nothing that is not behind a lock.

    /// Rows handled at a time, so that cells and packed keys stay in the first cache level.
    static let chunkRows = 1024

    enum Strategy {
        case undecided
        /// The only key is text: its string ids are the ids.
        case text(KeyStrings)
        case dense(RadixLayout, slots: MemoryRegion)
        case radix(RadixLayout, InlineKeyMap<UInt64>)
        /// One column of at most 64 bits without nulls.
        case word(InlineKeyMap<UInt64>)
        case pair(RecordLayout, InlineKeyMap<KeyPair>)
        case records(RecordLayout, RecordKeyMap)
    }

    /// Types of the key columns.
    package let types: [DataType]
    /// Number of different keys.
    package private(set) var count = 0
    let expectedCount: Int
    var stores: [KeyColumnStore]
    var strategy: Strategy
    private(set) var rowsSeen = 0
    /// How often ranges without room were taken.
    var tightMoves = 0
    private var scratch: KeyScratch?

    /// An empty table over keys of these types; `expectedCount` is a hint.
    package init(types: [DataType], expectedCount: Int = 0) {
        precondition(!types.isEmpty, "a key table needs a key")
        self.types = types
        self.expectedCount = expectedCount
        if types == [.utf8] {
            stores = []
            strategy = .text(KeyStrings())
        } else {
            stores = types.map(KeyColumnStore.init)
            strategy = .undecided
        }
    }

    /// Gives each of the first `count` rows the id of its key, new keys included.
    package func insert(_ keys: [Column], count rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        check(keys, rows)
        rowsSeen += rows
        if case .text(let strings) = strategy {
            insertText(keys[0], strings, rows: rows, into: ids)
            return
        }
        let texts = internTexts(keys, rows: rows)
        defer { withExtendedLifetime(texts) {} }
        for (column, key) in keys.enumerated() { stores[column].observe(boundsOf: key) }
        let scratch = self.scratch ?? KeyScratch(columns: types.count)
        self.scratch = scratch
        var start = 0
        while start < rows {
            let step = min(Self.chunkRows, rows - start)
            load(keys, texts, start: start, rows: step, into: scratch)
            adapt(to: scratch.chunk, rows: step)
            let added = insert(scratch.chunk, rows: step, next: count, scratch: scratch, into: ids + start)
            if added > 0 {
                precondition(count + added < Int(Int32.max), "a table cannot hold more than 2^31 keys")
                for column in stores.indices {
                    stores[column].append(column, of: scratch.chunk, fresh: scratch.fresh, count: added)
                }
                count += added
            }
            start += step
        }
    }

    /// Gives each of the first `count` rows the id of its key, -1 when the table does not have it.
    package func find(_ keys: [Column], count rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        check(keys, rows)
        if case .text(let strings) = strategy {
            findText(keys[0], strings, rows: rows, into: ids)
            return
        }
        if count == 0 {
            ids.update(repeating: -1, count: rows)
            return
        }
        let scratch = KeyScratch(columns: types.count)
        var start = 0
        while start < rows {
            let step = min(Self.chunkRows, rows - start)
            loadFinding(keys, start: start, rows: step, into: scratch)
            find(scratch.chunk, rows: step, scratch: scratch, into: ids + start)
            start += step
        }
    }

    /// The keys by id.
    package func keyColumns() -> [Column] { keyColumns(0..<count) }

    /// The keys of a range of ids. Text comes encoded, by the dictionary that the keys came with when all came with one
    /// family, else by one of all texts; where the texts exceed the 2 GiB of a dictionary it comes plain, and the range
    /// must be one that `fitting` gave.
    package func keyColumns(_ range: Range<Int>) -> [Column] {
        guard case .text(let strings) = strategy else { return stores.map { $0.column(range) } }
        let region = MemoryRegion(byteCount: range.count * 5)
        defer { withExtendedLifetime(region) {} }
        let ids = region.bound(to: Int32.self)
        let nulls = (region.base + range.count * 4).assumingMemoryBound(to: UInt8.self)
        for (row, id) in range.enumerated() {
            ids[row] = Int32(id)
            nulls[row] = strings.reservedNull == Int32(id) ? 1 : 0
        }
        return [strings.column(ids: ids, count: range.count, nulls: nulls)]
    }

    /// As many ids from the start of a range on as have texts that fit a column chunk.
    package func fitting(_ range: Range<Int>) -> Range<Int> {
        var rows = range.count
        let region = MemoryRegion(of: Int32.self, count: range.count)
        defer { withExtendedLifetime(region) {} }
        let ids = region.bound(to: Int32.self)
        if case .text(let strings) = strategy {
            for (row, id) in range.enumerated() { ids[row] = Int32(id) }
            rows = strings.fittingCount(ids, count: rows)
        }
        for store in stores { rows = store.fittingCount(range.prefix(rows), scratch: ids) }
        return range.prefix(max(1, rows))
    }

    private func check(_ keys: [Column], _ rows: Int) {
        precondition(keys.count == types.count, "\(keys.count) key columns for a table of \(types.count)")
        for (column, type) in zip(keys, types) {
            precondition(
                column.type.storageType == type.storageType && column.count >= rows,
                "a key of \(column.count) rows of \(column.type) for \(rows) rows of \(type)")
        }
    }
}

// MARK: A single text key

extension KeyTable {
    private func insertText(_ column: Column, _ strings: KeyStrings, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        // The id of null must come in order of first appearance like all others, so rows before it are interned first.
        var start = 0
        if column.nullCount > 0, strings.reservedNull == nil {
            while start < rows, !column.isNull(at: start) { start += 1 }
            strings.intern(column, start: 0, rows: start, into: ids)
            if start < rows { _ = strings.nullID() }
        }
        if start < rows { strings.intern(column, start: start, rows: rows - start, into: ids + start) }
        if let null = strings.reservedNull { overwriteNulls(of: column, rows: rows, with: null, in: ids) }
        count = strings.count
    }

    private func findText(_ column: Column, _ strings: KeyStrings, rows: Int, into ids: UnsafeMutablePointer<Int32>) {
        strings.find(column, start: 0, rows: rows, into: ids)
        overwriteNulls(of: column, rows: rows, with: strings.reservedNull ?? -1, in: ids)
    }

    private func overwriteNulls(
        of column: Column, rows: Int, with id: Int32, in ids: UnsafeMutablePointer<Int32>
    ) {
        guard let validity = column.validity else { return }
        for row in 0..<rows where !ValidityBits.bit(validity.base, at: column.offset + row) { ids[row] = id }
    }
}

// MARK: Loading cells

extension KeyTable {
    /// The string ids of the rows of each text column, nil for other columns. At once for all rows: dictionaries are shared
    /// between threads, so that even holding one for each chunk has its price.
    private func internTexts(_ keys: [Column], rows: Int) -> [MemoryRegion?] {
        zip(stores, keys).map { store, column in
            guard let strings = store.strings else { return nil }
            let region = MemoryRegion(of: Int32.self, count: rows)
            strings.intern(column, start: 0, rows: rows, into: region.bound(to: Int32.self))
            return region
        }
    }

    private func load(
        _ keys: [Column], _ texts: [MemoryRegion?], start: Int, rows: Int, into scratch: KeyScratch
    ) {
        for (index, column) in keys.enumerated() {
            scratch.chunk.hasNulls[index] = KeyCells.loadNulls(
                column, start: start, rows: rows, into: scratch.chunk.nulls[index])
            let cells = scratch.chunk.cells[index]
            if let text = texts[index] {
                let ids = text.bound(to: Int32.self) + start
                for row in 0..<rows { cells[row] = UInt64(truncatingIfNeeded: ids[row]) }
            } else {
                KeyCells.prefetch(column, start: start + rows, rows: Self.chunkRows)
                KeyCells.load(column, start: start, rows: rows, into: cells, high: scratch.chunk.high[index])
            }
        }
    }

    /// Flags rows with a text that the table does not have in `absent`.
    private func loadFinding(_ keys: [Column], start: Int, rows: Int, into scratch: KeyScratch) {
        scratch.absent.update(repeating: 0, count: rows)
        for (index, column) in keys.enumerated() {
            let nulls = scratch.chunk.nulls[index]
            let hasNulls = KeyCells.loadNulls(column, start: start, rows: rows, into: nulls)
            scratch.chunk.hasNulls[index] = hasNulls
            let cells = scratch.chunk.cells[index]
            if let strings = stores[index].strings {
                let ids = scratch.textIDs
                strings.find(column, start: start, rows: rows, into: ids)
                for row in 0..<rows {
                    if ids[row] < 0 && !(hasNulls && nulls[row] != 0) { scratch.absent[row] = 1 }
                    cells[row] = UInt64(truncatingIfNeeded: max(ids[row], 0))
                }
            } else {
                KeyCells.load(column, start: start, rows: rows, into: cells, high: scratch.chunk.high[index])
            }
        }
    }
}

// MARK: Looking up by the strategy at hand

extension KeyTable {
    func insert(
        _ chunk: KeyChunk, rows: Int, next: Int, scratch: KeyScratch, into ids: UnsafeMutablePointer<Int32>
    ) -> Int {
        let packed = scratch.packed
        switch strategy {
        case .undecided, .text: preconditionFailure("rows came before the way to look them up was chosen")
        case .dense(let layout, let slots):
            layout.encode(chunk, rows: rows, into: packed)
            return Self.insertDense(
                packed, rows, next: next, slots.bound(to: Int32.self), into: ids, fresh: scratch.fresh)
        case .radix(let layout, var map):
            layout.encode(chunk, rows: rows, into: packed)
            defer { strategy = .radix(layout, map) }
            return map.insert(packed, count: rows, next: next, into: ids, fresh: scratch.fresh)
        case .word(var map):
            defer { strategy = .word(map) }
            return map.insert(chunk.cells[0], count: rows, next: next, into: ids, fresh: scratch.fresh)
        case .pair(let layout, var map):
            layout.encode(chunk, rows: rows, into: packed)
            defer { strategy = .pair(layout, map) }
            let pairs = UnsafeRawPointer(packed).assumingMemoryBound(to: KeyPair.self)
            return map.insert(pairs, count: rows, next: next, into: ids, fresh: scratch.fresh)
        case .records(let layout, var map):
            layout.encode(chunk, rows: rows, into: packed)
            defer { strategy = .records(layout, map) }
            return map.insert(packed, count: rows, next: next, into: ids, fresh: scratch.fresh)
        }
    }

    private static func insertDense(
        _ keys: UnsafePointer<UInt64>, _ rows: Int, next: Int, _ slots: UnsafeMutablePointer<Int32>,
        into ids: UnsafeMutablePointer<Int32>, fresh: UnsafeMutablePointer<Int32>
    ) -> Int {
        var added = 0
        for row in 0..<rows {
            let slot = Int(truncatingIfNeeded: keys[row])
            var id = slots[slot]
            if id < 0 {
                id = Int32(truncatingIfNeeded: next &+ added)
                slots[slot] = id
                fresh[added] = Int32(truncatingIfNeeded: row)
                added &+= 1
            }
            ids[row] = id
        }
        return added
    }

    private func find(_ chunk: KeyChunk, rows: Int, scratch: KeyScratch, into ids: UnsafeMutablePointer<Int32>) {
        let packed = scratch.packed
        let absent = scratch.absent
        switch strategy {
        case .undecided, .text: preconditionFailure("a table with keys has chosen how to look them up")
        case .dense(let layout, let slots):
            layout.flagOutside(chunk, rows: rows, into: absent)
            layout.encode(chunk, rows: rows, into: packed)
            let table = slots.bound(to: Int32.self)
            for row in 0..<rows { ids[row] = absent[row] == 0 ? table[Int(truncatingIfNeeded: packed[row])] : -1 }
            return
        case .radix(let layout, let map):
            layout.flagOutside(chunk, rows: rows, into: absent)
            layout.encode(chunk, rows: rows, into: packed)
            map.find(packed, count: rows, into: ids, hashes: scratch.hashes)
        case .word(let map):
            map.find(chunk.cells[0], count: rows, into: ids, hashes: scratch.hashes)
            if chunk.hasNulls[0] { absent.update(from: chunk.nulls[0], count: rows) }
        case .pair(let layout, let map):
            layout.encode(chunk, rows: rows, into: packed)
            let pairs = UnsafeRawPointer(packed).assumingMemoryBound(to: KeyPair.self)
            map.find(pairs, count: rows, into: ids, hashes: scratch.hashes)
        case .records(let layout, let map):
            layout.encode(chunk, rows: rows, into: packed)
            map.find(packed, count: rows, into: ids, hashes: scratch.hashes)
        }
        for row in 0..<rows where absent[row] != 0 { ids[row] = -1 }
    }
}
