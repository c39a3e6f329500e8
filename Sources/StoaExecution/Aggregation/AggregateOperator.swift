import StoaColumns
import StoaKernels
import StoaPlan

/// One row a group: keys and aggregates, from rows or from states, as values or as states.
///
/// Groups come in the order of their first row. Rows are taken in input order, each into the state of its group, and states
/// merge in input order, so the result does not depend on where batches end. Reads all input at the first `next`.
package final class AggregateOperator: BatchSource {
    package let schema: Schema
    private let input: any BatchSource
    private let cancellation: CancellationFlag
    private let givesStates: Bool
    private let intake: any AggregateIntake
    private var isRead = false
    private var position = 0

    /// The grouping of the input's rows or states.
    package init(
        _ aggregation: Aggregation, input: any BatchSource, cancellation: CancellationFlag
    ) throws(StoaError) {
        schema = aggregation.schema
        self.input = input
        self.cancellation = cancellation
        givesStates = aggregation.phase.givesStates
        var reductions: [ReductionDescription] = []
        for aggregate in aggregation.aggregates { reductions.append(try aggregate.reduction()) }
        if aggregation.phase.readsStates {
            intake = StateIntake(keyTypes: aggregation.keys.map(\.type), reductions)
        } else {
            let arguments = try AggregateArguments(aggregation, input: input)
            intake =
                aggregation.keys.isEmpty
                ? TotalIntake(reductions, arguments)
                : RowIntake(keyTypes: aggregation.keys.map(\.type), reductions, arguments)
        }
    }

    package func next() throws(StoaError) -> Batch? {
        if !isRead {
            isRead = true
            while let batch = try input.next() {
                if batch.rowCount > 0 { try intake.take(batch) }
            }
            intake.end()
        }
        try cancellation.check()
        let groups = intake.groups
        let range = position..<min(groups.count, position + Morsel.rowLimit)
        if range.isEmpty { return nil }
        position = range.upperBound
        var columns = groups.keys(range)
        for states in groups.reductions {
            if givesStates { columns += states.states(range) } else { columns.append(try states.finish(range)) }
        }
        return Batch(unchecked: schema, columns: columns, rowCount: range.count)
    }
}

/// The keys and the arguments of the aggregates, computed from the rows of a batch.
final class AggregateArguments {
    private let program: ExpressionProgram
    private let keyCount: Int
    /// Where each aggregate's argument is among the computed columns; nil for one without.
    private let places: [Int?]
    private var firstRow: Int?

    init(_ aggregation: Aggregation, input: any BatchSource) throws(StoaError) {
        var expressions = aggregation.keys
        keyCount = expressions.count
        var places: [Int?] = []
        for aggregate in aggregation.aggregates {
            places.append(aggregate.argument.map { _ in expressions.count })
            if let argument = aggregate.argument { expressions.append(argument) }
        }
        self.places = places
        program = try ExpressionProgram(expressions, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    /// The keys and, for each aggregate, the argument.
    func evaluate(_ batch: Batch) throws(StoaError) -> (keys: [Column], arguments: [Column?]) {
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return (Array(columns.prefix(keyCount)), places.map { place in place.map { columns[$0] } })
    }
}
