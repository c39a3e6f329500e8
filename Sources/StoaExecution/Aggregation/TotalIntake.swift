import StoaColumns
import StoaKernels

/// Rows without keys: reductions over all of them, whose states are at last those of the one group.
final class TotalIntake: AggregateIntake {
    let groups: AggregateGroups
    private let totals: [any Reduction]
    private let arguments: AggregateArguments

    init(_ reductions: [ReductionDescription], _ arguments: AggregateArguments) {
        groups = AggregateGroups(keyTypes: [], reductions, keepsRecords: false)
        totals = reductions.makeReductions()
        self.arguments = arguments
    }

    func take(_ batch: Batch) throws(StoaError) -> Batch? {
        let rows = try arguments.evaluate(batch)
        for (total, argument) in zip(totals, rows.arguments) { total.consume(argument, count: batch.rowCount) }
        return nil
    }

    func end() {
        groups.withIDs([], count: 1) { ids in
            for ((_, states), total) in zip(groups.states.others, totals) {
                states.merge(total.states(), ids: ids, count: 1)
            }
        }
    }

    func strategy(keyNames: [String]) -> String { "one group: no keys" }
}
