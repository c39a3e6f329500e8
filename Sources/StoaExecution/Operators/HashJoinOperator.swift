import StoaColumns
import StoaKernels
import StoaPlan

/// Pairs of rows with equal keys, in probe order, partners of one probe row in build order. Only the columns of the output
/// are gathered, and probe columns not at all when every probe row of a morsel has exactly one partner.
final class HashJoinOperator: BatchSource {
    let schema: Schema
    private let join: HashJoin
    private let probe: any BatchSource
    private let probeKeys: KeyColumns
    private let build: () throws(StoaError) -> JoinBuild
    private let cancellation: CancellationFlag
    private var built: JoinBuild?
    private var current: (batch: Batch, cursor: JoinProbe)?

    /// A join that asks for its build side when the first row is pulled.
    init(
        _ join: HashJoin, probe: any BatchSource, cancellation: CancellationFlag,
        build: @escaping () throws(StoaError) -> JoinBuild
    ) throws(StoaError) {
        schema = join.schema
        self.join = join
        self.probe = probe
        self.build = build
        self.cancellation = cancellation
        probeKeys = try KeyColumns(join.probeKeys, input: probe.schema)
    }

    func next() throws(StoaError) -> Batch? {
        if built == nil { built = try build() }
        guard let built, join.kind == .left || built.table.rowCount > 0 else { return nil }
        while true {
            try cancellation.check()
            if let joined = current?.cursor.next(limit: Morsel.rowLimit), let batch = current?.batch {
                return output(joined, probe: batch, build: built)
            }
            current = nil
            guard let batch = try probe.next() else { return nil }
            if batch.rowCount == 0 { continue }
            let keys = probeKeys.keys(of: try probeKeys.adding(to: batch))
            current = (
                batch,
                JoinProbe(keys, count: batch.rowCount, in: built.table, keepsUnmatched: join.kind == .left)
            )
        }
    }

    private func output(_ joined: JoinedRows, probe: Batch, build: JoinBuild) -> Batch {
        let probeRows = joined.probeRows
        // Rows ascend, so that as many different ones as there are rows are all rows in their order.
        var isWhole = joined.count == probe.rowCount
        if isWhole {
            for row in 0..<joined.count where probeRows[row] != Int32(truncatingIfNeeded: row) { isWhole = false }
        }
        let columns = join.output.map { output in
            if output.side == join.buildSide {
                return build.columns[output.index]?.taking(joined.buildRows, count: joined.count)
            }
            let column = probe.columns[output.index]
            return isWhole ? column : column.taking(probeRows, count: joined.count)
        }
        return withExtendedLifetime(joined) {
            Batch(unchecked: schema, columns: columns.compactMap { $0 }, rowCount: joined.count)
        }
    }
}

/// The finished build side of a join: the table, and the columns that the output takes from that side.
struct JoinBuild: Sendable {
    let table: JoinTable
    /// By index in the build side's schema; nil where the output does not need it.
    let columns: [Column?]

    /// Reads the build side to its end.
    init(_ join: HashJoin, from source: any BatchSource, cancellation: CancellationFlag) throws(StoaError) {
        let keys = try KeyColumns(join.buildKeys, input: source.schema)
        let table = JoinTable(types: join.buildKeys.map(\.type))
        let needed = Set(join.output.filter { $0.side == join.buildSide }.map(\.index)).sorted()
        var batches: [Batch] = []
        while let batch = try source.next() {
            try cancellation.check()
            if batch.rowCount == 0 { continue }
            let keyed = try keys.adding(to: batch)
            try table.insert(keys.keys(of: keyed), count: batch.rowCount)
            batches.append(batch.projected(to: needed))
        }
        try table.finish(checkpoint: cancellation.check)
        let all = try Batch.concatenated(
            batches, schema: source.schema.projected(to: needed), cancellation: cancellation)
        var columns = [Column?](repeating: nil, count: source.schema.count)
        for (index, column) in zip(needed, all.columns) { columns[index] = column }
        self.table = table
        self.columns = columns
    }
}
