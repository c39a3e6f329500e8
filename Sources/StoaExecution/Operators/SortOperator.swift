import StoaColumns
import StoaKernels
import StoaPlan

/// The input's rows in order, stable; only the first `limit` when given. Holds the whole input, or with a limit at most a
/// few times as many rows as the limit says; when memory is tight, what is held goes to a file as a sorted run, and the runs
/// are merged at the end: the same rows in the same order.
final class SortOperator: BatchSource {
    let schema: Schema
    private let input: any BatchSource
    private let order: SortOrder
    private let limit: Int?
    private let memory: TaskMemory
    private let cancellation: CancellationFlag
    private var sorted: Sorted?
    private var givenCount = 0

    private enum Sorted {
        case inMemory(OrderedRows)
        case runs(any BatchSource)
        case ended
    }

    /// With a limit, rows held before the ones that cannot be among the first are left away.
    private static let heldRowLimit = 4 * Morsel.rowLimit
    /// What sorting takes beside the rows themselves, which it brings together in a copy.
    private static let bytesPerRow = 36

    init(
        _ keys: [BoundSortKey], limit: Int?, input: any BatchSource, memory: TaskMemory,
        cancellation: CancellationFlag
    ) throws(StoaError) {
        schema = input.schema
        self.input = input
        self.limit = limit.map { max(0, $0) }
        self.memory = memory
        self.cancellation = cancellation
        order = try SortOrder(keys, input: input.schema, cancellation: cancellation)
    }

    func next() throws(StoaError) -> Batch? {
        if limit == 0 { return nil }
        if sorted == nil { sorted = try sort() }
        switch sorted {
        case .inMemory(var rows):
            let batch = rows.next()
            // Those above may go on for long.
            sorted = batch == nil ? .ended : .inMemory(rows)
            return batch
        case .runs(let source):
            if let limit, givenCount >= limit { return nil }
            guard let batch = try source.next() else { return nil }
            let wanted = limit.map { min($0 - givenCount, batch.rowCount) } ?? batch.rowCount
            givenCount += wanted
            let rows = wanted == batch.rowCount ? batch : batch.slice(0..<wanted)
            return order.columns.input(of: rows, schema: schema)
        case .ended, nil: return nil
        }
    }

    private func sort() throws(StoaError) -> Sorted {
        var held: [Batch] = []
        var rowCount = 0
        var heldBytes = 0
        var runs: [SpilledRows] = []
        let reservation = MemoryReservation(in: memory.pool)
        while let batch = try input.next() {
            if batch.rowCount == 0 { continue }
            held.append(try order.columns.adding(to: batch))
            rowCount += batch.rowCount
            heldBytes += batch.bytesOfRows
            if let limit, rowCount > Self.heldRowLimit, rowCount / 4 > limit {
                // Rows that tie stay in the order of the input, so sorting the best ones again later changes nothing.
                held = [try order.first(limit, of: held)]
                rowCount = limit
                heldBytes = held[0].bytesOfRows
            }
            reservation.set(heldBytes + rowCount * Self.bytesPerRow)
            if try memory.shouldSpill(heldBytes) {
                reservation.set(0)
                try addRun(&held, to: &runs)
                (rowCount, heldBytes) = (0, 0)
            }
        }
        // Others may have taken memory since the last row came.
        let isLate = try memory.shouldSpill(heldBytes)
        reservation.set(0)
        if runs.isEmpty, !isLate {
            let all = try order.concatenated(held)
            held = []
            return .inMemory(
                OrderedRows(order.columns.input(of: all, schema: schema), in: try order.rows(of: all, limit: limit)))
        }
        try addRun(&held, to: &runs)
        let sources = runs.map { SpilledSource($0, schema: order.columns.schema, cancellation: cancellation) }
        runs = []
        return .runs(try order.runs(limit: limit, memory: memory).merged(sources))
    }

    /// Moves the held rows, sorted, to the file.
    private func addRun(_ held: inout [Batch], to runs: inout [SpilledRows]) throws(StoaError) {
        if held.isEmpty { return }
        memory.spillBegins()
        defer { memory.spillEnds() }
        let all = try order.concatenated(held)
        held = []
        var rows = OrderedRows(all, in: try order.rows(of: all, limit: limit))
        var writer = SpillWriter(memory.file, frameBytes: SpillWriter.runFrameBytes)
        while let batch = rows.next() {
            try cancellation.check()
            try writer.append(batch)
        }
        runs.append(try writer.finish())
    }
}

extension Batch {
    /// Bytes of the rows alone, without the dictionaries that they share with others.
    var bytesOfRows: Int {
        columns.reduce(0) { $0 + $1.byteCount - ($1.dictionaryCodes?.dictionary.values.byteCount ?? 0) }
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

    /// How sorted runs of batches that hold their keys become one.
    func runs(limit: Int?, memory: TaskMemory) -> SortedRuns {
        SortedRuns(
            schema: columns.schema, limit: limit, memory: memory, cancellation: cancellation, by: sortColumns)
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
