import StoaColumns

/// Gathers the rows of a partition that is to be kept, and gives them the form that later jobs read fastest: text encoded
/// by one dictionary a column for the whole dataset where that pays, and bounds of integer columns.
///
/// Rows, their order and their values are those that came; how text is encoded depends on the threads' timing.
struct PersistedRows {
    private var collector: BatchCollector
    private let dictionaries: [SharedStringDictionary?]
    private let encoders: [SharedDictionaryEncoder?]

    /// - Parameter memory: where it is asked whether rows should go to a file; nil for a dataset that is kept in memory only.
    init(
        schema: Schema, dictionaries: [SharedStringDictionary?], cancellation: CancellationFlag, memory: TaskMemory?
    ) {
        self.dictionaries = dictionaries
        encoders = dictionaries.map { $0.map(SharedDictionaryEncoder.init) }
        collector = BatchCollector(schema: schema, cancellation: cancellation, memory: memory)
    }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        let columns = zip(batch.columns, encoders).map { column, encoder in
            encoder?.encode(column) ?? column.withBounds()
        }
        try collector.append(Batch(unchecked: batch.schema, columns: columns, rowCount: batch.rowCount))
    }

    /// The block of all rows. Its columns share one look at each dictionary, so that readers meet one a partition.
    mutating func finish() throws(StoaError) -> Block {
        let block = try collector.finish()
        if case .spilled = block.content { return block }
        let looks = dictionaries.map { $0?.newest() }
        let batches = try block.rows().map { batch in
            let columns = zip(batch.columns, looks).map { column, look in look.map(column.relabelled) ?? column }
            return Batch(unchecked: batch.schema, columns: columns, rowCount: batch.rowCount)
        }
        return Block(rows: batches)
    }
}
