import StoaColumns
import StoaPlan

/// One column an expression, for every row of the input. Plain columns are passed on as they are.
package final class ProjectOperator: BatchSource {
    package let schema: Schema
    package var givesPartitionRows: Bool { input.givesPartitionRows }
    private let input: any BatchSource
    private let program: ExpressionProgram
    /// The next morsel's first row in the partition, nil when the input does not give the partition's rows.
    private var firstRow: Int?

    /// Computes the expressions over the input's columns; the schema names them.
    package init(_ expressions: [BoundExpression], schema: Schema, input: any BatchSource) throws(StoaError) {
        precondition(
            expressions.map(\.type) == schema.fields.map(\.type), "expressions of other types than the schema \(schema)"
        )
        self.schema = schema
        self.input = input
        program = try ExpressionProgram(expressions, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    package func next() throws(StoaError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return Batch(unchecked: schema, columns: columns, rowCount: batch.rowCount)
    }
}
