import StoaColumns

/// Rows of which some are in a file, in order.
package struct SpilledRows: Sendable {
    enum Part: Sendable {
        case file(SpillExtent)
        case memory([Batch])
    }

    var parts: [Part] = []
    package private(set) var rowCount = 0
    /// Bytes of the columns as they are in memory.
    package private(set) var byteCount = 0
    /// Of those the bytes that are in memory.
    private(set) var memoryBytes = 0

    /// Adds rows in memory.
    mutating func append(_ batches: [Batch]) {
        let block = Block(rows: batches)
        if block.rowCount == 0 { return }
        parts.append(.memory(batches))
        rowCount += block.rowCount
        byteCount += block.byteCount
        memoryBytes += block.byteCount
    }

    fileprivate mutating func append(_ extent: SpillExtent, of block: Block) {
        parts.append(.file(extent))
        rowCount += block.rowCount
        byteCount += block.byteCount
    }

    /// The same rows with those in memory moved to a file.
    func inFile(_ file: SpillFile) throws(StoaError) -> SpilledRows {
        var moved = SpilledRows()
        for part in parts {
            switch part {
            case .memory(let batches): try moved.write(batches, to: file)
            case .file: moved.parts.append(part)
            }
        }
        moved.rowCount = rowCount
        moved.byteCount = byteCount
        return moved
    }

    /// Adds batches that go to a file, in frames of their own.
    mutating func write(_ batches: [Batch], to file: SpillFile, frameBytes: Int = SpillWriter.frameBytes)
        throws(StoaError)
    {
        var writer = SpillWriter(file, frameBytes: frameBytes, after: self)
        for batch in batches { try writer.append(batch) }
        self = try writer.finish()
    }
}

/// Writes batches to a spill file, several together.
struct SpillWriter {
    /// What is written and read at a time, unless one batch has more.
    static let frameBytes = 1 << 20

    private let file: SpillFile
    private let frameBytes: Int
    private var held: [Batch] = []
    private var heldBytes = 0
    private var rows: SpilledRows

    init(_ file: SpillFile, frameBytes: Int = SpillWriter.frameBytes, after rows: SpilledRows = SpilledRows()) {
        self.file = file
        self.frameBytes = frameBytes
        self.rows = rows
    }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        held.append(batch)
        // A dictionary is shared by many batches, of which the frame gets only what they use.
        heldBytes += batch.columns.reduce(0) {
            $0 + $1.byteCount - ($1.dictionaryCodes?.dictionary.values.byteCount ?? 0)
        }
        if heldBytes >= frameBytes { try flush() }
    }

    private mutating func flush() throws(StoaError) {
        if held.isEmpty { return }
        let block = Block(rows: held)
        let image = try BlockImage(block)
        let region = MemoryRegion(byteCount: image.byteCount)
        image.write(into: region.base)
        rows.append(try file.write(region), of: block)
        held = []
        heldBytes = 0
    }

    /// All that was written.
    mutating func finish() throws(StoaError) -> SpilledRows {
        try flush()
        defer { rows = SpilledRows() }
        return rows
    }
}

extension Block {
    /// Blocks below this size stay in memory.
    private static let leastSpilledBytes = 16 << 10

    /// The block with its rows in the file; nil for a state, and for one of few bytes.
    func inFile(_ file: SpillFile) throws(StoaError) -> Block? {
        if memoryByteCount < Self.leastSpilledBytes { return nil }
        switch content {
        case .state: return nil
        case .rows(let batches):
            var rows = SpilledRows()
            try rows.write(batches, to: file)
            return Block(spilled: rows)
        case .spilled(let parts): return Block(spilled: try parts.inFile(file))
        }
    }
}

/// Gives the batches of a block one after the other; what is in a file is read a frame at a time.
struct BlockReader {
    private var parts: ArraySlice<SpilledRows.Part>
    private var batches: ArraySlice<Batch> = []

    init(_ rows: SpilledRows) { parts = rows.parts[...] }

    /// Throws `engineFailed` for a block that holds a state.
    init(_ block: Block) throws(StoaError) {
        if case .spilled(let rows) = block.content {
            parts = rows.parts[...]
        } else {
            parts = [.memory(try block.rows())]
        }
    }

    mutating func next() throws(StoaError) -> Batch? {
        while true {
            if let batch = batches.popFirst() { return batch }
            switch parts.popFirst() {
            case nil: return nil
            case .memory(let next): batches = next[...]
            case .file(let extent): batches = try extent.block().rows()[...]
            }
        }
    }
}

/// The rows of a block as operators pull them.
final class SpilledSource: BatchSource {
    let schema: Schema
    private var reader: BlockReader
    private var cutter = MorselCutter()
    private let cancellation: CancellationFlag

    init(_ rows: SpilledRows, schema: Schema, cancellation: CancellationFlag) {
        self.schema = schema
        self.cancellation = cancellation
        reader = BlockReader(rows)
    }

    func next() throws(StoaError) -> Batch? {
        try cancellation.check()
        while true {
            if let morsel = cutter.next() { return morsel }
            guard let batch = try reader.next() else { return nil }
            cutter.cut(batch)
        }
    }
}
