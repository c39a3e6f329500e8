import StoaColumns
import StoaPlan

/// The rows for which a condition is true, in input order; null counts as false. Morsels of which nothing is left are
/// skipped.
package final class FilterOperator: BatchSource {
    package let schema: Schema
    private let input: any BatchSource
    private let program: ExpressionProgram
    /// The next morsel's first row in the partition, nil when the input does not give the partition's rows.
    private var firstRow: Int?

    /// Filters the input by a condition over its columns.
    package init(_ condition: BoundExpression, input: any BatchSource) throws(StoaError) {
        schema = input.schema
        self.input = input
        program = try ExpressionProgram([condition], input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    package func next() throws(StoaError) -> Batch? {
        while let batch = try input.next() {
            let mask = try program.evaluateMask(batch, firstRow: firstRow)
            firstRow = firstRow.map { $0 + batch.rowCount }
            if mask.ones > 0 { return batch.filtered(by: mask) }
        }
        return nil
    }
}
