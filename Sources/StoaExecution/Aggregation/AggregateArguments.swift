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

    init(_ aggregation: Aggregation, input: any BatchSource) throws(StoaError) {
        var expressions = aggregation.keys
        keyCount = expressions.count
        var places: [[Int]] = []
        for aggregate in aggregation.aggregates {
            places.append(Array(expressions.count..<expressions.count + aggregate.arguments.count))
            expressions += aggregate.arguments
        }
        self.places = places
        program = try ExpressionProgram(expressions, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    /// The keys and, for each aggregate, the arguments.
    func evaluate(_ batch: Batch) throws(StoaError) -> (keys: [Column], arguments: [ArgumentColumns]) {
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return (Array(columns.prefix(keyCount)), places.map { ArgumentColumns($0.map { columns[$0] }) })
    }
}
