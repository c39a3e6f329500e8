import StoaColumns
import StoaKernels
import StoaPlan

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
