import StoaColumns

/// The build side of a hash join: for each key the build rows that have it, in their order.
///
/// Keys that hold a null match nothing (N3): they are in the key table but own no rows, so that probing need not ask.
/// NaN and zeros as in `KeyTable`. Overflow: more than 2^31 - 1 build rows throw. Memory: the key table and 8 bytes a row.
///
/// Guard: one thread inserts and finishes; after that any number of threads probe at once.
package final class JoinTable: @unchecked Sendable {
    // Unchecked: nothing is written after `finish`.
    private let keys: KeyTable
    // The id of each build row's key while rows come in, -1 for a key with a null; emptied by `finish`.
    private var ids = GrowingBuffer<Int32>()
    private var isFinished = false
    /// Of each key the place of its first row in `rows`, and one more at the end; nil when no key has two rows.
    private(set) var starts: MemoryRegion?
    /// The build rows by key; of each key the only row, or -1, when no key has two.
    private(set) var rows = MemoryRegion(byteCount: 0)
    /// Build rows so far, those with a null key included.
    package private(set) var rowCount = 0

    /// An empty table over keys of these types; `expectedCount` is a hint of the number of rows.
    package init(types: [DataType], expectedCount: Int = 0) {
        keys = KeyTable(types: types, expectedCount: expectedCount)
    }

    /// Number of different keys.
    package var keyCount: Int { keys.count }

    /// Whether no key has two build rows, so that no probe row gives more than one row.
    package var hasUniqueKeys: Bool { starts == nil }

    /// Adds build rows, numbered on from those added before.
    ///
    /// Throws `unsupported` when there are more rows than can be numbered. Cost: an insertion into the key table a row.
    package func insert(_ columns: [Column], count: Int) throws(StoaError) {
        precondition(!isFinished, "rows came after the table was finished")
        guard rowCount + count <= Int(Int32.max) else {
            throw StoaError(
                .unsupported, "a join cannot build from more than \(Int32.max) rows in one partition",
                advice: "use more and smaller partitions")
        }
        ids.reserve(count)
        let added = ids.pointer + ids.count
        keys.insert(columns, count: count, into: added)
        for column in columns where column.nullCount > 0 {
            var row = 0
            while row < count {
                let valid = column.validityWord(at: row)
                for place in 0..<min(64, count - row) where valid & (1 << UInt64(place)) == 0 {
                    added[row + place] = -1
                }
                row += 64
            }
        }
        ids.advance(by: count)
        rowCount += count
    }

    /// Orders the rows by key. Cost: two passes over the rows' ids.
    ///
    /// - Parameter checkpoint: called about every 65,536 rows; what it throws ends the work.
    package func finish(checkpoint: () throws(StoaError) -> Void = {}) throws(StoaError) {
        precondition(!isFinished, "a table is finished once")
        isFinished = true
        let keyCount = keys.count
        let idOfRow = UnsafePointer(ids.pointer)
        let region = MemoryRegion(of: Int32.self, count: keyCount, zeroed: true)
        defer { withExtendedLifetime(region) {} }
        let counts = region.bound(to: Int32.self)
        try Self.forEachStep(rowCount, checkpoint) { range in
            for row in range where idOfRow[row] >= 0 { counts[Int(idOfRow[row])] &+= 1 }
        }
        var most: Int32 = 0
        for key in 0..<keyCount { most = max(most, counts[key]) }
        if most <= 1 {
            counts.update(repeating: -1, count: keyCount)
            try Self.forEachStep(rowCount, checkpoint) { range in
                for row in range where idOfRow[row] >= 0 { counts[Int(idOfRow[row])] = Int32(truncatingIfNeeded: row) }
            }
            rows = region
        } else {
            let starts = MemoryRegion(of: Int32.self, count: keyCount + 1)
            let firsts = starts.bound(to: Int32.self)
            var place: Int32 = 0
            for key in 0..<keyCount {
                firsts[key] = place
                place &+= counts[key]
                // From here on the place of the key's next row.
                counts[key] = firsts[key]
            }
            firsts[keyCount] = place
            let ordered = MemoryRegion(of: Int32.self, count: Int(place))
            let target = ordered.bound(to: Int32.self)
            try Self.forEachStep(rowCount, checkpoint) { range in
                for row in range where idOfRow[row] >= 0 {
                    let key = Int(idOfRow[row])
                    target[Int(counts[key])] = Int32(truncatingIfNeeded: row)
                    counts[key] &+= 1
                }
            }
            rows = ordered
            self.starts = starts
        }
        ids = GrowingBuffer()
    }

    private static func forEachStep(
        _ count: Int, _ checkpoint: () throws(StoaError) -> Void, _ body: (Range<Int>) -> Void
    ) throws(StoaError) {
        var start = 0
        while start < count {
            try checkpoint()
            let end = min(count, start + (1 << 16))
            body(start..<end)
            start = end
        }
    }

    /// The id of each probe row's key, -1 when no build row has it.
    func find(_ columns: [Column], count: Int, into ids: UnsafeMutablePointer<Int32>) {
        precondition(isFinished, "a table is probed when it is finished")
        keys.find(columns, count: count, into: ids)
    }
}
