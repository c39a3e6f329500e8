import StoaColumns
import StoaKernels

/// Rows of groups that came when no more groups fit memory: dealt out to files by the hash of their keys, each row with its
/// number, so that every group is made whole later, from all its rows in their order.
///
/// Guard: used by the task's thread.
struct SpilledGroups {
    /// Parts at a time. Their writers' frames are what a grouping that spills takes beside its groups.
    static let fanOut = 16
    private static let frameBytes = 1 << 17
    /// Times that rows are dealt out again. After that a part has a 16-millionth of the keys.
    static let levelLimit = 6

    let schema: Schema
    private let level: Int
    private let memory: TaskMemory
    private var writers: [SpillWriter]
    private(set) var rowCount = 0

    /// - Parameters:
    ///   - columns: the schema of the rows without their number.
    ///   - level: how often the rows were dealt out before.
    init(columns: Schema, level: Int, memory: TaskMemory) {
        schema = Schema(columns.fields + [Self.numberField])
        self.level = level
        self.memory = memory
        writers = (0..<Self.fanOut).map { _ in SpillWriter(memory.file, frameBytes: Self.frameBytes) }
    }

    /// The column with the rows' numbers, the last one.
    static let numberField = Field("row number", .int64, isNullable: false)

    /// Numbers from `start` on.
    static func numbers(from start: Int, count: Int) -> Column {
        let region = MemoryRegion(of: Int64.self, count: count)
        let values = region.bound(to: Int64.self)
        for row in 0..<count { values[row] = Int64(start + row) }
        return Column(type: .int64, count: count, values: region)
    }

    /// Deals out rows that have their number in the last column.
    mutating func append(_ batch: Batch, keys: [Column]) throws(StoaError) {
        let count = batch.rowCount
        rowCount += count
        let hashes = MemoryRegion(of: UInt64.self, count: count)
        let order = MemoryRegion(of: Int32.self, count: count)
        defer { withExtendedLifetime((hashes, order)) {} }
        let hash = hashes.bound(to: UInt64.self)
        KeyTable.hash(keys, count: count, into: hash)
        var ends = Array(repeating: 0, count: Self.fanOut)
        // The exchange and the tables take bits of the hash as they are, so each level mixes them anew.
        let factor = 0x9E37_79B9_7F4A_7C15 &+ 2 &* UInt64(level) &* 0xD1B5_4A32_D192_ED03
        for row in 0..<count {
            hash[row] = ((hash[row] ^ (hash[row] >> 32)) &* factor) >> 60
            ends[Int(hash[row])] += 1
        }
        var place = 0
        for part in 0..<Self.fanOut {
            let size = ends[part]
            ends[part] = place
            place += size
        }
        let starts = ends
        let rows = order.bound(to: Int32.self)
        for row in 0..<count {
            let part = Int(hash[row])
            rows[ends[part]] = Int32(truncatingIfNeeded: row)
            ends[part] += 1
        }
        for part in 0..<Self.fanOut where ends[part] > starts[part] {
            try writers[part].append(batch.taking(rows + starts[part], count: ends[part] - starts[part]))
        }
    }

    /// The parts that have rows.
    mutating func finish() throws(StoaError) -> [SpilledRows] { try finishAll().filter { $0.rowCount > 0 } }

    /// All parts.
    mutating func finishAll() throws(StoaError) -> [SpilledRows] {
        var parts: [SpilledRows] = []
        for part in writers.indices { parts.append(try writers[part].finish()) }
        return parts
    }
}

/// Rows without their number.
final class UnnumberedSource: BatchSource {
    let schema: Schema
    private let source: any BatchSource

    init(_ source: any BatchSource, schema: Schema) {
        self.source = source
        self.schema = schema
    }

    func next() throws(StoaError) -> Batch? {
        try source.next().map { batch in
            Batch(unchecked: schema, columns: Array(batch.columns.dropLast()), rowCount: batch.rowCount)
        }
    }
}
