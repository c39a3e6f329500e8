import StoaColumns

/// Gathers the batches of a block. Small neighbours are joined, so that the tasks which read the block are not kept busy by
/// batches of a few rows; larger ones are kept as they are, without a copy. What is joined depends on row counts and,
/// where texts are long, on their bytes. Under a tight memory limit the batches gathered so far go to a file.
struct BatchCollector {
    private let cancellation: CancellationFlag
    private let memory: TaskMemory?
    private var batches: [Batch] = []
    private var heldBytes = 0
    private var spilled: SpilledRows?
    private var small: [Batch] = []
    private var smallRowCount = 0
    private var smallText: HeldText

    /// Batches below this size are joined until they reach it.
    private static let smallRowLimit = Morsel.rowLimit / 4

    /// - Parameters:
    ///   - textLimit: bytes of text that are joined at most.
    ///   - memory: where it is asked whether to spill; nil for a collector that its owner makes spill.
    init(
        schema: Schema, cancellation: CancellationFlag, textLimit: Int = HeldText.defaultLimit,
        memory: TaskMemory? = nil
    ) {
        self.memory = memory
        smallText = HeldText(schema: schema, limit: textLimit)
        self.cancellation = cancellation
    }

    /// Whether no rows came.
    var isEmpty: Bool { batches.isEmpty && small.isEmpty && spilled == nil }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        if batch.rowCount >= Self.smallRowLimit {
            try joinSmall()
            try hold(batch)
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
        defer {
            batches = []
            spilled = nil
        }
        guard var spilled else { return Block(rows: batches) }
        spilled.append(batches)
        return Block(spilled: spilled)
    }

    /// Moves the batches gathered so far to a file, with the small ones that wait for others: they may be slices that keep
    /// large ones alive.
    mutating func spill(to file: SpillFile) throws(StoaError) {
        if !small.isEmpty { batches.append(try takeSmall()) }
        if batches.isEmpty { return }
        var rows = spilled ?? SpilledRows()
        try rows.write(batches, to: file)
        spilled = rows
        batches = []
        heldBytes = 0
    }

    private mutating func hold(_ batch: Batch) throws(StoaError) {
        batches.append(batch)
        guard let memory, memory.pool.isTight else { return }
        if heldBytes == 0 { heldBytes = batches.reduce(0) { $0 + $1.byteCount } } else { heldBytes += batch.byteCount }
        if try memory.shouldSpill(heldBytes) {
            memory.spillBegins()
            defer { memory.spillEnds() }
            try spill(to: memory.file)
        }
    }

    private mutating func joinSmall() throws(StoaError) {
        if !small.isEmpty { try hold(takeSmall()) }
    }

    /// The small batches as one.
    private mutating func takeSmall() throws(StoaError) -> Batch {
        let joined =
            small.count == 1
            ? small[0] : try Batch.concatenated(small, schema: small[0].schema, cancellation: cancellation)
        small = []
        smallRowCount = 0
        smallText.reset()
        return joined
    }
}
