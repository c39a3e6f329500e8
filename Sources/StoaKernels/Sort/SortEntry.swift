import StoaColumns

/// A row with the part of its key that is being sorted by.
struct SortEntry: BitwiseCopyable {
    /// Order-preserving code of the value; 0 for null.
    var code: UInt64
    var row: Int32
    /// Nulls first, values, nulls last.
    var rank: UInt32

    static let nullFirstRank: UInt32 = 0
    static let valueRank: UInt32 = 1
    static let nullLastRank: UInt32 = 2

    @inline(__always)
    func isBefore(_ other: SortEntry) -> Bool {
        rank < other.rank || (rank == other.rank && code < other.code)
    }

    @inline(__always)
    func ties(with other: SortEntry) -> Bool { rank == other.rank && code == other.code }
}

/// Stable sorts of entries by rank and code. Insertion sort up to 24 entries, merge sort up to 1,024, above that a radix
/// sort by the bytes in which codes differ (LSD, 256 buckets), which costs about 2 ns an entry and byte.
struct EntrySorter {
    /// As many entries as the longest run.
    let scratch: UnsafeMutablePointer<SortEntry>
    /// Called at least once every `checkpointInterval` entries and pass.
    let checkpoint: () throws(StoaError) -> Void

    /// Entries handled between two checkpoints: well under a millisecond.
    static let checkpointInterval = 1 << 16
    private static let insertionLimit = 24
    private static let mergeLimit = 1_024

    /// Sorts in place; entries that tie keep their order.
    func sort(_ entries: UnsafeMutablePointer<SortEntry>, count: Int) throws(StoaError) {
        if count <= Self.insertionLimit {
            insertionSort(entries, count: count)
        } else if isSorted(entries, count: count) {
            return
        } else if count <= Self.mergeLimit {
            mergeSort(entries, count: count)
        } else {
            try radixSort(entries, count: count)
        }
    }

    private func isSorted(_ entries: UnsafeMutablePointer<SortEntry>, count: Int) -> Bool {
        var index = 1
        while index < count, !entries[index].isBefore(entries[index &- 1]) { index &+= 1 }
        return index >= count
    }

    private func insertionSort(_ entries: UnsafeMutablePointer<SortEntry>, count: Int) {
        var index = 1
        while index < count {
            let entry = entries[index]
            var place = index
            while place > 0, entry.isBefore(entries[place &- 1]) {
                entries[place] = entries[place &- 1]
                place &-= 1
            }
            entries[place] = entry
            index &+= 1
        }
    }

    private func mergeSort(_ entries: UnsafeMutablePointer<SortEntry>, count: Int) {
        var start = 0
        while start < count {
            insertionSort(entries + start, count: min(Self.insertionLimit, count - start))
            start += Self.insertionLimit
        }
        var source = entries
        var target = scratch
        var width = Self.insertionLimit
        while width < count {
            var start = 0
            while start < count {
                let middle = min(start + width, count)
                let end = min(middle + width, count)
                merge(source + start, middle - start, source + middle, end - middle, to: target + start)
                start = end
            }
            swap(&source, &target)
            width *= 2
        }
        if source != entries { entries.update(from: source, count: count) }
    }

    private func merge(
        _ left: UnsafeMutablePointer<SortEntry>, _ leftCount: Int, _ right: UnsafeMutablePointer<SortEntry>,
        _ rightCount: Int, to target: UnsafeMutablePointer<SortEntry>
    ) {
        var l = 0
        var r = 0
        while l < leftCount, r < rightCount {
            let takesRight = right[r].isBefore(left[l])
            target[l &+ r] = takesRight ? right[r] : left[l]
            r &+= takesRight ? 1 : 0
            l &+= takesRight ? 0 : 1
        }
        (target + l + r).update(from: left + l, count: leftCount - l)
        (target + leftCount + r).update(from: right + r, count: rightCount - r)
    }

    private func radixSort(_ entries: UnsafeMutablePointer<SortEntry>, count: Int) throws(StoaError) {
        let first = entries[0]
        var differs: UInt64 = 0
        var ranksDiffer: UInt32 = 0
        for index in 0..<count {
            differs |= entries[index].code ^ first.code
            ranksDiffer |= entries[index].rank ^ first.rank
        }
        try checkpoint()
        var source = entries
        var target = scratch
        for byte in 0..<8 where (differs >> UInt64(byte * 8)) & 0xFF != 0 {
            try scatter(source, count: count, to: target, shift: UInt64(byte * 8), byRank: false)
            swap(&source, &target)
        }
        if ranksDiffer != 0 {
            try scatter(source, count: count, to: target, shift: 0, byRank: true)
            swap(&source, &target)
        }
        if source != entries { entries.update(from: source, count: count) }
    }

    /// One stable pass: by one byte of the code, or by rank.
    private func scatter(
        _ source: UnsafeMutablePointer<SortEntry>, count: Int, to target: UnsafeMutablePointer<SortEntry>,
        shift: UInt64, byRank: Bool
    ) throws(StoaError) {
        let rankMask: UInt64 = byRank ? 0xFF : 0
        let codeMask: UInt64 = byRank ? 0 : 0xFF
        try withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { (buffer) throws(StoaError) in
            let next = buffer.baseAddress!
            next.initialize(repeating: 0, count: 256)
            var start = 0
            while start < count {
                try checkpoint()
                let end = min(count, start + Self.checkpointInterval)
                for index in start..<end {
                    let digit = ((source[index].code &>> shift) & codeMask) | (UInt64(source[index].rank) & rankMask)
                    next[Int(truncatingIfNeeded: digit)] &+= 1
                }
                start = end
            }
            var place = 0
            for digit in 0..<256 {
                let size = next[digit]
                next[digit] = place
                place += size
            }
            start = 0
            while start < count {
                try checkpoint()
                let end = min(count, start + Self.checkpointInterval)
                for index in start..<end {
                    let entry = source[index]
                    let digit = Int(
                        truncatingIfNeeded: ((entry.code &>> shift) & codeMask) | (UInt64(entry.rank) & rankMask))
                    target[next[digit]] = entry
                    next[digit] &+= 1
                }
                start = end
            }
        }
    }
}
