import StoaColumns

/// The values of one argument by group: what all quantiles of that argument are selected from.
///
/// Rows are held with their groups until the first quantile is asked for; then a counting sort brings the keys of a group
/// together. Memory: the argument, and 4 + 8 bytes a row (16 for decimals of more than 18 digits).
/// Cost: about 3 ns a row to hold and move, 1 ns a row and quantile to select.
final class QuantileGroups {
    private let isWide: Bool
    private var counts = GrowingBuffer<Int>()
    private var chunks: [(column: Column, ids: MemoryRegion)] = []
    /// The keys, group by group; set once the last row has come.
    private var keys: MemoryRegion?
    /// Where each group's keys end.
    private var ends: MemoryRegion?
    private var selection = KeySelection()

    init(_ type: DataType?) { isWide = type?.storageType == .int128 }

    func grow(to groups: Int) { counts.grow(to: groups, filling: 0) }

    /// Takes rows; the column is kept.
    func take(_ column: Column, ids: UnsafePointer<Int32>, count: Int) {
        precondition(keys == nil, "values came after a quantile was asked for")
        let region = MemoryRegion(of: Int32.self, count: count)
        region.bound(to: Int32.self).update(from: ids, count: count)
        chunks.append((column, region))
        let counts = counts.pointer
        ValidityBits.forEach(column, count: count) { counts[Int(ids[$0])] &+= 1 }
    }

    /// The quantiles of a range of groups.
    func finish(_ range: Range<Int>, _ request: QuantileRequest, _ description: ReductionDescription) -> Column {
        isWide
            ? finish(range, request, description, as: Int128.self) : finish(range, request, description, as: Int64.self)
    }

    @inline(__always)
    private func finish<Key: SelectionKey>(
        _ range: Range<Int>, _ request: QuantileRequest, _ description: ReductionDescription, as: Key.Type
    ) -> Column {
        let (keys, ends) = sorted(as: Key.self)
        let results = QuantileResults<Key>(request, description, count: range.count)
        for group in range {
            let count = counts.pointer[group]
            if count == 0 { continue }
            let place = request.place(count: count)
            let (lower, upper) = Key.select(
                keys + (ends[group] - count), count: count, lower: place.lower, upper: place.upper, with: &selection)
            results.set(group - range.lowerBound, place, lower, upper)
        }
        return results.column()
    }

    /// The keys of each group together, and where they end; the regions stay with `self`.
    private func sorted<Key: SelectionKey>(as: Key.Type) -> (UnsafeMutablePointer<Key>, UnsafePointer<Int>) {
        if let keys, let ends { return (keys.bound(to: Key.self), UnsafePointer(ends.bound(to: Int.self))) }
        let ends = MemoryRegion(of: Int.self, count: counts.count)
        let next = ends.bound(to: Int.self)
        var total = 0
        for group in 0..<counts.count {
            next[group] = total
            total += counts.pointer[group]
        }
        let keys = MemoryRegion(of: Key.self, count: total + KeySelection.padding)
        let target = keys.bound(to: Key.self)
        for (column, ids) in chunks {
            Key.scatter(column, ids: ids.bound(to: Int32.self), count: column.count, to: target, next: next)
        }
        chunks = []
        self.keys = keys
        self.ends = ends
        return (target, UnsafePointer(next))
    }
}

/// One quantile by group.
final class GroupedQuantile: GroupedReduction {
    private let description: ReductionDescription
    private let request: QuantileRequest
    private let values: QuantileGroups
    /// Whether this one hands the rows over; the other quantiles of the argument share them.
    private let isLeader: Bool
    /// The quantile over all rows, found by a `QuantileReduction`.
    private var finished: Column?

    init(_ description: ReductionDescription, sharing values: QuantileGroups? = nil) {
        self.description = description
        request = QuantileRequest(description)
        isLeader = values == nil
        self.values = values ?? QuantileGroups(description.argument)
    }

    /// Another quantile of the same argument.
    func sharing(_ description: ReductionDescription) -> GroupedQuantile {
        GroupedQuantile(description, sharing: values)
    }

    func grow(to groups: Int) { if isLeader { values.grow(to: groups) } }

    func update(_ argument: Column?, ids: UnsafePointer<Int32>, count: Int) {
        if isLeader { values.take(description.checked(argument, count: count), ids: ids, count: count) }
    }

    /// A quantile has no state but itself: there is one, and nothing came before it.
    func merge(_ states: [Column], ids: UnsafePointer<Int32>, count: Int) {
        precondition(count == 1 && finished == nil, "\(description.text) was found in parts")
        finished = states[0]
    }

    func states(_ range: Range<Int>) -> [Column] { preconditionFailure("\(description.text) has no state that merges") }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column {
        finished?.slice(range) ?? values.finish(range, request, description)
    }
}
