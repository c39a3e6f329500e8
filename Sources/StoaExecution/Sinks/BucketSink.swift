import StoaColumns
import StoaKernels
import StoaPlan

/// The sending side of an exchange: every row to the bucket that the hash of its keys names, in input order within a
/// bucket. Equal keys (N3, null equal to null) meet in one bucket, whichever task or process they come from.
///
/// Rows are held until there are enough for batches of a useful size in every bucket, then hashed, counted, and moved once
/// by a counting sort of their numbers. Cost: one hash a row and key, and one gather a value. Without keys all rows go to
/// the first bucket.
struct BucketSink {
    private let schema: Schema
    private let keys: KeyColumns
    private let bucketCount: Int
    private let cancellation: CancellationFlag
    private var collectors: [BatchCollector]
    private var held: [Batch] = []
    private var heldRowCount = 0

    /// Rows distributed at a time: about 4,096 a bucket, within what is still gathered out of the last cache level.
    private var chunkRowCount: Int { min(16, max(1, bucketCount / 4)) * Morsel.rowLimit }

    init(
        keys: [BoundExpression], bucketCount: Int, schema: Schema, cancellation: CancellationFlag
    ) throws(StoaError) {
        precondition(bucketCount > 0, "an exchange needs a bucket")
        self.schema = schema
        self.keys = try KeyColumns(keys, input: schema)
        self.bucketCount = bucketCount
        self.cancellation = cancellation
        collectors = Array(repeating: BatchCollector(schema: schema, cancellation: cancellation), count: bucketCount)
    }

    mutating func append(_ batch: Batch) throws(StoaError) {
        if batch.rowCount == 0 { return }
        if bucketCount == 1 || keys.indices.isEmpty {
            try collectors[0].append(batch)
            return
        }
        held.append(try keys.adding(to: batch))
        heldRowCount += batch.rowCount
        if heldRowCount >= chunkRowCount { try distribute() }
    }

    /// One block a bucket, in bucket order, also the empty ones.
    mutating func finish() throws(StoaError) -> [Block] {
        try distribute()
        var blocks: [Block] = []
        blocks.reserveCapacity(bucketCount)
        for bucket in collectors.indices { blocks.append(try collectors[bucket].finish()) }
        return blocks
    }

    private mutating func distribute() throws(StoaError) {
        if held.isEmpty { return }
        let chunk = try Batch.concatenated(held, schema: keys.schema, cancellation: cancellation)
        held = []
        heldRowCount = 0
        let count = chunk.rowCount
        let hashes = MemoryRegion(of: UInt64.self, count: count)
        let order = MemoryRegion(of: Int32.self, count: count)
        var ends = [Int](repeating: 0, count: bucketCount)
        KeyTable.hash(keys.keys(of: chunk), count: count, into: hashes.bound(to: UInt64.self))
        Self.sort(hashes.bound(to: UInt64.self), count: count, into: order.bound(to: Int32.self), ends: &ends)
        let rows = keys.input(of: chunk, schema: schema)
        var start = 0
        for bucket in 0..<bucketCount {
            try cancellation.check()
            let end = ends[bucket]
            if end > start {
                let numbers = UnsafePointer(order.bound(to: Int32.self)) + start
                try collectors[bucket].append(rows.taking(numbers, count: end - start))
            }
            start = end
        }
        withExtendedLifetime((hashes, order)) {}
    }

    /// Counting sort of row numbers by bucket, stable; `ends` gets where each bucket ends.
    private static func sort(
        _ hashes: UnsafeMutablePointer<UInt64>, count: Int, into order: UnsafeMutablePointer<Int32>, ends: inout [Int]
    ) {
        let buckets = UInt64(ends.count)
        ends.withUnsafeMutableBufferPointer { ends in
            guard let next = ends.baseAddress else { return }
            for row in 0..<count {
                // The hash is replaced by the bucket, for the second pass.
                let bucket = hashes[row].multipliedFullWidth(by: buckets).high
                hashes[row] = bucket
                next[Int(truncatingIfNeeded: bucket)] &+= 1
            }
            var place = 0
            for bucket in 0..<ends.count {
                let size = next[bucket]
                next[bucket] = place
                place += size
            }
            for row in 0..<count {
                let bucket = Int(truncatingIfNeeded: hashes[row])
                order[next[bucket]] = Int32(truncatingIfNeeded: row)
                next[bucket] &+= 1
            }
        }
    }
}
