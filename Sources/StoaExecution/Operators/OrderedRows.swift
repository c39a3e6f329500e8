import StoaColumns
import StoaKernels

/// Gives the rows of one batch in an order, a morsel at a time, so that rows are gathered only as far as they are pulled.
struct OrderedRows {
    private let batch: Batch
    private let order: RowOrder
    private var position = 0

    init(_ batch: Batch, in order: RowOrder) {
        self.batch = batch
        self.order = order
    }

    mutating func next() -> Batch? {
        guard position < order.count else { return nil }
        let count = min(Morsel.rowLimit, order.count - position)
        defer { position += count }
        return batch.taking(order.rows + position, count: count)
    }
}

extension Batch {
    /// The rows of all batches in one, asking before each column whether the task was cancelled. Throws `unsupported`
    /// when they are too many for one column chunk.
    static func concatenated(
        _ batches: [Batch], schema: Schema, cancellation: CancellationFlag
    ) throws(StoaError) -> Batch {
        let rowCount = batches.reduce(0) { $0 + $1.rowCount }
        guard rowCount <= RowOrder.rowLimit else {
            throw StoaError(
                .unsupported, "\(rowCount) rows are too many to be held together in one partition",
                advice: "use more and smaller partitions")
        }
        var columns: [Column] = []
        for (index, field) in schema.fields.enumerated() {
            try cancellation.check()
            let parts = batches.map { $0.columns[index] }
            do {
                columns.append(
                    try parts.isEmpty ? Column.nulls(field.type, count: 0) : Column.concatenated(parts))
            } catch {
                throw error.located(.init(column: field.name))
            }
        }
        return Batch(unchecked: schema, columns: columns, rowCount: rowCount)
    }
}
