import StoaColumns
import StoaKernels

/// One sorted sequence from sorted runs that need not fit memory together: of each run a batch is held at a time. Rows that
/// tie come in the order of the runs.
///
/// The held batches are merged up to the row at which one of them ends; then that run's next batch is read. Cost: a
/// comparison a row and doubling of the number of runs where the runs overlap everywhere.
final class RunMergeSource: BatchSource {
    private struct Run {
        let source: any BatchSource
        var rest: Batch?
        var isEnded = false
    }

    let schema: Schema
    private var runs: [Run]
    private let sortColumns: (Batch) -> [SortColumn]
    private let cancellation: CancellationFlag
    private var merged: (batch: Batch, order: RowOrder, end: Int)?
    private var position = 0

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
                while !runs[index].isEnded, runs[index].rest == nil {
                    let batch = try runs[index].source.next()
                    runs[index].isEnded = batch == nil
                    if let batch, batch.rowCount > 0 { runs[index].rest = batch }
                }
            }
            let active = runs.indices.filter { runs[$0].rest != nil }
            guard let first = active.first else { return nil }
            if active.count == 1 {
                defer { runs[first].rest = nil }
                return runs[first].rest
            }
            try merge(active)
        }
    }

    private func merge(_ active: [Int]) throws(StoaError) {
        let batches = active.compactMap { runs[$0].rest }
        let lengths = batches.map(\.rowCount)
        let all = try Batch.concatenated(batches, schema: schema, cancellation: cancellation)
        let order = try RowOrder.merging(
            runLengths: lengths, by: sortColumns(all), checkpoint: cancellation.check)
        let region = MemoryRegion(byteCount: all.rowCount * 4)
        let runOfRow = region.bound(to: Int32.self)
        var lastRows: [Int32] = []
        var start = 0
        for (number, length) in lengths.enumerated() {
            (runOfRow + start).update(repeating: Int32(truncatingIfNeeded: number), count: length)
            start += length
            lastRows.append(Int32(truncatingIfNeeded: start - 1))
        }
        var taken = Array(repeating: 0, count: lengths.count)
        var end = 0
        while end < order.count {
            let row = order.rows[end]
            let run = Int(runOfRow[Int(row)])
            taken[run] += 1
            end += 1
            if row == lastRows[run] { break }
        }
        withExtendedLifetime(region) {}
        for (number, index) in active.enumerated() where taken[number] > 0 {
            let length = lengths[number]
            runs[index].rest = taken[number] == length ? nil : runs[index].rest?.slice(taken[number]..<length)
        }
        merged = (all, order, end)
        position = 0
    }
}

extension RunMergeSource {
    /// Most runs that are merged at once, so that the held batches stay few.
    static let fanIn = 64
}
