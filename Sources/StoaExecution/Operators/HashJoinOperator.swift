import StoaColumns
import StoaKernels
import StoaPlan

/// Pairs of rows with equal keys, in probe order, partners of one probe row in build order. Only the columns of the output
/// are gathered, and probe columns not at all when every probe row of a morsel has exactly one partner. A build side that
/// does not fit memory is joined part by part from files (`GraceJoin`): the same rows in the same order.
final class HashJoinOperator: BatchSource {
    let schema: Schema
    private let join: HashJoin
    private let probe: any BatchSource
    private let probeKeys: KeyColumns
    private let build: () throws(StoaError) -> BuildSide
    private let memory: TaskMemory
    private let level: Int
    private let cancellation: CancellationFlag
    private var built: JoinBuild?
    private var joinedInParts: (any BatchSource)?
    private var current: (batch: Batch, cursor: JoinProbe)?

    /// A join that asks for its build side when the first row is pulled.
    ///
    /// - Parameter level: how often the rows of both sides were dealt out to files.
    init(
        _ join: HashJoin, probe: any BatchSource, memory: TaskMemory, level: Int = 0, cancellation: CancellationFlag,
        build: @escaping () throws(StoaError) -> BuildSide
    ) throws(StoaError) {
        schema = join.schema
        self.join = join
        self.probe = probe
        self.build = build
        self.memory = memory
        self.level = level
        self.cancellation = cancellation
        probeKeys = try KeyColumns(join.probeKeys, input: probe.schema)
    }

    func next() throws(StoaError) -> Batch? {
        if built == nil, joinedInParts == nil {
            switch try build() {
            case .table(let table): built = table
            case .files(let files):
                let parts = GraceJoin(join, files, probeKeys: probeKeys, memory, level: level, cancellation)
                joinedInParts = try parts.join(probe)
            }
        }
        if let joinedInParts { return try joinedInParts.next() }
        guard let built, join.kind == .left || built.table.rowCount > 0 else {
            self.built = nil
            return nil
        }
        while true {
            try cancellation.check()
            if let joined = current?.cursor.next(limit: Morsel.rowLimit), let batch = current?.batch {
                return output(joined, probe: batch, build: built)
            }
            current = nil
            guard let batch = try probe.next() else {
                // Those above may go on for long.
                self.built = nil
                return nil
            }
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
