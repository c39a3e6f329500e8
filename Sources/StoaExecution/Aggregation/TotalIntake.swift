import StoaColumns
import StoaKernels

/// Rows without keys: reductions over all of them, whose states are at last those of the one group.
final class TotalIntake: AggregateIntake {
    let groups: AggregateGroups
    private let totals: [any Reduction]
    private let arguments: AggregateArguments

    init(_ reductions: [ReductionDescription], _ arguments: AggregateArguments) {
        groups = AggregateGroups(keyTypes: [], reductions)
        totals = reductions.makeReductions()
        self.arguments = arguments
    }

    func take(_ batch: Batch) throws(StoaError) {
        let rows = try arguments.evaluate(batch)
        for (total, argument) in zip(totals, rows.arguments) { total.consume(argument, count: batch.rowCount) }
    }

    func end() {
        groups.withIDs([], count: 1) { ids in
            for (states, total) in zip(groups.reductions, totals) { states.merge(total.states(), ids: ids, count: 1) }
        }
    }

    func strategy(keyNames: [String]) -> String { "one group: no keys" }
}
