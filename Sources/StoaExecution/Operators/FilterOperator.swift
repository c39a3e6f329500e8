import StoaColumns
import StoaPlan

/// The rows for which a condition is true, in input order; null counts as false. Morsels of which nothing is left are
/// skipped.
package final class FilterOperator: BatchSource {
    package let schema: Schema
    private let input: any BatchSource
    /// The input's columns that go on.
    private let kept: [Int]
    private let program: ExpressionProgram
    /// The next morsel's first row in the partition, nil when the input does not give the partition's rows.
    private var firstRow: Int?

    /// Filters the input by a condition over its columns.
    ///
    /// - Parameter kept: the columns that go on, in this order; nil for all. Others are not moved.
    package init(_ condition: BoundExpression, keeping kept: [Int]? = nil, input: any BatchSource) throws(StoaError) {
        self.kept = kept ?? Array(input.schema.fields.indices)
        schema = input.schema.projected(to: self.kept)
        self.input = input
        program = try ExpressionProgram([condition], input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    package func next() throws(StoaError) -> Batch? {
        while let batch = try input.next() {
            let mask = try program.evaluateMask(batch, firstRow: firstRow)
            firstRow = firstRow.map { $0 + batch.rowCount }
            if mask.ones == 0 { continue }
            return Batch(
                unchecked: schema, columns: kept.map { batch.columns[$0].filtered(by: mask) }, rowCount: mask.ones)
        }
        return nil
    }
}
