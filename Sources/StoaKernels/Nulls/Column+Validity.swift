import StoaColumns

extension Column {
    /// The same values, null where `source` is null as well.
    func withNulls(of source: Column) -> Column {
        precondition(source.count == count, "columns of \(count) and \(source.count) rows")
        if source.nullCount == 0 { return self }
        return nulled(exceptAt: BitMask(validRowsOf: source))
    }
}
