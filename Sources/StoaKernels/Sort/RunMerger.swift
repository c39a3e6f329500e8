import StoaColumns

/// Merges sorted runs two by two, neighbours with neighbours, so that the order of ties is that of the runs.
struct RunMerger {
    private let keys: SortKeys
    private let checkpoint: () throws(StoaError) -> Void

    init(_ keys: SortKeys, checkpoint: @escaping () throws(StoaError) -> Void) {
        self.keys = keys
        self.checkpoint = checkpoint
    }

    /// Writes the first `limit` rows of the merged runs.
    func merge(runLengths: [Int], limit: Int, to rows: UnsafeMutablePointer<Int32>) throws(StoaError) {
        // Of each run only its first `limit` rows can be among the first `limit` of all.
        var lengths = runLengths.map { min($0, limit) }
        let count = lengths.reduce(0, +)
        let regions = (MemoryRegion(of: SortEntry.self, count: count), MemoryRegion(of: SortEntry.self, count: count))
        defer { withExtendedLifetime(regions) {} }
        var source = regions.0.bound(to: SortEntry.self)
        var target = regions.1.bound(to: SortEntry.self)
        try load(runLengths: runLengths, lengths: lengths, to: source)
        while lengths.count > 1 {
            var merged: [Int] = []
            var read = 0
            var written = 0
            for index in stride(from: 0, to: lengths.count, by: 2) {
                let left = lengths[index]
                let right = index + 1 < lengths.count ? lengths[index + 1] : 0
                let taken = min(limit, left + right)
                try merge(source + read, left, source + read + left, right, taken: taken, to: target + written)
                read += left + right
                written += taken
                merged.append(taken)
            }
            lengths = merged
            swap(&source, &target)
        }
        for index in 0..<min(limit, count) { rows[index] = source[index].row }
    }

    private func load(
        runLengths: [Int], lengths: [Int], to entries: UnsafeMutablePointer<SortEntry>
    ) throws(StoaError) {
        var written = 0
        var firstRow = 0
        for (runLength, length) in zip(runLengths, lengths) {
            for index in 0..<length {
                entries[written + index] = SortEntry(
                    code: 0, row: Int32(truncatingIfNeeded: firstRow + index), rank: SortEntry.valueRank)
            }
            var start = 0
            while start < length {
                try checkpoint()
                let step = min(EntrySorter.checkpointInterval, length - start)
                keys.readers.first?.load(part: 0, into: entries + written + start, count: step)
                start += step
            }
            written += length
            firstRow += runLength
        }
    }

    /// The first `taken` of two sorted runs together; of rows that tie the left one first.
    private func merge(
        _ left: UnsafeMutablePointer<SortEntry>, _ leftCount: Int, _ right: UnsafeMutablePointer<SortEntry>,
        _ rightCount: Int, taken: Int, to target: UnsafeMutablePointer<SortEntry>
    ) throws(StoaError) {
        var l = 0
        var r = 0
        while l + r < taken {
            try checkpoint()
            let end = min(taken, l + r + EntrySorter.checkpointInterval)
            while l &+ r < end, l < leftCount, r < rightCount {
                let takesRight = isBefore(right[r], left[l])
                target[l &+ r] = takesRight ? right[r] : left[l]
                r &+= takesRight ? 1 : 0
                l &+= takesRight ? 0 : 1
            }
            if l == leftCount {
                let rest = taken - l - r
                (target + l + r).update(from: right + r, count: rest)
                r += rest
            } else if r == rightCount {
                let rest = taken - l - r
                (target + l + r).update(from: left + l, count: rest)
                l += rest
            }
        }
    }

    @inline(__always)
    private func isBefore(_ right: SortEntry, _ left: SortEntry) -> Bool {
        guard right.ties(with: left) else { return right.isBefore(left) }
        return tieIsBefore(right, left)
    }

    private func tieIsBefore(_ right: SortEntry, _ left: SortEntry) -> Bool {
        guard let reader = keys.readers.first else { return false }
        if let part = reader.part(after: 0, of: left) {
            return keys.compare(right.row, left.row, key: 0, part: part) < 0
        }
        return keys.readers.count > 1 && keys.compare(right.row, left.row, key: 1, part: 0) < 0
    }
}
