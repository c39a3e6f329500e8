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

    /// Which rows have a group already.
    func known(_ keys: [Column], count: Int) -> KnownRows {
        let region = MemoryRegion(of: Int32.self, count: count)
        let ids = region.bound(to: Int32.self)
        defer { withExtendedLifetime(region) {} }
        if let table { table.find(keys, count: count, into: ids) } else { ids.update(repeating: 0, count: count) }
        var known = KnownRows(isAll: true, rows: [], ids: [], unknown: [])
        for row in 0..<count {
            if ids[row] < 0 {
                known.unknown.append(Int32(truncatingIfNeeded: row))
            } else {
                known.rows.append(Int32(truncatingIfNeeded: row))
                known.ids.append(ids[row])
            }
        }
        known.isAll = known.unknown.isEmpty
        return known
    }

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

/// The rows of a batch whose groups are known, and the others.
struct KnownRows {
    var isAll: Bool
    var rows: [Int32]
    var ids: [Int32]
    var unknown: [Int32]

    func withIDs(_ body: (UnsafePointer<Int32>) -> Void) {
        ids.withUnsafeBufferPointer { ids in if let base = ids.baseAddress { body(base) } }
    }
}

/// How batches become groups.
protocol AggregateIntake: AnyObject {
    var groups: AggregateGroups { get }
    /// Takes the next rows; there is at least one. Gives those back that are not to be grouped any more.
    func take(_ batch: Batch) throws(StoaError) -> Batch?
    /// Whether groups may stay as they are from now on, and rows of others go to files.
    var mayFreeze: Bool { get }
    /// Takes those of the next rows whose groups are known, and gives the others by their place in the batch.
    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column])
    /// The keys of rows.
    func keys(of batch: Batch) throws(StoaError) -> [Column]
    /// No more rows come.
    func end()
    /// The columns of states of rows that follow the groups, each row a group of its own.
    func ungrouped(_ batch: Batch) throws(StoaError) -> [Column]
    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String
}

extension AggregateIntake {
    var mayFreeze: Bool { false }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        preconditionFailure("\(type(of: self)) takes all rows")
    }

    func keys(of batch: Batch) throws(StoaError) -> [Column] { [] }

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

    var mayFreeze: Bool { groups.table != nil }

    func keys(of batch: Batch) -> [Column] { Array(batch.columns.prefix(keyCount)) }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        let keys = keys(of: batch)
        let known = groups.known(keys, count: batch.rowCount)
        let rows = known.isAll ? batch : batch.taking(known.rows)
        known.withIDs { ids in
            var place = keyCount
            for ((_, states), width) in zip(groups.states.others, widths) {
                states.merge(Array(rows.columns[place..<place + width]), ids: ids, count: rows.rowCount)
                place += width
            }
        }
        return (known.unknown, keys)
    }

    func end() {}

    func strategy(keyNames: [String]) -> String { groups.strategy(keyNames: keyNames) }
}
