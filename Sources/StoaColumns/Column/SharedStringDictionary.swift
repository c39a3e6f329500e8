import Synchronization

/// One dictionary for a text column of a dataset, shared by all its partitions on an executor.
///
/// It only grows; the dictionaries that columns hold are looks at it, of one family and in shared memory. Which text gets
/// which code depends on the threads' timing. Once encoding does not pay it is closed, and text that comes later stays as
/// it is; that, too, may depend on timing, so results must depend on neither. Guard: one lock, taken once for the new texts
/// of a batch.
package final class SharedStringDictionary: Sendable {
    private struct State: ~Copyable {
        var builder = StringDictionaryBuilder()
        var newest: StringDictionary?
        var rowCount = 0
        var isOpen = true
    }

    /// Most distinct texts that are encoded whatever the number of rows.
    private static let freeEntries = 1 << 21
    /// Most bytes of distinct texts.
    private static let byteLimit = 256 << 20

    private let state = Mutex(State())

    package init() {}

    /// Whether text is still encoded.
    package var isOpen: Bool { state.withLock { $0.isOpen } }

    /// All texts so far; codes given until now are valid for it.
    package func newest() -> StringDictionary {
        state.withLock { state in
            if let newest = state.newest, newest.count == state.builder.count { return newest }
            let made = state.builder.finished()
            state.newest = made
            return made
        }
    }

    /// Writes the codes of some entries of a dictionary into `codes`, each at its entry; false, and nothing written, when
    /// encoding does not pay any more.
    ///
    /// - Parameter rows: how many rows the entries were new in.
    func add(
        _ entries: [Int32], of dictionary: StringDictionary, rows: Int, into codes: UnsafeMutablePointer<Int32>
    ) -> Bool {
        let hashes = dictionary.hashes
        guard let (offsets, bytes) = dictionary.values.text else {
            preconditionFailure("a dictionary's strings are plain text")
        }
        let added = entries.reduce(0) { $0 + Int(offsets[Int($1) + 1] - offsets[Int($1)]) }
        return state.withLock { state in
            guard state.isOpen else { return false }
            state.rowCount += rows
            let count = state.builder.count + entries.count
            if state.builder.byteCount + added > Self.byteLimit
                || count > Self.freeEntries && count * 2 > state.rowCount
            {
                state.isOpen = false
                return false
            }
            for entry in entries {
                let start = Int(offsets[Int(entry)])
                codes[Int(entry)] = state.builder.code(
                    for: bytes + start, count: Int(offsets[Int(entry) + 1]) - start, hash: hashes[Int(entry)])
            }
            return true
        }
    }

    /// Encodes no more text.
    func close() { state.withLock { $0.isOpen = false } }

    /// Whether so many distinct texts in the first rows of a partition promise a dictionary of bearable size.
    ///
    /// Of D texts that are equally frequent, n rows repeat about n * n / (2 D) times.
    static func promises(distinct: Int, rows: Int) -> Bool {
        if rows < 16_384 { return true }
        return Double(rows) * Double(rows) <= 2 * Double(freeEntries) * Double(rows - distinct)
    }
}

/// Encodes the text of one column of a dataset by the dictionary it shares, for one task.
///
/// Text that comes encoded costs a lookup per dictionary entry in use, and a load a row; plain text is encoded by a
/// dictionary of the task first, so that the shared one sees every text once a task. Nulls stay null.
///
/// Guard: used by one thread at a time.
package final class SharedDictionaryEncoder {
    private let shared: SharedStringDictionary
    private var local = StringDictionaryBuilder()
    private var localRowCount = 0
    private var localCodes: [Int32] = []
    private var imported: (dictionary: StringDictionary, codes: [Int32])?

    /// What `imported` and `localCodes` hold for entries that were not met.
    private static let unknown: Int32 = -1

    package init(_ shared: SharedStringDictionary) { self.shared = shared }

    /// The same strings, encoded by the shared dictionary where that pays, else as they came. Codes are valid for the
    /// shared dictionary as it is when this returns; `relabelled` gives the column a later look at it.
    package func encode(_ column: Column) -> Column {
        if column.nullCount == column.count || !shared.isOpen { return column }
        let region = MemoryRegion(of: Int32.self, count: column.count)
        let codes = region.bound(to: Int32.self)
        defer { withExtendedLifetime(region) {} }
        let isEncoded: Bool
        if let (rows, dictionary) = column.dictionaryCodes {
            if imported?.dictionary !== dictionary {
                imported = (dictionary, Array(repeating: Self.unknown, count: dictionary.count))
            }
            guard var known = imported?.codes else { return column }
            imported = nil
            isEncoded = Self.translate(rows, of: column, dictionary, &known, shared, into: codes)
            imported = (dictionary, known)
        } else {
            local.encode(column, into: codes)
            localRowCount += column.count - column.nullCount
            guard SharedStringDictionary.promises(distinct: local.count, rows: localRowCount) else {
                shared.close()
                return column
            }
            let dictionary = local.finished()
            localCodes += Array(repeating: Self.unknown, count: local.count - localCodes.count)
            isEncoded = Self.translate(codes, of: column, dictionary, &localCodes, shared, into: codes)
        }
        if !isEncoded { return column }
        return Column(
            type: .utf8, count: column.count, validity: column.validityFromBitZero, nullCount: column.nullCount,
            storage: .dictionary(codes: region.buffer, shared.newest()))
    }

    /// Rows' codes of a dictionary as codes of the shared one; 0 where a row is null. False when the shared dictionary
    /// takes no more texts.
    private static func translate(
        _ rows: UnsafePointer<Int32>, of column: Column, _ dictionary: StringDictionary, _ known: inout [Int32],
        _ shared: SharedStringDictionary, into codes: UnsafeMutablePointer<Int32>
    ) -> Bool {
        let count = column.count
        return known.withUnsafeMutableBufferPointer { known in
            guard let map = known.baseAddress else { return false }
            var fresh: [Int32] = []
            for row in 0..<count where map[Int(rows[row])] < 0 {
                // Already among the fresh ones, or only the code of a null row.
                if map[Int(rows[row])] < unknown || column.nullCount > 0 && column.isNull(at: row) { continue }
                map[Int(rows[row])] = unknown - 1
                fresh.append(rows[row])
            }
            if !shared.add(fresh, of: dictionary, rows: count, into: map) {
                for entry in fresh { map[Int(entry)] = unknown }
                return false
            }
            if column.nullCount == 0 {
                for row in 0..<count { codes[row] = map[Int(rows[row])] }
            } else {
                for row in 0..<count { codes[row] = column.isNull(at: row) ? 0 : map[Int(rows[row])] }
            }
            return true
        }
    }
}

extension Column {
    /// An encoded column with another dictionary of its family, at least as long as its own.
    package func relabelled(by dictionary: StringDictionary) -> Column {
        guard case .dictionary(let codes, let old) = storage, old.family === dictionary.family else { return self }
        precondition(dictionary.count >= old.count, "\(old.count) entries in place of \(dictionary.count)")
        return Column(
            type: .utf8, count: count, offset: offset, validity: validity, nullCount: nullCount,
            storage: .dictionary(codes: codes, dictionary))
    }
}
