import StoaColumns
import StoaKernels
import StoaPlan

/// The groups of an aggregation: their keys and the states of their aggregates.
struct AggregateGroups {
    /// Nil without keys: there is one group then.
    let table: KeyTable?
    private(set) var states: GroupedRecords.Shared

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

    /// Takes rows, each into the states of its group.
    func take(_ keys: [Column], _ arguments: [ArgumentColumns], count rows: Int) {
        withIDs(keys, count: rows) { ids in update(arguments, ids: ids, count: rows) }
    }

    /// Takes rows into the states of groups that are known.
    func update(_ arguments: [ArgumentColumns], ids: UnsafePointer<Int32>, count rows: Int) {
        states.updateRecords(arguments.map(\.single), ids: ids, count: rows)
        for (place, states) in states.others { states.update(arguments[place], ids: ids, count: rows) }
    }

    /// Gives up records, so that states can be merged into those of the groups.
    mutating func leaveRecords(_ reductions: [ReductionDescription]) {
        if states.records == nil { return }
        let merging = GroupedRecords.Shared(reductions, keepsRecords: false)
        merging.grow(to: count)
        let region = MemoryRegion(of: Int32.self, count: Morsel.rowLimit)
        let ids = region.bound(to: Int32.self)
        for start in stride(from: 0, to: count, by: Morsel.rowLimit) {
            let range = start..<min(count, start + Morsel.rowLimit)
            for group in range { ids[group - start] = Int32(truncatingIfNeeded: group) }
            for (place, target) in merging.others {
                target.merge(states.results[place].states(range), ids: ids, count: range.count)
            }
        }
        withExtendedLifetime(region) {}
        states = merging
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
    /// Takes the next rows; there is at least one. Gives all rows so far, as `passed` would, when they
    /// are not to be grouped at all.
    func take(_ batch: Batch) throws(StoaError) -> [Batch]?
    /// Whether groups may stay as they are from now on, and rows of others go to files.
    var mayFreeze: Bool { get }
    /// The next rows in the one form that rows have which go to files.
    func spillable(_ batch: Batch) -> Batch
    /// Takes those of the next rows whose groups are known, and gives the others by their place in the batch.
    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column])
    /// The keys of rows.
    func keys(of batch: Batch) throws(StoaError) -> [Column]
    /// No more rows come.
    func end()
    /// A batch that is not grouped, as rows for the grouping that finishes.
    func passed(_ batch: Batch) throws(StoaError) -> Batch
    /// How rows found their group, and why so.
    func strategy(keyNames: [String]) -> String
}

extension AggregateIntake {
    var mayFreeze: Bool { false }

    func spillable(_ batch: Batch) -> Batch { batch }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        preconditionFailure("\(type(of: self)) takes all rows")
    }

    func keys(of batch: Batch) throws(StoaError) -> [Column] { [] }

    func passed(_ batch: Batch) throws(StoaError) -> Batch {
        preconditionFailure("\(type(of: self)) groups all rows")
    }
}
