import StoaColumns
import StoaKernels

/// The groups of an aggregation: their keys and the states of their aggregates.
struct AggregateGroups {
    /// Nil without keys: there is one group then.
    let table: KeyTable?
    let states: GroupedRecords.Shared

    /// - Parameter keepsRecords: whether states share records where they can, for groups that are made from rows.
    init(keyTypes: [DataType], _ reductions: [ReductionDescription], keepsRecords: Bool) {
        table = keyTypes.isEmpty ? nil : KeyTable(types: keyTypes)
        states = GroupedRecords.Shared(reductions, keepsRecords: keepsRecords)
        if keyTypes.isEmpty { states.grow(to: 1) }
    }

    var count: Int { table?.count ?? 1 }

    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String {
        let lookUp = table?.strategyText(names: keyNames) ?? "one group: no keys"
        return states.records?.packing.map { "\(lookUp); \($0)" } ?? lookUp
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
            states.grow(to: table.count)
        }
        body(ids)
    }
}

/// How batches become groups.
protocol AggregateIntake: AnyObject {
    var groups: AggregateGroups { get }
    /// Takes the next rows; there is at least one. Gives those back that are not to be grouped any more.
    func take(_ batch: Batch) throws(StoaError) -> Batch?
    /// No more rows come.
    func end()
    /// The columns of states of rows that follow the groups, each row a group of its own.
    func ungrouped(_ batch: Batch) throws(StoaError) -> [Column]
    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String
}

extension AggregateIntake {
    func ungrouped(_ batch: Batch) throws(StoaError) -> [Column] {
        preconditionFailure("\(type(of: self)) groups all rows")
    }
}

/// States: the keys, then the state columns of each aggregate.
final class StateIntake: AggregateIntake {
    let groups: AggregateGroups
    private let keyCount: Int
    private let widths: [Int]

    init(keyTypes: [DataType], _ reductions: [ReductionDescription]) {
        groups = AggregateGroups(keyTypes: keyTypes, reductions, keepsRecords: false)
        keyCount = keyTypes.count
        widths = reductions.map(\.states.count)
    }

    func take(_ batch: Batch) throws(StoaError) -> Batch? {
        groups.withIDs(Array(batch.columns.prefix(keyCount)), count: batch.rowCount) { ids in
            var place = keyCount
            for ((_, states), width) in zip(groups.states.others, widths) {
                states.merge(Array(batch.columns[place..<place + width]), ids: ids, count: batch.rowCount)
                place += width
            }
        }
        return nil
    }

    func end() {}

    func strategy(keyNames: [String]) -> String { groups.strategy(keyNames: keyNames) }
}
