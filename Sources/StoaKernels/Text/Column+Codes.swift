import StoaColumns

extension Column {
    /// The codes of an encoded column as an int32 column without nulls.
    private var codesColumn: Column {
        guard case .dictionary(let codes, _) = storage else { preconditionFailure("the column is not encoded") }
        return Column(type: .int32, count: count, offset: offset, storage: .fixed(codes))
    }

    /// Row by row what `entries` holds for the row's code: the values of a function that was evaluated once per entry of
    /// this column's dictionary.
    ///
    /// Nulls: null where this column or the entry is null. Entries that are text should be dictionary-encoded, so that
    /// only codes are copied.
    package func mappedThroughCodes(_ entries: Column) -> Column {
        guard let (codes, dictionary) = dictionaryCodes else { preconditionFailure("the column is not encoded") }
        precondition(entries.count == dictionary.count, "\(entries.count) values for \(dictionary.count) entries")
        if nullCount == count { return Column.nulls(entries.type, count: count) }
        if entries.type == .bool, entries.nullCount == 0 {
            // One entry that differs from all others, as with `== "text"`: comparing codes in vectors is enough.
            let rows = BitMask(trueRowsOf: entries)
            if rows.ones == 1 || rows.ones == entries.count - 1 {
                let chosen =
                    rows.ones == 1 ? rows : BitMask(trueRowsOf: Logic.not(Operand(entries), count: entries.count))
                let code = Operand(constant: Column(chosen.rows()))
                let isEqual = Comparison.compare(
                    rows.ones == 1 ? .equal : .notEqual, Operand(codesColumn), code, count: count)
                return isEqual.withNulls(of: self)
            }
        }
        return entries.taking(codes, count: count).withNulls(of: self)
    }
}
