import StoaColumns

/// Sorts row numbers by several keys: by the first 64 bits of the first key, then each run of ties by the next bits or the
/// next key, so that only rows which tie are looked at again.
struct RowSorter {
    private let keys: SortKeys
    private let checkpoint: () throws(StoaError) -> Void

    /// Runs of at most this many rows are finished by comparing whole rows.
    private static let comparisonLimit = 24
    /// A limit is applied before sorting when it leaves away at least this share of the rows.
    private static let selectionShare = 4

    /// A run of rows that tie in everything before `key` and `part`.
    private struct Run {
        var rows: Range<Int>
        var key: Int
        var part: Int
    }

    init(_ keys: SortKeys, checkpoint: @escaping () throws(StoaError) -> Void) {
        self.keys = keys
        self.checkpoint = checkpoint
    }

    /// Brings the first `limit` of the rows into order; equal rows keep their order. What stands after them is undefined.
    func sort(_ rows: UnsafeMutablePointer<Int32>, count: Int, limit: Int) throws(StoaError) {
        guard count > 1, limit > 0, !keys.readers.isEmpty else { return }
        let region = MemoryRegion(of: SortEntry.self, count: count)
        let scratch = MemoryRegion(of: SortEntry.self, count: count)
        defer { withExtendedLifetime((region, scratch)) {} }
        let entries = region.bound(to: SortEntry.self)
        let sorter = EntrySorter(scratch: scratch.bound(to: SortEntry.self), checkpoint: checkpoint)
        var pending = [Run(rows: 0..<count, key: 0, part: 0)]
        while let run = pending.popLast() {
            try checkpoint()
            let needed = min(run.rows.upperBound, limit) - run.rows.lowerBound
            if needed <= 0 { continue }
            let start = rows + run.rows.lowerBound
            let sorted = try order(start, run, needed: needed, entries, sorter)
            // What ties at the end of the needed rows is still in the order of rows: a later run sorts it.
            var first = 0
            while first < min(sorted, needed) {
                var end = first + 1
                while end < sorted, entries[end].ties(with: entries[first]) { end += 1 }
                if end - first > 1, let (key, part) = next(after: run, entries[first]) {
                    if end - first <= Self.comparisonLimit {
                        insertionSort(start + first, count: end - first, key: key, part: part)
                    } else {
                        let tied = (run.rows.lowerBound + first)..<(run.rows.lowerBound + end)
                        let shared = keys.readers[key].sharedLength(
                            from: part, rows: start + first, count: end - first)
                        pending.append(Run(rows: tied, key: key, part: part + shared))
                    }
                }
                first = end
            }
        }
    }

    /// Sorts a run by one part of its key, at least as many rows as are needed. Returns how many were sorted; their entries
    /// stand in `entries`.
    private func order(
        _ rows: UnsafeMutablePointer<Int32>, _ run: Run, needed: Int, _ entries: UnsafeMutablePointer<SortEntry>,
        _ sorter: EntrySorter
    ) throws(StoaError) -> Int {
        let reader = keys.readers[run.key]
        var start = 0
        while start < run.rows.count {
            let count = min(EntrySorter.checkpointInterval, run.rows.count - start)
            for index in start..<(start + count) { entries[index].row = rows[index] }
            reader.load(part: run.part, into: entries + start, count: count)
            try checkpoint()
            start += count
        }
        var count = run.rows.count
        if needed < count / Self.selectionShare {
            count = try select(needed, of: entries, count: count, sorter)
        }
        try sorter.sort(entries, count: count)
        for index in 0..<count { rows[index] = entries[index].row }
        return count
    }

    /// Keeps the entries that are not after the one that would stand in place `needed - 1`, in their order; returns how
    /// many. Works in the scratch memory.
    private func select(
        _ needed: Int, of entries: UnsafeMutablePointer<SortEntry>, count: Int, _ sorter: EntrySorter
    ) throws(StoaError) -> Int {
        // The best entries so far, as many again that came since, and what it takes to sort them.
        let capacity = max(2 * needed, 1_024)
        let region = MemoryRegion(of: SortEntry.self, count: 2 * capacity)
        defer { withExtendedLifetime(region) {} }
        let best = region.bound(to: SortEntry.self)
        let bestSorter = EntrySorter(scratch: best + capacity, checkpoint: checkpoint)
        var size = 0
        var threshold: SortEntry?
        var start = 0
        while start < count {
            try checkpoint()
            let end = min(count, start + EntrySorter.checkpointInterval)
            for index in start..<end {
                if let threshold, !entries[index].isBefore(threshold) { continue }
                best[size] = entries[index]
                size += 1
                if size == capacity {
                    try bestSorter.sort(best, count: size)
                    size = needed
                    threshold = best[needed - 1]
                }
            }
            start = end
        }
        try bestSorter.sort(best, count: size)
        let last = best[needed - 1]
        var kept = 0
        for index in 0..<count where !last.isBefore(entries[index]) {
            entries[kept] = entries[index]
            kept += 1
        }
        return kept
    }

    private func next(after run: Run, _ entry: SortEntry) -> (key: Int, part: Int)? {
        if let part = keys.readers[run.key].part(after: run.part, of: entry) { return (run.key, part) }
        return run.key + 1 < keys.readers.count ? (run.key + 1, 0) : nil
    }

    private func insertionSort(_ rows: UnsafeMutablePointer<Int32>, count: Int, key: Int, part: Int) {
        for index in 1..<count {
            let row = rows[index]
            var place = index
            while place > 0, keys.compare(row, rows[place - 1], key: key, part: part) < 0 {
                rows[place] = rows[place - 1]
                place -= 1
            }
            rows[place] = row
        }
    }
}
