import StoaColumns
import StoaKernels
import StoaPlan

/// The keys and the arguments of the aggregates, computed from the rows of a batch.
final class AggregateArguments {
    private let program: ExpressionProgram
    private let keyCount: Int
    /// Where each aggregate's arguments are among the computed columns.
    private let places: [[Int]]
    private var firstRow: Int?

    init(_ aggregation: Aggregation, _ reductions: [ReductionDescription], input: any BatchSource) throws(StoaError) {
        var expressions = aggregation.keys
        keyCount = expressions.count
        var places: [[Int]] = []
        var uses = expressions.map { _ in OutputUse.column }
        for (aggregate, reduction) in zip(aggregation.aggregates, reductions) {
            places.append(Array(expressions.count..<expressions.count + aggregate.arguments.count))
            expressions += aggregate.arguments
            uses += aggregate.arguments.map { _ in reduction.takesNarrowDecimals ? .narrowColumn : .column }
        }
        self.places = places
        program = try ExpressionProgram(expressions, after: [], input: input.schema) { uses[$0] }
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    /// The keys and, for each aggregate, the arguments.
    func evaluate(_ batch: Batch) throws(StoaError) -> (keys: [Column], arguments: [ArgumentColumns]) {
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return (Array(columns.prefix(keyCount)), places.map { ArgumentColumns($0.map { columns[$0] }) })
    }
}
