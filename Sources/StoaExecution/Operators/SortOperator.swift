import StoaColumns
import StoaKernels
import StoaPlan

/// The input's rows in order, stable; only the first `limit` when given. Holds the whole input, or with a limit at most a
/// few times as many rows as the limit says.
final class SortOperator: BatchSource {
    let schema: Schema
    private let input: any BatchSource
    private let order: SortOrder
    private let limit: Int?
    private var sorted: OrderedRows?

    /// With a limit, rows held before the ones that cannot be among the first are left away.
    private static let heldRowLimit = 4 * Morsel.rowLimit

    init(_ keys: [BoundSortKey], limit: Int?, input: any BatchSource, cancellation: CancellationFlag) throws(StoaError)
    {
        schema = input.schema
        self.input = input
        self.limit = limit.map { max(0, $0) }
        order = try SortOrder(keys, input: input.schema, cancellation: cancellation)
    }

    func next() throws(StoaError) -> Batch? {
        if limit == 0 { return nil }
        if sorted == nil { sorted = try sort() }
        return sorted?.next()
    }

    private func sort() throws(StoaError) -> OrderedRows {
        var held: [Batch] = []
        var rowCount = 0
        while let batch = try input.next() {
            if batch.rowCount == 0 { continue }
            held.append(try order.columns.adding(to: batch))
            rowCount += batch.rowCount
            if let limit, rowCount > Self.heldRowLimit, rowCount / 4 > limit {
                // Rows that tie stay in the order of the input, so sorting the best ones again later changes nothing.
                held = [try order.first(limit, of: held)]
                rowCount = limit
            }
        }
        let all = try order.concatenated(held)
        held = []
        return OrderedRows(
            order.columns.input(of: all, schema: schema), in: try order.rows(of: all, limit: limit))
    }
}

/// Sort keys over batches of one schema.
struct SortOrder {
    let columns: KeyColumns
    private let keys: [BoundSortKey]
    private let cancellation: CancellationFlag

    init(_ keys: [BoundSortKey], input: Schema, cancellation: CancellationFlag) throws(StoaError) {
        columns = try KeyColumns(keys.map(\.expression), input: input)
        self.keys = keys
        self.cancellation = cancellation
    }

    /// The sort keys of a batch that holds them.
    func sortColumns(of batch: Batch) -> [SortColumn] {
        zip(columns.keys(of: batch), keys).map {
            SortColumn($0, isDescending: $1.isDescending, nullsFirst: $1.nullsFirst)
        }
    }

    /// The order of a batch that holds its keys.
    func rows(of batch: Batch, limit: Int?) throws(StoaError) -> RowOrder {
        try RowOrder.sorting(
            sortColumns(of: batch), count: batch.rowCount, limit: limit, checkpoint: cancellation.check)
    }

    /// The first rows of batches that hold their keys, in order.
    func first(_ limit: Int, of batches: [Batch]) throws(StoaError) -> Batch {
        let all = try concatenated(batches)
        let order = try rows(of: all, limit: limit)
        return withExtendedLifetime(order) { all.taking(order.rows, count: order.count) }
    }

    /// The batches, which hold their keys, as one.
    func concatenated(_ batches: [Batch]) throws(StoaError) -> Batch {
        try Batch.concatenated(batches, schema: columns.schema, cancellation: cancellation)
    }
}
