extension KeyTable {
    /// How rows are looked up and why so, for people: one sentence without a full stop.
    ///
    /// - Parameter names: what the key columns are called.
    package func strategyText(names: [String]) -> String {
        let ranges = zip(names, stores).map { "\($0) has \(Self.rangeText($1))" }.joined(separator: ", ")
        switch strategy {
        case .undecided: return "no rows came"
        case .text(let strings): return "table of texts: \(names.joined()) has \(strings.count) values"
        case .dense(let layout, _): return "dense array of \(layout.total) slots: \(ranges)"
        case .radix: return "hash table of one packed word: \(ranges)"
        case .word: return "hash table of one word: \(ranges)"
        case .pair: return "hash table of two packed words: \(ranges)"
        case .records(let layout, _): return "hash table of \(layout.width)-word records: \(ranges)"
        }
    }

    private static func rangeText(_ store: KeyColumnStore) -> String {
        if let strings = store.strings { return "\(strings.count) values" }
        if store.type.isFloat || store.isWide { return "any values" }
        guard let extent = store.extent else { return "a range of 2^64 values" }
        return "a range of \(extent) values"
    }
}
