import StoaColumns
import StoaKernels

/// One sorted sequence from sorted runs that need not fit memory together: of each run a batch is held at a time. Rows that
/// tie come in the order of the runs.
///
/// Each step ends with the last row of one of the held batches; of the others it takes the rows up to there, with at most 128
/// more, as samples tell. Cost: two copies of a row, and a comparison a row and doubling of the number of runs where the runs
/// overlap everywhere.
final class RunMergeSource: BatchSource {
    private struct Run {
        /// Nil at its end.
        var source: (any BatchSource)?
        var rest: Batch?
    }

    let schema: Schema
    private var runs: [Run]
    private let sortColumns: (Batch) -> [SortColumn]
    private let cancellation: CancellationFlag
    private var merged: (batch: Batch, order: RowOrder, end: Int)?
    private var position = 0

    /// Rows between two samples of a batch.
    private static let sampleInterval = 128

    /// - Parameter sortColumns: the keys of a batch of the runs' schema.
    init(
        _ runs: [any BatchSource], schema: Schema, cancellation: CancellationFlag,
        by sortColumns: @escaping (Batch) -> [SortColumn]
    ) {
        self.schema = schema
        self.runs = runs.map { Run(source: $0) }
        self.sortColumns = sortColumns
        self.cancellation = cancellation
    }

    func next() throws(StoaError) -> Batch? {
        while true {
            try cancellation.check()
            if let merged {
                if position < merged.end {
                    let count = min(Morsel.rowLimit, merged.end - position)
                    defer { position += count }
                    return merged.batch.taking(merged.order.rows + position, count: count)
                }
                self.merged = nil
            }
            for index in runs.indices {
                while runs[index].rest == nil, let source = runs[index].source {
                    let batch = try source.next()
                    if batch == nil { runs[index].source = nil }
                    if let batch, batch.rowCount > 0 { runs[index].rest = batch }
                }
            }
            let active = runs.indices.filter { runs[$0].rest != nil }
            guard let first = active.first else { return nil }
            if active.count == 1 { return takeRest(of: first) }
            let step = try step(active)
            if step.lengths.filter({ $0 > 0 }).count == 1 { return takeRest(of: active[step.last]) }
            try merge(active, step)
        }
    }

    private func takeRest(of run: Int) -> Batch? {
        defer { runs[run].rest = nil }
        return runs[run].rest
    }

    /// The batch whose last row comes first, and of each batch how many rows may come before that one, or few more.
    private func step(_ active: [Int]) throws(StoaError) -> (last: Int, lengths: [Int]) {
        let interval = Self.sampleInterval
        var samples: [[SortColumn]] = []
        var places: [[Int32]] = []
        for index in active {
            guard let rest = runs[index].rest else { continue }
            var rows = stride(from: interval - 1, to: rest.rowCount, by: interval).map { Int32($0) }
            if rest.rowCount % interval != 0 { rows.append(Int32(rest.rowCount - 1)) }
            places.append(rows)
            samples.append(
                sortColumns(rest).map { key in
                    SortColumn(key.column.taking(rows), isDescending: key.isDescending, nullsFirst: key.nullsFirst)
                })
        }
        var keys: [SortColumn] = []
        for (number, key) in samples[0].enumerated() {
            keys.append(
                SortColumn(
                    try Column.concatenated(samples.map { $0[number].column }), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst))
        }
        let order = try RowOrder.merging(
            runLengths: places.map(\.count), by: keys, checkpoint: cancellation.check)
        let runOfSample = places.enumerated().flatMap { number, rows in rows.map { _ in number } }
        var taken = Array(repeating: 0, count: places.count)
        var last = 0
        for index in 0..<order.count {
            last = runOfSample[Int(order.rows[index])]
            taken[last] += 1
            if taken[last] == places[last].count { break }
        }
        withExtendedLifetime(order) {}
        let lengths = places.indices.map { number in
            number == last ? Int(places[number][taken[number] - 1]) + 1 : Int(places[number][taken[number]])
        }
        return (last, lengths)
    }

    private func merge(_ active: [Int], _ step: (last: Int, lengths: [Int])) throws(StoaError) {
        let parts = active.indices.filter { step.lengths[$0] > 0 }
        let lengths = parts.map { step.lengths[$0] }
        let batches = parts.compactMap { runs[active[$0]].rest?.slice(0..<step.lengths[$0]) }
        let all = try Batch.concatenated(batches, schema: schema, cancellation: cancellation)
        let order = try RowOrder.merging(
            runLengths: lengths, by: sortColumns(all), checkpoint: cancellation.check)
        let region = MemoryRegion(byteCount: all.rowCount * 4)
        let partOfRow = region.bound(to: Int32.self)
        var lastRow: Int32 = 0
        var start = 0
        for (number, length) in lengths.enumerated() {
            (partOfRow + start).update(repeating: Int32(truncatingIfNeeded: number), count: length)
            start += length
            if parts[number] == step.last { lastRow = Int32(truncatingIfNeeded: start - 1) }
        }
        var taken = Array(repeating: 0, count: lengths.count)
        var end = 0
        while end < order.count {
            let row = order.rows[end]
            taken[Int(partOfRow[Int(row)])] += 1
            end += 1
            if row == lastRow { break }
        }
        withExtendedLifetime(region) {}
        for (number, part) in parts.enumerated() where taken[number] > 0 {
            let run = active[part]
            guard let rest = runs[run].rest else { continue }
            runs[run].rest = taken[number] == rest.rowCount ? nil : rest.slice(taken[number]..<rest.rowCount)
        }
        merged = (all, order, end)
        position = 0
    }
}

/// Sorted runs of one schema, however many, and how they become one.
struct SortedRuns {
    private let schema: Schema
    private let limit: Int?
    private let memory: TaskMemory
    private let cancellation: CancellationFlag
    private let sortColumns: (Batch) -> [SortColumn]

    /// - Parameters:
    ///   - limit: rows that are wanted of the merged sequence; it may give more.
    ///   - sortColumns: the keys of a batch of the runs' schema.
    init(
        schema: Schema, limit: Int? = nil, memory: TaskMemory, cancellation: CancellationFlag,
        by sortColumns: @escaping (Batch) -> [SortColumn]
    ) {
        self.schema = schema
        self.limit = limit
        self.memory = memory
        self.cancellation = cancellation
        self.sortColumns = sortColumns
    }

    /// Most runs that are merged at once.
    static let fanIn = 64

    /// Each run holds a frame: together at most an eighth of the limit.
    private var fanIn: Int {
        guard let limit = memory.pool.limit else { return Self.fanIn }
        return max(4, min(Self.fanIn, limit / 8 / SpillWriter.runFrameBytes))
    }

    /// One sequence from all runs, rows that tie in the order of the runs. Where there are too many to be read at once,
    /// neighbours become runs in the file first: every row is written once more for each such pass.
    func merged(_ sources: [any BatchSource]) throws(StoaError) -> RunMergeSource {
        var runs: [(any BatchSource)?] = sources
        while runs.count > fanIn {
            let groups = (runs.count + fanIn - 1) / fanIn
            var longer: [(any BatchSource)?] = []
            for group in 0..<groups {
                let range = group * runs.count / groups..<(group + 1) * runs.count / groups
                let parts = runs[range].compactMap { $0 }
                // What was merged is held no more.
                for index in range { runs[index] = nil }
                longer.append(SpilledSource(try written(merging(parts)), schema: schema, cancellation: cancellation))
            }
            runs = longer
        }
        return merging(runs.compactMap { $0 })
    }

    private func merging(_ runs: [any BatchSource]) -> RunMergeSource {
        RunMergeSource(runs, schema: schema, cancellation: cancellation, by: sortColumns)
    }

    private func written(_ source: RunMergeSource) throws(StoaError) -> SpilledRows {
        var writer = SpillWriter(memory.file, frameBytes: SpillWriter.runFrameBytes)
        var left = limit ?? .max
        while left > 0, let batch = try source.next() {
            try writer.append(batch.rowCount <= left ? batch : batch.slice(0..<left))
            left -= min(left, batch.rowCount)
        }
        return try writer.finish()
    }
}
