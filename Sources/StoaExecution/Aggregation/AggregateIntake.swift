import StoaColumns
import StoaKernels

/// The groups of an aggregation: their keys and the states of their aggregates.
struct AggregateGroups {
    /// Nil without keys: there is one group then.
    let table: KeyTable?
    let reductions: [any GroupedReduction]

    init(keyTypes: [DataType], _ reductions: [ReductionDescription]) {
        table = keyTypes.isEmpty ? nil : KeyTable(types: keyTypes)
        self.reductions = reductions.makeGroupedReductions()
        if keyTypes.isEmpty { grow() }
    }

    var count: Int { table?.count ?? 1 }

    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String { table?.strategyText(names: keyNames) ?? "one group: no keys" }

    /// Sees to it that every group has its states.
    func grow() {
        for states in reductions { states.grow(to: count) }
    }

    /// As many groups from the start of a range on as have keys that fit one batch.
    func fitting(_ range: Range<Int>) -> Range<Int> { table?.fitting(range) ?? range }

    /// The keys of a range of groups.
    func keys(_ range: Range<Int>) -> [Column] { table?.keyColumns(range) ?? [] }

    /// Calls `body` with the group of each row, new groups included.
    func withIDs(_ keys: [Column], count rows: Int, _ body: (UnsafePointer<Int32>) -> Void) {
        let region = MemoryRegion(of: Int32.self, count: rows, zeroed: table == nil)
        defer { withExtendedLifetime(region) {} }
        let ids = region.bound(to: Int32.self)
        if let table {
            table.insert(keys, count: rows, into: ids)
            grow()
        }
        body(ids)
    }
}

/// How batches become groups.
protocol AggregateIntake: AnyObject {
    var groups: AggregateGroups { get }
    /// Takes the next rows; there is at least one.
    func take(_ batch: Batch) throws(StoaError)
    /// No more rows come.
    func end()
    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String
}

/// Rows with keys.
final class RowIntake: AggregateIntake {
    let groups: AggregateGroups
    private let arguments: AggregateArguments

    init(keyTypes: [DataType], _ reductions: [ReductionDescription], _ arguments: AggregateArguments) {
        groups = AggregateGroups(keyTypes: keyTypes, reductions)
        self.arguments = arguments
    }

    func take(_ batch: Batch) throws(StoaError) {
        let rows = try arguments.evaluate(batch)
        groups.withIDs(rows.keys, count: batch.rowCount) { ids in
            for (states, argument) in zip(groups.reductions, rows.arguments) {
                states.update(argument, ids: ids, count: batch.rowCount)
            }
        }
    }

    func end() {}

    func strategy(keyNames: [String]) -> String { groups.strategy(keyNames: keyNames) }
}

/// States: the keys, then the state columns of each aggregate.
final class StateIntake: AggregateIntake {
    let groups: AggregateGroups
    private let keyCount: Int
    private let widths: [Int]

    init(keyTypes: [DataType], _ reductions: [ReductionDescription]) {
        groups = AggregateGroups(keyTypes: keyTypes, reductions)
        keyCount = keyTypes.count
        widths = reductions.map(\.states.count)
    }

    func take(_ batch: Batch) throws(StoaError) {
        groups.withIDs(Array(batch.columns.prefix(keyCount)), count: batch.rowCount) { ids in
            var place = keyCount
            for (states, width) in zip(groups.reductions, widths) {
                states.merge(Array(batch.columns[place..<place + width]), ids: ids, count: batch.rowCount)
                place += width
            }
        }
    }

    func end() {}

    func strategy(keyNames: [String]) -> String { groups.strategy(keyNames: keyNames) }
}
