import StoaColumns

extension RowOrder {
    /// Rows 0 to `count` in the order of the keys: the first key decides, then the next among rows that tie. Stable: rows
    /// that tie in all keys keep their order. Only the first `limit` rows when given, without sorting the rest.
    ///
    /// Nulls: first or last, as each key says. NaN: equal to itself and above all numbers. Empty: no rows. Without keys the
    /// order is that of the rows. Traps on columns that do not have `count` rows, and above `rowLimit` rows.
    /// Cost: a load and, for long columns, up to eight passes of about 2 ns a row and key; ties only for the further keys.
    /// Memory: 36 bytes a row. `checkpoint` is called about every 65,536 rows; what it throws ends the work.
    package static func sorting(
        _ keys: [SortColumn], count: Int, limit: Int? = nil,
        checkpoint: @escaping () throws(StoaError) -> Void = {}
    ) throws(StoaError) -> RowOrder {
        precondition(count <= rowLimit, "\(count) rows are too many for one sort")
        let region = MemoryRegion(of: Int32.self, count: count)
        let rows = region.bound(to: Int32.self)
        for row in 0..<count { rows[row] = Int32(truncatingIfNeeded: row) }
        let given = min(count, max(0, limit ?? count))
        let prepared = try SortKeys(keys, count: count, checkpoint: checkpoint)
        try RowSorter(prepared, checkpoint: checkpoint).sort(rows, count: count, limit: given)
        return withExtendedLifetime(prepared) { RowOrder(region, count: given) }
    }

    /// The rows of runs that lie one after the other, each of them sorted by the keys, as one sorted sequence; rows that tie
    /// in all keys come in the order of the rows. Only the first `limit` rows when given.
    ///
    /// - Parameter runLengths: rows of each run; they add up to the rows of the key columns.
    ///
    /// Nulls and NaN as in `sorting`. Cost: a comparison a row and doubling of the number of runs. Memory: 32 bytes a row.
    package static func merging(
        runLengths: [Int], by keys: [SortColumn], limit: Int? = nil,
        checkpoint: @escaping () throws(StoaError) -> Void = {}
    ) throws(StoaError) -> RowOrder {
        let count = runLengths.reduce(0, +)
        precondition(count <= rowLimit, "\(count) rows are too many for one sort")
        let given = min(count, max(0, limit ?? count))
        let prepared = try SortKeys(keys, count: count, checkpoint: checkpoint)
        let region = MemoryRegion(of: Int32.self, count: given)
        try RunMerger(prepared, checkpoint: checkpoint).merge(
            runLengths: runLengths, limit: given, to: region.bound(to: Int32.self))
        return withExtendedLifetime(prepared) { RowOrder(region, count: given) }
    }
}
