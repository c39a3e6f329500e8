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

    /// The same rows with those in memory moved to a file; they stay where the disk does not take them, unless they must go.
    func inFile(_ file: SpillFile, mustGo: Bool) throws(StoaError) -> SpilledRows {
        var moved = SpilledRows()
        for part in parts {
            switch part {
            case .memory(let batches): try moved.write(batches, to: file, mustGo: mustGo)
            case .file: moved.parts.append(part)
            }
        }
        moved.rowCount = rowCount
        moved.byteCount = byteCount
        return moved
    }

    /// Adds batches that go to a file, in frames of their own.
    mutating func write(_ batches: [Batch], to file: SpillFile, mustGo: Bool = false) throws(StoaError) {
        var writer = SpillWriter(file, after: self, mustGo: mustGo)
        for batch in batches { try writer.append(batch) }
        self = try writer.finish()
    }
}

/// Writes batches to a spill file, several together. What the disk does not take stays in memory while there is room; after
/// that the disk's error is thrown.
struct SpillWriter {
    /// What is written and read at a time, unless one row has more.
    static let frameBytes = 1 << 20
    /// The same for rows that are read from many places at once.
    static let runFrameBytes = frameBytes / 4

    private let file: SpillFile
    private let frameBytes: Int
    private let mustGo: Bool
    private var held: [Batch] = []
    private var heldBytes = 0
    private var rows: SpilledRows

    /// - Parameter mustGo: whether the disk's error is thrown also while memory has room.
    init(
        _ file: SpillFile, frameBytes: Int = SpillWriter.frameBytes, after rows: SpilledRows = SpilledRows(),
        mustGo: Bool = false
    ) {
        self.file = file
        self.frameBytes = frameBytes
        self.mustGo = mustGo
        self.rows = rows
    }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        // A dictionary is shared by many batches, of which the frame gets only what they use.
        let bytes = batch.bytesOfRows
        if bytes < 2 * frameBytes {
            try hold(batch, bytes)
            return
        }
        let pieces = min(batch.rowCount, bytes / frameBytes)
        for piece in 0..<pieces {
            let range = piece * batch.rowCount / pieces..<(piece + 1) * batch.rowCount / pieces
            try hold(batch.slice(range), bytes / pieces)
        }
    }

    private mutating func hold(_ batch: Batch, _ bytes: Int) throws(StoaError) {
        held.append(batch)
        heldBytes += bytes
        if heldBytes >= frameBytes { try flush() }
    }

    private mutating func flush() throws(StoaError) {
        if held.isEmpty { return }
        let block = Block(rows: held)
        let image = try BlockImage(block)
        let region = MemoryRegion(byteCount: image.byteCount)
        image.write(into: region.base)
        if let extent = try mustGo ? file.write(region) : file.keep(region) {
            rows.append(extent, of: block)
        } else {
            rows.append(held)
        }
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

    /// The block with its rows in the file; nil for a state, for one of few bytes, and when the disk takes nothing though
    /// there is room in memory.
    ///
    /// - Parameter mustGo: whether the disk's error is thrown in that case, too.
    func inFile(_ file: SpillFile, mustGo: Bool = false) throws(StoaError) -> Block? {
        if memoryByteCount < Self.leastSpilledBytes { return nil }
        var moved = SpilledRows()
        switch content {
        case .state: return nil
        case .rows(let batches): try moved.write(batches, to: file, mustGo: mustGo)
        case .spilled(let parts): moved = try parts.inFile(file, mustGo: mustGo)
        }
        return moved.memoryBytes < memoryByteCount ? Block(spilled: moved) : nil
    }
}

/// Gives the batches of a block one after the other; what is in a file is read a frame at a time. What was given is held no
/// more.
struct BlockReader {
    // Both from the last to the first: taking the first of an array's slice would leave it in the array.
    private var parts: [SpilledRows.Part]
    private var batches: [Batch] = []

    init(_ rows: SpilledRows) { parts = rows.parts.reversed() }

    /// Throws `engineFailed` for a block that holds a state.
    init(_ block: Block) throws(StoaError) {
        if case .spilled(let rows) = block.content {
            parts = rows.parts.reversed()
        } else {
            parts = [.memory(try block.rows())]
        }
    }

    mutating func next() throws(StoaError) -> Batch? {
        while true {
            if let batch = batches.popLast() { return batch }
            switch parts.popLast() {
            case nil: return nil
            case .memory(let next): batches = next.reversed()
            case .file(let extent): batches = try extent.block().rows().reversed()
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
