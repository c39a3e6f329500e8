import StoaColumns
import StoaKernels
import StoaPlan

/// One row a group: keys and aggregates, from rows or from states, as values or as states.
///
/// Groups come in the order of their first row. Rows are taken in input order, each into the state of its group, and states
/// merge in input order, so the result does not depend on where batches end. Reads all input at the first `next`, except
/// where states are wanted and rows hardly repeat: then a key may come in several states.
package final class AggregateOperator: BatchSource {
    package let schema: Schema
    private let input: any BatchSource
    private let cancellation: CancellationFlag
    private let givesStates: Bool
    private let keyCount: Int
    private let intake: any AggregateIntake
    private var isRead = false
    private var position = 0
    /// Rows that come after the groups without being grouped, of a partition whose rows hardly repeat.
    private var ungrouped: Batch?

    /// The grouping of the input's rows or states.
    package init(
        _ aggregation: Aggregation, input: any BatchSource, cancellation: CancellationFlag
    ) throws(StoaError) {
        schema = aggregation.schema
        self.input = input
        self.cancellation = cancellation
        givesStates = aggregation.phase.givesStates
        keyCount = aggregation.keys.count
        var reductions: [ReductionDescription] = []
        for (number, aggregate) in aggregation.aggregates.enumerated() {
            var reduction = try aggregate.reduction()
            reduction.argumentNumber =
                aggregation.aggregates.firstIndex { $0.arguments == aggregate.arguments } ?? number
            reductions.append(reduction)
        }
        if aggregation.phase.readsStates {
            intake = StateIntake(keyTypes: aggregation.keys.map(\.type), reductions)
        } else {
            let arguments = try AggregateArguments(aggregation, input: input)
            intake =
                aggregation.keys.isEmpty
                ? TotalIntake(reductions, arguments)
                : RowIntake(
                    keyTypes: aggregation.keys.map(\.type), reductions, arguments,
                    givesStates: aggregation.phase.givesStates)
        }
    }

    /// How the rows were grouped and why, in one sentence for `explain`; complete when the last batch was given.
    package var strategy: String { intake.strategy(keyNames: schema.fields.prefix(keyCount).map(\.name)) }

    package func next() throws(StoaError) -> Batch? {
        if !isRead {
            isRead = true
            while ungrouped == nil, let batch = try input.next() {
                if batch.rowCount > 0 { ungrouped = try intake.take(batch) }
            }
            intake.end()
        }
        try cancellation.check()
        let groups = intake.groups
        if position == groups.count { return try nextUngrouped() }
        let range = groups.fitting(position..<min(groups.count, position + Morsel.rowLimit))
        position = range.upperBound
        var columns = groups.keys(range)
        for states in groups.states.results {
            if givesStates { columns += states.states(range) } else { columns.append(try states.finish(range)) }
        }
        return Batch(unchecked: schema, columns: columns, rowCount: range.count)
    }

    /// The next rows that follow the groups, as states.
    private func nextUngrouped() throws(StoaError) -> Batch? {
        while let batch = ungrouped {
            ungrouped = try input.next()
            if batch.rowCount > 0 {
                return Batch(unchecked: schema, columns: try intake.ungrouped(batch), rowCount: batch.rowCount)
            }
        }
        return nil
    }
}
