import StoaColumns

extension Column {
    /// Row by row what `entries` holds for the row's code: the values of a function that was evaluated once per entry of
    /// this column's dictionary.
    ///
    /// Nulls: null where this column or the entry is null. Entries that are text should be dictionary-encoded, so that
    /// only codes are copied.
    package func mappedThroughCodes(_ entries: Column) -> Column {
        guard let (codes, dictionary) = dictionaryCodes else { preconditionFailure("the column is not encoded") }
        precondition(entries.count == dictionary.count, "\(entries.count) values for \(dictionary.count) entries")
        if nullCount == count { return Column.nulls(entries.type, count: count) }
        return entries.taking(codes, count: count).withNulls(of: self)
    }
}
