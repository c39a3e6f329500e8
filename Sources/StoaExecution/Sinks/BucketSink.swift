import StoaColumns
import StoaKernels
import StoaPlan

/// The sending side of an exchange: every row to the bucket that the hash of its keys names, in input order within a
/// bucket. Equal keys (N3, null equal to null) meet in one bucket, whichever task or process they come from.
///
/// Rows are held until there are enough for batches of a useful size in every bucket, or much text. Each is hashed when it comes; then
/// every column is moved once, each row to its place in its bucket, and the buckets are slices of the moved columns.
/// Columns with nulls and plain text are gathered by row number instead. Cost: one hash a row and key, one move a value.
/// Without keys all rows go to the first bucket.
package struct BucketSink {
    /// Of the rows that are held: the input's, or that of rows which a partial grouping passes on.
    private var schema: Schema
    private let rowSchema: Schema?
    private let textLimit: Int
    private let keys: KeyColumns
    private let bucketCount: Int
    private let cancellation: CancellationFlag
    private let memory: TaskMemory?
    /// Bytes that the collectors hold, about: slices of moved columns, which go only when all buckets spill.
    private var collectedBytes = 0
    private var collectors: [BatchCollector]
    private var held: [Batch] = []
    /// The bucket of each held row, and how many there are of each bucket.
    private var buckets: [MemoryRegion] = []
    private var counts: [Int]
    private var heldRowCount = 0
    /// Bytes of the held batches; known only under a memory limit.
    private var heldBytes = 0
    /// What moving the held rows takes.
    private let moving: MemoryReservation?
    private var heldText: HeldText

    /// Rows distributed at a time: about a morsel a bucket, within what is still moved inside the last cache level.
    private var chunkRowCount: Int { min(16, bucketCount) * Morsel.rowLimit }

    /// - Parameters:
    ///   - rowSchema: that of rows which a partial grouping may pass on in place of states. Their keys are in the same places.
    ///   - textLimit: bytes of text that are moved at a time at most, unless one batch has more.
    package init(
        keys: [BoundExpression], bucketCount: Int, schema: Schema, rowSchema: Schema? = nil,
        cancellation: CancellationFlag, textLimit: Int = HeldText.defaultLimit, memory: TaskMemory? = nil
    ) throws(StoaError) {
        precondition(bucketCount > 0, "an exchange needs a bucket")
        self.schema = schema
        self.rowSchema = rowSchema
        self.textLimit = textLimit
        self.keys = try KeyColumns(keys, input: schema)
        self.bucketCount = bucketCount
        counts = Array(repeating: 0, count: bucketCount)
        self.cancellation = cancellation
        self.memory = memory
        moving = memory.flatMap { $0.pool.isLimited ? MemoryReservation(in: $0.pool) : nil }
        heldText = HeldText(schema: schema, limit: textLimit)
        collectors = Array(
            repeating: BatchCollector(schema: schema, cancellation: cancellation, textLimit: textLimit),
            count: bucketCount)
    }

    package mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        if let rowSchema, batch.schema == rowSchema, schema != rowSchema { try begin(rowSchema) }
        if bucketCount == 1 || keys.indices.isEmpty {
            try collectors[0].append(batch)
            try spillIfTight(after: batch.byteCount)
            return
        }
        if !heldText.add(batch, to: held) {
            try distribute()
            _ = heldText.add(batch, to: held)
        }
        let batch = try keys.adding(to: batch)
        held.append(schema == rowSchema ? batch : keys.input(of: batch, schema: schema))
        let hashes = MemoryRegion(of: UInt64.self, count: batch.rowCount)
        KeyTable.hash(keys.keys(of: batch), count: batch.rowCount, into: hashes.bound(to: UInt64.self))
        buckets.append(hashes)
        Self.name(hashes.bound(to: UInt64.self), count: batch.rowCount, counts: &counts)
        heldRowCount += batch.rowCount
        if heldRowCount >= chunkRowCount {
            try distribute()
        } else if let memory, let moving {
            heldBytes += batch.byteCount
            moving.set(heldBytes + 4 * heldRowCount)
            // Wide rows are much before they are many.
            if try memory.shouldSpill(collectedBytes + heldBytes) {
                memory.spillBegins()
                defer { memory.spillEnds() }
                try distribute()
            }
        }
    }

    /// One block a bucket, in bucket order, also the empty ones.
    package mutating func finish() throws(StoaError) -> [Block] {
        try distribute()
        var blocks: [Block] = []
        blocks.reserveCapacity(bucketCount)
        for bucket in collectors.indices { blocks.append(try collectors[bucket].finish()) }
        return blocks
    }

    /// A partial grouping passes its rows on: the first batch tells.
    private mutating func begin(_ next: Schema) throws(StoaError) {
        guard held.isEmpty, collectors.allSatisfy(\.isEmpty) else {
            throw StoaError(.engineFailed, source: .engine, "a partition gives both \(schema) and \(next)")
        }
        schema = next
        heldText = HeldText(schema: next, limit: textLimit)
        collectors = Array(
            repeating: BatchCollector(schema: next, cancellation: cancellation, textLimit: textLimit),
            count: bucketCount)
    }

    private mutating func spillIfTight(after bytes: Int) throws(StoaError) {
        guard let memory else { return }
        collectedBytes += bytes
        guard try memory.shouldSpill(collectedBytes) else { return }
        memory.spillBegins()
        defer { memory.spillEnds() }
        for bucket in collectors.indices { try collectors[bucket].spill(to: memory.file) }
        collectedBytes = 0
    }

    private mutating func distribute() throws(StoaError) {
        if held.isEmpty { return }
        moving?.set(0)
        let places = MemoryRegion(of: Int32.self, count: heldRowCount)
        defer { withExtendedLifetime(places) {} }
        var ends = counts
        placeRows(places.bound(to: Int32.self), ends: &ends)
        var columns: [Column] = []
        var order: MemoryRegion?
        for index in 0..<schema.count {
            try cancellation.check()
            let pieces = held.map { $0.columns[index] }
            if let column = Column.scattered(pieces, places: UnsafePointer(places.bound(to: Int32.self))) {
                columns.append(column)
                continue
            }
            let numbers = order ?? Self.inverse(places.bound(to: Int32.self), count: heldRowCount)
            order = numbers
            let joined = try Column.concatenated(pieces)
            columns.append(joined.taking(UnsafePointer(numbers.bound(to: Int32.self)), count: heldRowCount))
            withExtendedLifetime(numbers) {}
        }
        let moved = Batch(unchecked: schema, columns: columns, rowCount: heldRowCount)
        columns = []
        forgetHeld()
        var start = 0
        for (bucket, end) in ends.enumerated() {
            if end > start { try collectors[bucket].append(moved.slice(start..<end)) }
            start = end
        }
        try spillIfTight(after: moved.byteCount)
    }

    private mutating func forgetHeld() {
        held = []
        buckets = []
        heldRowCount = 0
        heldBytes = 0
        heldText.reset()
        counts = Array(repeating: 0, count: bucketCount)
    }

    /// Replaces each hash by its bucket and counts the rows of each bucket.
    private static func name(_ hashes: UnsafeMutablePointer<UInt64>, count: Int, counts: inout [Int]) {
        let buckets = UInt64(counts.count)
        counts.withUnsafeMutableBufferPointer { counts in
            guard let counts = counts.baseAddress else { return }
            for row in 0..<count {
                let bucket = hashes[row].multipliedFullWidth(by: buckets).high
                hashes[row] = bucket
                counts[Int(truncatingIfNeeded: bucket)] &+= 1
            }
        }
    }

    /// The place of each held row when rows are sorted by bucket, stable; `ends` holds the counts and gets where each bucket
    /// ends.
    private func placeRows(_ places: UnsafeMutablePointer<Int32>, ends: inout [Int]) {
        ends.withUnsafeMutableBufferPointer { ends in
            guard let next = ends.baseAddress else { return }
            var place = 0
            for bucket in 0..<ends.count {
                let size = next[bucket]
                next[bucket] = place
                place += size
            }
            var target = places
            for (batch, region) in zip(held, buckets) {
                let names = region.bound(to: UInt64.self)
                for row in 0..<batch.rowCount {
                    let bucket = Int(truncatingIfNeeded: names[row])
                    target[row] = Int32(truncatingIfNeeded: next[bucket])
                    next[bucket] &+= 1
                }
                target += batch.rowCount
            }
        }
    }

    /// The row at each place.
    private static func inverse(_ places: UnsafeMutablePointer<Int32>, count: Int) -> MemoryRegion {
        let region = MemoryRegion(of: Int32.self, count: count)
        let numbers = region.bound(to: Int32.self)
        for row in 0..<count { numbers[Int(places[row])] = Int32(truncatingIfNeeded: row) }
        return region
    }
}
