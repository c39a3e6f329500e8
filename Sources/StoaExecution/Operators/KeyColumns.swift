import StoaColumns
import StoaPlan

/// Batches with the values of key expressions beside their columns, so that both move together through sorting, merging
/// and joining. A key that is a column of the input costs nothing.
struct KeyColumns {
    /// The input's fields, then one for each key that is computed.
    let schema: Schema
    /// Where the keys are in `schema`.
    let indices: [Int]
    private let inputCount: Int
    private let program: ExpressionProgram?

    /// Keys over the columns of `input`.
    init(_ keys: [BoundExpression], input: Schema) throws(StoaError) {
        var fields = input.fields
        var indices: [Int] = []
        var computed: [BoundExpression] = []
        for key in keys {
            if case .column(let index) = key.node {
                indices.append(index)
            } else {
                indices.append(fields.count)
                computed.append(key)
                fields.append(Field(key.text, key.type, isNullable: key.isNullable))
            }
        }
        schema = Schema(fields)
        self.indices = indices
        inputCount = input.count
        program = computed.isEmpty ? nil : try ExpressionProgram(computed, input: input)
    }

    /// The batch, of at most a morsel's rows, with its keys beside it.
    func adding(to batch: Batch) throws(StoaError) -> Batch {
        guard let program else { return batch }
        return Batch(
            unchecked: schema, columns: batch.columns + (try program.evaluate(batch, firstRow: nil)),
            rowCount: batch.rowCount)
    }

    /// The key columns of a batch that `adding` gave.
    func keys(of batch: Batch) -> [Column] { indices.map { batch.columns[$0] } }

    /// The input's columns of a batch that `adding` gave.
    func input(of batch: Batch, schema: Schema) -> Batch {
        Batch(unchecked: schema, columns: Array(batch.columns.prefix(inputCount)), rowCount: batch.rowCount)
    }
}
