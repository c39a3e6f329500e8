import StoaColumns
import StoaKernels
import StoaPlan

/// One sorted sequence from blocks each of which is sorted; rows that tie come in block order. Only the first `limit` rows
/// when given. Holds all blocks, or with a limit the first `limit` rows of each.
final class MergeSortedOperator: BatchSource {
    let schema: Schema
    private let order: SortOrder
    private let limit: Int?
    private let context: TaskContext
    private let input: Int
    private var merged: OrderedRows?

    init(_ keys: [BoundSortKey], limit: Int?, input: Int, schema: Schema, of context: TaskContext) throws(StoaError) {
        self.schema = schema
        self.limit = limit.map { max(0, $0) }
        self.context = context
        self.input = input
        order = try SortOrder(keys, input: schema, cancellation: context.cancellation)
    }

    func next() throws(StoaError) -> Batch? {
        try context.cancellation.check()
        if limit == 0 { return nil }
        if merged == nil { merged = try merge() }
        return merged?.next()
    }

    private func merge() throws(StoaError) -> OrderedRows {
        var runLengths: [Int] = []
        var batches: [Batch] = []
        for block in try context.blocks(ofInput: input) {
            let morsels = MorselSource(schema: schema, batches: try block.rows())
            let needed = limit.map { min($0, block.rowCount) } ?? block.rowCount
            var length = 0
            while length < needed, let batch = try morsels.next() {
                try context.cancellation.check()
                let rows = batch.rowCount <= needed - length ? batch : batch.slice(0..<(needed - length))
                batches.append(try order.columns.adding(to: rows))
                length += rows.rowCount
            }
            runLengths.append(length)
        }
        let all = try order.concatenated(batches)
        batches = []
        let rows = try RowOrder.merging(
            runLengths: runLengths, by: order.sortColumns(of: all), limit: limit,
            checkpoint: context.cancellation.check)
        return OrderedRows(order.columns.input(of: all, schema: schema), in: rows)
    }
}
