import StoaColumns
import StoaKernels

/// Rows with keys.
///
/// Where states are wanted and nearly every row of the first 131,072 is a group of its own, grouping the partition saves
/// nothing: the rows that follow are passed on as states of one row each, and meet behind the exchange. Float sums then are
/// taken row by row behind the groups of the first rows. What is decided depends on the partition's rows alone.
final class RowIntake: AggregateIntake {
    let groups: AggregateGroups
    private let arguments: AggregateArguments
    private let reductions: [ReductionDescription]
    /// Whether the rows may be passed on.
    private let mayPass: Bool
    private var rowCount = 0
    private var passedCount = 0

    /// Rows after which it is decided whether to group further.
    static let sampleRows = 1 << 17

    /// - Parameter givesStates: whether states are wanted, not values.
    init(
        keyTypes: [DataType], _ reductions: [ReductionDescription], _ arguments: AggregateArguments,
        givesStates: Bool
    ) {
        groups = AggregateGroups(keyTypes: keyTypes, reductions, keepsRecords: true)
        self.arguments = arguments
        self.reductions = reductions
        mayPass = givesStates && reductions.allSatisfy(\.hasStatesOfRows)
    }

    func take(_ batch: Batch) throws(StoaError) -> Batch? {
        let left = Self.sampleRows - rowCount
        if !mayPass || left <= 0 || batch.rowCount < left {
            try group(batch)
            return nil
        }
        try group(batch.slice(0..<left))
        let rest = batch.slice(left..<batch.rowCount)
        // 15 groups for 16 rows: a partition would have to be many times as long for its groups to repeat noticeably.
        if groups.count >= Self.sampleRows / 16 * 15 { return rest }
        if rest.rowCount > 0 { try group(rest) }
        return nil
    }

    private func group(_ batch: Batch) throws(StoaError) {
        rowCount += batch.rowCount
        let rows = try arguments.evaluate(batch)
        groups.withIDs(rows.keys, count: batch.rowCount) { ids in
            groups.states.updateRecords(rows.arguments.map(\.single), ids: ids, count: batch.rowCount)
            for (place, states) in groups.states.others {
                states.update(rows.arguments[place], ids: ids, count: batch.rowCount)
            }
        }
    }

    /// Whether to pass rows on is decided before, so that it does not depend on the room there is.
    var mayFreeze: Bool { !mayPass || rowCount >= Self.sampleRows }

    func keys(of batch: Batch) throws(StoaError) -> [Column] { try arguments.evaluate(batch).keys }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        let values = try arguments.evaluate(batch)
        let known = groups.known(values.keys, count: batch.rowCount)
        let rows = known.isAll ? values.arguments : values.arguments.map { $0.taking(known.rows) }
        known.withIDs { ids in
            groups.states.updateRecords(rows.map(\.single), ids: ids, count: known.rows.count)
            for (place, states) in groups.states.others {
                states.update(rows[place], ids: ids, count: known.rows.count)
            }
        }
        return (known.unknown, values.keys)
    }

    func end() {}

    func ungrouped(_ batch: Batch) throws(StoaError) -> [Column] {
        passedCount += batch.rowCount
        let rows = try arguments.evaluate(batch)
        var columns = rows.keys
        for (reduction, argument) in zip(reductions, rows.arguments) {
            columns += reduction.statesOfRows(argument.single, count: batch.rowCount)
        }
        return columns
    }

    func strategy(keyNames: [String]) -> String {
        let grouping = groups.strategy(keyNames: keyNames)
        if passedCount == 0 { return grouping }
        return "\(passedCount) rows passed on ungrouped after \(Self.sampleRows) rows had \(groups.count) groups; "
            + "before that \(grouping)"
    }
}
