import StoaColumns

/// Gathers the batches of a block. Small neighbours are joined, so that the tasks which read the block are not kept busy by
/// batches of a few rows; larger ones are kept as they are, without a copy. What is joined depends on row counts and,
/// where texts are long, on their bytes.
struct BatchCollector {
    private let schema: Schema
    private let cancellation: CancellationFlag
    private var batches: [Batch] = []
    private var small: [Batch] = []
    private var smallRowCount = 0
    private var smallText: HeldText

    /// Batches below this size are joined until they reach it.
    private static let smallRowLimit = Morsel.rowLimit / 4

    /// - Parameter textLimit: bytes of text that are joined at most.
    init(schema: Schema, cancellation: CancellationFlag, textLimit: Int = HeldText.defaultLimit) {
        self.schema = schema
        smallText = HeldText(schema: schema, limit: textLimit)
        self.cancellation = cancellation
    }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        if batch.rowCount >= Self.smallRowLimit {
            try joinSmall()
            batches.append(batch)
        } else {
            if !smallText.add(batch, to: small) {
                try joinSmall()
                _ = smallText.add(batch, to: small)
            }
            small.append(batch)
            smallRowCount += batch.rowCount
            if smallRowCount >= Self.smallRowLimit { try joinSmall() }
        }
    }

    /// The block of all batches.
    mutating func finish() throws(StoaError) -> Block {
        try joinSmall()
        defer { batches = [] }
        return Block(rows: batches)
    }

    private mutating func joinSmall() throws(StoaError) {
        if small.isEmpty { return }
        batches.append(
            small.count == 1
                ? small[0] : try Batch.concatenated(small, schema: schema, cancellation: cancellation))
        small = []
        smallRowCount = 0
        smallText.reset()
    }
}
