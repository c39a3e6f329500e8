import StoaColumns

/// How many rows one operator call handles.
package enum Morsel {
    /// Most rows of a batch between operators, a multiple of the 1,024 rows of a reduction's leaf. A float64 column of
    /// that many rows takes 128 KiB, so that an expression's operands and result stay in L2.
    package static let rowLimit = 16_384

    /// Most rows of a batch whose columns are reduced or kept where they lie: nothing is made of them that has to stay in a
    /// cache, and every cut stops the stream from memory.
    static let longRowLimit = 1 << 18
}

/// What operators pull batches from: the one protocol between the operators of a task.
///
/// A source belongs to one task and is used by one thread.
package protocol BatchSource: AnyObject {
    /// Names and types of every batch's columns; those of a partial grouping's batches may be rows (`Aggregation.rowSchema`).
    var schema: Schema { get }

    /// The next batch, of at most `Morsel.rowLimit` rows unless its reader takes longer ones, and possibly empty, or nil
    /// at the end. Not called again after nil or an error.
    func next() throws(StoaError) -> Batch?

    /// Who reads makes no columns that should stay in a cache: batches may have up to `Morsel.longRowLimit` rows.
    func takeLongBatches()

    /// Whether row n of all batches together is row n of the partition, so that errors may say so. False unless stated.
    var givesPartitionRows: Bool { get }
}

extension BatchSource {
    package func takeLongBatches() {}
    package var givesPartitionRows: Bool { false }
}

/// Cuts one batch after the other into morsels, sharing their memory.
struct MorselCutter {
    private var batch: Batch?
    private var position = 0
    /// Most rows of a morsel.
    var rowLimit = Morsel.rowLimit

    /// Takes the next batch; the one before has been given to its end.
    mutating func cut(_ next: Batch) {
        batch = next
        position = 0
    }

    /// The next morsel, nil when a new batch is needed. A batch without rows is a morsel, too.
    mutating func next() -> Batch? {
        guard let current = batch else { return nil }
        let end = min(current.rowCount, position + rowLimit)
        let range = position..<end
        position = end
        if end == current.rowCount { batch = nil }
        return range.count == current.rowCount ? current : current.slice(range)
    }
}

/// Cuts batches of any length into morsels, sharing their memory.
package final class MorselSource: BatchSource {
    package let schema: Schema
    package var givesPartitionRows: Bool { true }
    private let nextBatch: () throws(StoaError) -> Batch?
    private var cutter = MorselCutter()

    /// Morsels of the batches that `nextBatch` gives until it gives nil.
    package init(schema: Schema, nextBatch: @escaping () throws(StoaError) -> Batch?) {
        self.schema = schema
        self.nextBatch = nextBatch
    }

    /// Morsels of these batches, in order.
    package convenience init(schema: Schema, batches: some Sequence<Batch>) {
        var iterator = batches.makeIterator()
        self.init(schema: schema) { () throws(StoaError) -> Batch? in iterator.next() }
    }

    package func next() throws(StoaError) -> Batch? {
        while true {
            if let morsel = cutter.next() { return morsel }
            guard let batch = try nextBatch() else { return nil }
            cutter.cut(batch)
        }
    }
}
