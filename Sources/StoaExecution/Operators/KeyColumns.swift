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

    /// Keys over the columns of `input`.
    init(_ keys: [BoundExpression], input: Schema) throws(StoaError) {
        var fields = input.fields
        var indices: [Int] = []
        for key in keys {
            if case .column(let index) = key.node {
                indices.append(index)
            } else {
                indices.append(fields.count)
                fields.append(Field(key.text, key.type, isNullable: key.isNullable))
            }
        }
        schema = Schema(fields)
        self.indices = indices
        inputCount = input.count
    }

    /// The batch with its keys beside it.
    func adding(to batch: Batch) throws(StoaError) -> Batch {
        return batch
    }

    /// The key columns of a batch that `adding` gave.
    func keys(of batch: Batch) -> [Column] { indices.map { batch.columns[$0] } }

    /// The input's columns of a batch that `adding` gave.
    func input(of batch: Batch, schema: Schema) -> Batch {
        Batch(unchecked: schema, columns: Array(batch.columns.prefix(inputCount)), rowCount: batch.rowCount)
    }
}
