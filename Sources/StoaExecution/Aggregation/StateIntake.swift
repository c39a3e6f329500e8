import StoaColumns
import StoaKernels
import StoaPlan

/// States: the keys, then the state columns of each aggregate.
///
/// Where partial groupings passed their rows on, those come among the states, by partition, as `Aggregation.rowSchema` says.
/// While no states come, rows are taken into records; from the first state on, each row is merged as a state of its own.
final class StateIntake: AggregateIntake {
    private(set) var groups: AggregateGroups
    private let reductions: [ReductionDescription]
    private let keyTypes: [DataType]
    private let widths: [Int]
    private let stateSchema: Schema
    private let rowSchema: Schema
    /// Where each aggregate's arguments are among the columns of rows.
    private let places: [[Int]]
    private var isEmpty = true

    /// - Parameter input: the schema of states.
    init(_ aggregation: Aggregation, _ reductions: [ReductionDescription], input: Schema) {
        keyTypes = aggregation.keys.map(\.type)
        self.reductions = reductions
        groups = AggregateGroups(keyTypes: keyTypes, reductions, keepsRecords: false)
        widths = reductions.map(\.states.count)
        stateSchema = input
        rowSchema = aggregation.rowSchema
        let expressions = aggregation.rowExpressions
        places = aggregation.aggregates.map { aggregate in
            aggregate.arguments.map { argument in
                guard let place = expressions.firstIndex(of: argument) else {
                    preconditionFailure("\(aggregate.text) reads what is not read of a row")
                }
                return place
            }
        }
    }

    func take(_ batch: Batch) throws(StoaError) -> [Batch]? {
        defer { isEmpty = false }
        let isOfRows = areRows(batch)
        if isOfRows, isEmpty { groups = AggregateGroups(keyTypes: keyTypes, reductions, keepsRecords: true) }
        if isOfRows, groups.states.records != nil {
            groups.take(keys(of: batch), arguments(of: batch), count: batch.rowCount)
            return nil
        }
        groups.leaveRecords(reductions)
        let batch = spillable(batch)
        groups.withIDs(keys(of: batch), count: batch.rowCount) { ids in merge(batch, ids: ids) }
        return nil
    }

    var mayFreeze: Bool { groups.table != nil }

    func keys(of batch: Batch) -> [Column] { Array(batch.columns.prefix(keyTypes.count)) }

    func spillable(_ batch: Batch) -> Batch {
        if !areRows(batch) { return batch }
        var columns = keys(of: batch)
        for (reduction, places) in zip(reductions, places) {
            columns += reduction.statesOfRows(places.first.map { batch.columns[$0] }, count: batch.rowCount)
        }
        return Batch(unchecked: stateSchema, columns: columns, rowCount: batch.rowCount)
    }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        let keys = keys(of: batch)
        let known = groups.known(keys, count: batch.rowCount)
        let rows = known.isAll ? batch : batch.taking(known.rows)
        // Records stay while they can: states would take more memory, of which there is none left.
        if areRows(batch), groups.states.records != nil {
            known.withIDs { ids in groups.update(arguments(of: rows), ids: ids, count: rows.rowCount) }
        } else {
            groups.leaveRecords(reductions)
            let states = spillable(rows)
            known.withIDs { ids in merge(states, ids: ids) }
        }
        return (known.unknown, keys)
    }

    func end() {}

    func strategy(keyNames: [String]) -> String { groups.strategy(keyNames: keyNames) }

    private func areRows(_ batch: Batch) -> Bool { !keyTypes.isEmpty && batch.schema == rowSchema }

    private func arguments(of rows: Batch) -> [ArgumentColumns] {
        places.map { places in ArgumentColumns(places.map { rows.columns[$0] }) }
    }

    private func merge(_ batch: Batch, ids: UnsafePointer<Int32>) {
        var place = keyTypes.count
        for ((_, states), width) in zip(groups.states.others, widths) {
            states.merge(Array(batch.columns[place..<place + width]), ids: ids, count: batch.rowCount)
            place += width
        }
    }
}
