import Glibc
import StoaColumns

/// How rows are looked up: chosen by the ranges that the keys have so far, and again when a chunk leaves them.
extension KeyTable {
    /// Slots an array may always have.
    private static let alwaysDense: UInt64 = 1 << 16
    /// Slots an array may have at most: 64 MB.
    private static let neverDense: UInt64 = 1 << 24

    /// Sees to it that the strategy can hold the chunk's keys, moving the stored keys to another one when it cannot.
    func adapt(to chunk: KeyChunk, rows: Int) {
        for column in stores.indices {
            stores[column].observe(
                chunk.cells[column], nulls: chunk.nulls[column], hasNulls: chunk.hasNulls[column], rows: rows)
        }
        switch strategy {
        case .undecided: choose(mayBeDense: true)
        case .dense(let layout, _) where !covers(layout): choose(mayBeDense: true)
        case .radix(let layout, _) where !covers(layout): choose(mayBeDense: false)
        case .word where stores[0].sawNull: choose(mayBeDense: false)
        default: break
        }
    }

    private func covers(_ layout: RadixLayout) -> Bool {
        for (column, store) in stores.enumerated() where store.minimum <= store.maximum {
            if store.minimum < layout.minimums[column] || store.maximum > layout.maximum(column) { return false }
        }
        return true
    }

    private func choose(mayBeDense: Bool) {
        let layout = tightLayout()
        let room = expectedCount + count
        if mayBeDense, let dense = layout.flatMap(denseLayout) {
            let slots = MemoryRegion(of: Int32.self, count: Int(dense.total))
            memset(slots.base, 0xff, slots.byteCount)
            strategy = .dense(dense, slots: slots)
        } else if stores.count == 1, !stores[0].isWide, !stores[0].sawNull {
            strategy = .word(InlineKeyMap(expectedCount: room))
        } else if let radix = layout.flatMap(radixLayout) {
            strategy = .radix(radix, InlineKeyMap(expectedCount: room))
        } else {
            let records = RecordLayout(bits: stores.map(\.bits))
            strategy =
                records.width == 2
                ? .pair(records, InlineKeyMap(expectedCount: room))
                : .records(records, RecordKeyMap(width: records.width, expectedCount: room))
        }
        reinsert()
    }

    /// An array pays while its slots are not many more than the rows or keys that fill it.
    private var denseLimit: UInt64 {
        min(Self.neverDense, max(Self.alwaysDense, 64 * UInt64(rowsSeen), 8 * UInt64(max(count, expectedCount))))
    }

    private func tightLayout() -> RadixLayout? {
        var extents: [UInt64] = []
        for store in stores {
            guard !store.isWide, let extent = store.extent else { return nil }
            extents.append(extent)
        }
        return RadixLayout(minimums: stores.map { min($0.minimum, $0.maximum) }, extents: extents)
    }

    /// Ranges of twice the size where that is not far beyond the limit. A table that has to move again without gaining room is better off
    /// with hashing, so exact ranges serve only at first.
    private func denseLayout(_ tight: RadixLayout) -> RadixLayout? {
        if tight.total > denseLimit { return nil }
        if let roomy = enlarged(tight, byBits: 1), roomy.total <= 4 * denseLimit { return roomy }
        return count == 0 ? tight : nil
    }

    /// Ranges as large as 63 bits allow; nil when that is not at least four times as large in each column, so that a table
    /// whose ranges grow moves a few times at most. Ranges that columns came with may stay as they are, a few times.
    private func radixLayout(_ tight: RadixLayout) -> RadixLayout? {
        let spare = (tight.total.leadingZeroBitCount - 1) / stores.count
        if spare >= 2 { return enlarged(tight, byBits: spare) }
        if tightMoves == 4 || !stores.allSatisfy(\.isBounded) { return nil }
        tightMoves += 1
        return tight
    }

    /// The layout with every range 2^bits as large, half of what is added below and half above; text ids grow upwards.
    private func enlarged(_ tight: RadixLayout, byBits bits: Int) -> RadixLayout? {
        var minimums = tight.minimums
        var extents = tight.extents
        for column in extents.indices where extents[column].leadingZeroBitCount > bits {
            let added = (extents[column] << UInt64(bits)) - extents[column]
            if stores[column].strings == nil { minimums[column] -= min(added / 2, minimums[column]) }
            // The range ends at the greatest cell at the latest.
            extents[column] = min(extents[column] + added, UInt64.max - minimums[column])
        }
        guard let layout = RadixLayout(minimums: minimums, extents: extents), covers(layout) else { return nil }
        return layout
    }

    /// Enters the stored keys into the new strategy under their old ids.
    private func reinsert() {
        if count == 0 { return }
        // The scratch holds the chunk that waits to be inserted; only its packed keys and ids are free.
        let work = KeyScratch(columns: types.count)
        var start = 0
        while start < count {
            let step = min(Self.chunkRows, count - start)
            for column in stores.indices { stores[column].view(from: start, as: column, of: &work.chunk) }
            let added = insert(work.chunk, rows: step, next: start, scratch: work, into: work.textIDs)
            precondition(added == step, "\(step - added) of \(step) keys met another one under a new strategy")
            start += step
        }
    }
}
