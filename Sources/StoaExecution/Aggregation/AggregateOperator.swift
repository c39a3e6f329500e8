import StoaColumns
import StoaKernels
import StoaPlan

/// One row a group: keys and aggregates, from rows or from states, as values or as states.
///
/// Groups come in the order of their first row. Rows are taken in input order, each into the state of its group, and states
/// merge in input order, so the result does not depend on where batches end. Reads all input at the first `next`, except
/// where states are wanted and rows hardly repeat: then a key may come in several states.
package final class AggregateOperator: BatchSource, StrategyTeller {
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
    package convenience init(
        _ aggregation: Aggregation, input: any BatchSource, cancellation: CancellationFlag
    ) throws(StoaError) {
        try self.init(aggregation, after: [], input: input, cancellation: cancellation)
    }

    /// The grouping of what the input's rows are after some steps, which only an aggregation of rows without keys takes.
    package init(
        _ aggregation: Aggregation, after steps: [RowStep], input: any BatchSource, cancellation: CancellationFlag
    ) throws(StoaError) {
        precondition(
            steps.isEmpty || aggregation.takesRowSteps, "an aggregation by keys or of states takes rows as they are")
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
        } else if aggregation.keys.isEmpty {
            intake = try TotalIntake(aggregation, reductions, after: steps, input: input)
        } else {
            let arguments = try AggregateArguments(aggregation, reductions, input: input)
            intake = RowIntake(
                keyTypes: aggregation.keys.map(\.type), reductions, arguments,
                givesStates: aggregation.phase.givesStates)
        }
    }

    /// How the rows were grouped and why, in one sentence for `explain`; complete when the last batch was given.
    package var strategy: String { intake.strategy(keyNames: schema.fields.prefix(keyCount).map(\.name)) }

    /// Rows that are left after the steps, 0 where there are none; complete when the last batch was given.
    var passedRowCount: Int { (intake as? TotalIntake)?.passedRowCount ?? 0 }

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

extension Aggregation {
    /// Whether it takes rows through filters and projections itself.
    var takesRowSteps: Bool { keys.isEmpty && !phase.readsStates }

    /// The columns that keys and arguments read.
    var columns: Set<Int> {
        (keys + aggregates.flatMap(\.arguments)).reduce(into: []) { $0.formUnion($1.columns) }
    }

    /// The same over an input of these columns alone, in this order.
    func reading(_ columns: [Int]) -> Aggregation {
        let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        func moved(_ expression: BoundExpression) -> BoundExpression {
            expression.movingColumns { places[$0] ?? $0 }
        }
        return Aggregation(
            phase: phase, keys: keys.map(moved), aggregates: aggregates.map { $0.over($0.arguments.map(moved)) },
            schema: schema)
    }
}
