import StoaColumns
import StoaKernels
import StoaPlan

/// One sorted sequence from blocks each of which is sorted; rows that tie come in block order. Only the first `limit` rows
/// when given. Holds all blocks, or with a limit the first `limit` rows of each; when they do not fit memory, of each block a
/// batch.
final class MergeSortedOperator: BatchSource {
    let schema: Schema
    private let order: SortOrder
    private let limit: Int?
    private let context: TaskContext
    private let input: Int
    private var merged: OrderedRows?
    /// The merge of blocks that do not fit memory together.
    private var stream: RunMergeSource?
    private var isEnded = false
    private var givenCount = 0

    init(_ keys: [BoundSortKey], limit: Int?, input: Int, schema: Schema, of context: TaskContext) throws(StoaError) {
        self.schema = schema
        self.limit = limit.map { max(0, $0) }
        self.context = context
        self.input = input
        order = try SortOrder(keys, input: schema, cancellation: context.cancellation)
    }

    func next() throws(StoaError) -> Batch? {
        try context.cancellation.check()
        if limit == 0 || isEnded { return nil }
        if merged == nil, stream == nil { try begin() }
        guard let stream else {
            let batch = merged?.next()
            if batch == nil {
                // Those above may go on for long.
                isEnded = true
                merged = nil
            }
            return batch
        }
        if let limit, givenCount >= limit { return nil }
        guard let batch = try stream.next() else { return nil }
        let wanted = limit.map { min($0 - givenCount, batch.rowCount) } ?? batch.rowCount
        givenCount += wanted
        let rows = wanted == batch.rowCount ? batch : batch.slice(0..<wanted)
        return order.columns.input(of: rows, schema: schema)
    }

    private func begin() throws(StoaError) {
        var blocks = try context.blocks(ofInput: input)
        // A copy of the blocks and what merging takes.
        let needed = blocks.reduce(0) { $0 + $1.byteCount + 36 * $1.rowCount }
        let reservation = MemoryReservation(in: context.memory.pool)
        reservation.set(needed)
        let hasRoom = !context.memory.pool.isTight || context.memory.isLittle(needed)
        if hasRoom, blocks.allSatisfy({ $0.memoryByteCount == $0.byteCount }) {
            merged = try merge(blocks)
            reservation.set(0)
            return
        }
        reservation.set(0)
        var sources: [any BatchSource] = []
        while let block = blocks.popLast() {
            // What is held here the store could not give back.
            let block = try context.inFile(block, ofInput: input, at: blocks.count)
            sources.append(KeyedBlockSource(block, order.columns, context.cancellation))
        }
        sources.reverse()
        stream = try order.runs(limit: limit, memory: context.memory).merged(sources)
    }

    private func merge(_ blocks: [Block]) throws(StoaError) -> OrderedRows {
        var runLengths: [Int] = []
        var batches: [Batch] = []
        for block in blocks {
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

/// The rows of a block with their keys, of which only a part is in memory at a time.
private final class KeyedBlockSource: BatchSource {
    /// Nil once it is read.
    private var block: Block?
    private let columns: KeyColumns
    private let cancellation: CancellationFlag
    private var reader: BlockReader?
    private var cutter = MorselCutter()

    init(_ block: Block, _ columns: KeyColumns, _ cancellation: CancellationFlag) {
        self.block = block
        self.columns = columns
        self.cancellation = cancellation
    }

    var schema: Schema { columns.schema }

    func next() throws(StoaError) -> Batch? {
        try cancellation.check()
        if reader == nil, let block {
            reader = try BlockReader(block)
            self.block = nil
        }
        while true {
            if let morsel = cutter.next() { return try columns.adding(to: morsel) }
            guard let batch = try reader?.next() else { return nil }
            cutter.cut(batch)
        }
    }
}
