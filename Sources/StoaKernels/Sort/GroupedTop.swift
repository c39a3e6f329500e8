import StoaColumns

/// The first rows of each group by one key of at most 64 bits: rows that tie keep the order in which they come.
///
/// - Nulls: where the key wants them. NaN: equal to itself and above all numbers. Empty: a group without rows has none.
/// - Cost: a load of the key, a comparison with the last row kept of its group, and an insertion for the few rows that pass:
///   k ln(n / k) of a group's n rows when they come in random order. Memory: 16 k bytes a group.
package final class GroupedTop {
    private let limit: Int
    private var kept = GrowingBuffer<SortEntry>()
    private let block = MemoryRegion(of: SortEntry.self, count: GroupedTop.blockRows)

    /// Stands where no row is yet; after all rows, nulls included.
    private static let vacant = SortEntry(code: .max, row: -1, rank: SortEntry.nullLastRank + 1)
    private static let blockRows = 1024
    /// Most rows of a group that are kept by insertion.
    package static let maximumLimit = 16

    /// Keeps `limit` rows of each group.
    package init(limit: Int) {
        precondition((1...Self.maximumLimit).contains(limit), "\(limit) rows of each group are too many to insert into")
        self.limit = limit
    }

    /// Whether keys of the type are compared whole.
    package static func takes(_ type: DataType) -> Bool {
        switch type.storageType {
        case .utf8, .int128: false
        default: true
        }
    }

    /// Takes rows, each into its group; `ids` are below `groups`. The rows are numbered from `firstRow` on.
    package func take(_ key: SortColumn, ids: UnsafePointer<Int32>, groups: Int, firstRow: Int, count: Int) {
        kept.grow(to: groups * limit, filling: Self.vacant)
        let keys: SortKeys
        do {
            keys = try SortKeys([key], count: count) {}
        } catch {
            preconditionFailure("keys of fixed width were not read: \(error)")
        }
        let entries = block.bound(to: SortEntry.self)
        let target = kept.pointer
        var start = 0
        while start < count {
            let rows = min(Self.blockRows, count - start)
            for index in 0..<rows { entries[index].row = Int32(truncatingIfNeeded: start + index) }
            keys.readers[0].load(part: 0, into: entries, count: rows)
            switch limit {
            case 1: insert(entries, ids + start, firstRow: firstRow, count: rows, target, limit: 1)
            case 2: insert(entries, ids + start, firstRow: firstRow, count: rows, target, limit: 2)
            default: insert(entries, ids + start, firstRow: firstRow, count: rows, target, limit: limit)
            }
            start += rows
        }
        withExtendedLifetime(keys) {}
    }

    @inline(__always)
    private func insert(
        _ entries: UnsafePointer<SortEntry>, _ ids: UnsafePointer<Int32>, firstRow: Int, count: Int,
        _ kept: UnsafeMutablePointer<SortEntry>, limit: Int
    ) {
        for index in 0..<count {
            var entry = entries[index]
            let group = kept + Int(ids[index]) &* limit
            var place = limit &- 1
            if !entry.isBefore(group[place]) { continue }
            entry.row = entry.row &+ Int32(truncatingIfNeeded: firstRow)
            while place > 0, entry.isBefore(group[place &- 1]) {
                group[place] = group[place &- 1]
                place &-= 1
            }
            group[place] = entry
        }
    }

    /// The kept rows: group by group, in the order of the key.
    package func rows() -> RowOrder {
        let region = MemoryRegion(of: Int32.self, count: kept.count)
        let target = region.bound(to: Int32.self)
        var count = 0
        for index in 0..<kept.count where kept.pointer[index].rank != Self.vacant.rank {
            target[count] = kept.pointer[index].row
            count += 1
        }
        return RowOrder(region, count: count)
    }

    /// How many rows are kept.
    package var rowCount: Int {
        var count = 0
        for index in 0..<kept.count where kept.pointer[index].rank != Self.vacant.rank { count += 1 }
        return count
    }
}

extension RowOrder {
    /// The first `limit` rows of each group by the keys, group by group: the ids number the groups from 0 on. Rows that tie
    /// keep their order.
    ///
    /// Nulls, NaN and cost as in `sorting` by the ids and the keys.
    package static func first(
        _ limit: Int, ofGroups ids: Column, by keys: [SortColumn],
        checkpoint: @escaping () throws(StoaError) -> Void = {}
    ) throws(StoaError) -> RowOrder {
        let sorted = try sorting([SortColumn(ids)] + keys, count: ids.count, checkpoint: checkpoint)
        let groups = ids.values(as: Int32.self)
        let region = MemoryRegion(of: Int32.self, count: sorted.count)
        let target = region.bound(to: Int32.self)
        var count = 0
        var group: Int32 = -1
        var taken = 0
        for place in 0..<sorted.count {
            let row = sorted.rows[place]
            if groups[Int(row)] != group {
                group = groups[Int(row)]
                taken = 0
            }
            if taken == limit { continue }
            target[count] = row
            taken += 1
            count += 1
        }
        withExtendedLifetime((sorted, ids)) {}
        return RowOrder(region, count: count)
    }
}
