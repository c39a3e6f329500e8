import StoaColumns
import StoaKernels
import StoaPlan

/// The build side of a join as it could be read.
enum BuildSide {
    case table(JoinBuild)
    /// The rows did not fit memory.
    case files(BuildFiles)
}

/// The finished build side of a join: the table, and the columns that the output takes from that side.
struct JoinBuild: Sendable {
    let table: JoinTable
    /// By index in the build side's schema; nil where the output does not need it.
    let columns: [Column?]
}

/// The rows of a build side, dealt out to files by the hash of their keys.
struct BuildFiles {
    /// One a part, also the empty ones.
    let parts: [SpilledRows]
    let schema: Schema
    /// Where the columns of `schema` are in the build side's schema, which computed keys follow.
    let columns: [Int]
    /// Where the keys are in `schema`.
    let keys: [Int]
}

/// Reads the build side of a join.
struct JoinBuildReader {
    private let join: HashJoin
    private let memory: TaskMemory
    private let cancellation: CancellationFlag
    private let source: any BatchSource
    private let keys: KeyColumns
    /// The columns that the output needs.
    private let needed: [Int]
    /// Those and the keys.
    private let kept: [Int]

    init(
        _ join: HashJoin, from source: any BatchSource, memory: TaskMemory, cancellation: CancellationFlag
    ) throws(StoaError) {
        self.join = join
        self.memory = memory
        self.cancellation = cancellation
        self.source = source
        keys = try KeyColumns(join.buildKeys, input: source.schema)
        needed = Set(join.output.filter { $0.side == join.buildSide }.map(\.index)).sorted()
        kept = Set(needed + keys.indices).sorted()
    }

    /// Reads the side to its end, into files when it does not fit memory and is not a table for other tasks, too.
    ///
    /// - Parameter level: how often the rows were dealt out to files before.
    func read(level: Int = 0) throws(StoaError) -> BuildSide {
        var batches: [Batch] = []
        guard let table = try table(holding: &batches, level: level) else {
            return .files(try files(&batches, level: level))
        }
        let places = needed.compactMap { kept.firstIndex(of: $0) }
        let all = try Batch.concatenated(
            batches.map { $0.projected(to: places) }, schema: source.schema.projected(to: needed),
            cancellation: cancellation)
        var columns = [Column?](repeating: nil, count: source.schema.count)
        for (index, column) in zip(needed, all.columns) { columns[index] = column }
        return .table(JoinBuild(table: table, columns: columns))
    }

    /// Reads the side to its end into a table and batches; nil when the batches read so far have to go to files.
    private func table(holding batches: inout [Batch], level: Int) throws(StoaError) -> JoinTable? {
        let table = JoinTable(types: join.buildKeys.map(\.type))
        var byteCount = 0
        // At the end the rows are brought together in a copy, which other builds at the same time are to know of.
        let reservation = MemoryReservation(in: memory.pool)
        while let batch = try source.next() {
            try cancellation.check()
            if batch.rowCount == 0 { continue }
            let keyed = try keys.adding(to: batch)
            let before = ThreadBytes.current
            try table.insert(keys.keys(of: keyed), count: batch.rowCount)
            batches.append(keyed.projected(to: kept))
            byteCount += ThreadBytes.current - before + batches[batches.count - 1].bytesOfRows
            reservation.set(byteCount)
            if !memory.pool.isTight { continue }
            if !join.isBroadcast, level < SpilledGroups.levelLimit, try memory.shouldSpill(byteCount) { return nil }
            try memory.check(
                "the build side of the join on \(join.buildKeys.map(\.text).joined(separator: ", "))",
                held: join.isBroadcast ? 2 * byteCount : byteCount)
        }
        reservation.set(0)
        try table.finish(checkpoint: cancellation.check)
        return table
    }

    /// Deals out the rows that were read, letting go of them, then the others.
    private func files(_ batches: inout [Batch], level: Int) throws(StoaError) -> BuildFiles {
        let schema = keys.schema.projected(to: kept)
        let places = keys.indices.compactMap { kept.firstIndex(of: $0) }
        var files = SpilledGroups(columns: schema, level: level, memory: memory)
        func add(_ batch: Batch) throws(StoaError) {
            let numbers = SpilledGroups.numbers(from: 0, count: batch.rowCount)
            try files.append(
                Batch(unchecked: files.schema, columns: batch.columns + [numbers], rowCount: batch.rowCount),
                keys: places.map { batch.columns[$0] })
        }
        do {
            memory.spillBegins()
            defer { memory.spillEnds() }
            batches.reverse()
            while let batch = batches.popLast() { try add(batch) }
        }
        while let batch = try source.next() {
            try cancellation.check()
            if batch.rowCount > 0 { try add(keys.adding(to: batch).projected(to: kept)) }
        }
        let fileSchema = files.schema
        return BuildFiles(parts: try files.finishAll(), schema: fileSchema, columns: kept, keys: places)
    }
}

/// A join whose build side lies in files: the probe side is dealt out in the same way, each probe row with its number, and
/// parts are joined one after the other. The joined rows of all parts come in the order of their probe rows' numbers.
struct GraceJoin {
    private let join: HashJoin
    private let build: BuildFiles
    private let probeKeys: KeyColumns
    private let memory: TaskMemory
    private let level: Int
    private let cancellation: CancellationFlag

    init(
        _ join: HashJoin, _ build: BuildFiles, probeKeys: KeyColumns, _ memory: TaskMemory, level: Int,
        _ cancellation: CancellationFlag
    ) {
        self.join = join
        self.build = build
        self.probeKeys = probeKeys
        self.memory = memory
        self.level = level
        self.cancellation = cancellation
    }

    /// The joined rows of a probe side, which is read to its end.
    func join(_ probe: any BatchSource) throws(StoaError) -> any BatchSource {
        let needed = Set(join.output.filter { $0.side != join.buildSide }.map(\.index))
        let kept = needed.union(probeKeys.indices).sorted()
        var files = SpilledGroups(columns: probeKeys.schema.projected(to: kept), level: level, memory: memory)
        var rowCount = 0
        while let batch = try probe.next() {
            try cancellation.check()
            if batch.rowCount == 0 { continue }
            let keyed = try probeKeys.adding(to: batch)
            let numbers = SpilledGroups.numbers(from: rowCount, count: batch.rowCount)
            try files.append(
                Batch(
                    unchecked: files.schema, columns: keyed.projected(to: kept).columns + [numbers],
                    rowCount: batch.rowCount), keys: probeKeys.keys(of: keyed))
            rowCount += batch.rowCount
        }
        let part = partJoin(probe: files.schema, kept: kept)
        let probeSchema = files.schema
        var results: [any BatchSource] = []
        for (built, probed) in zip(build.parts, try files.finishAll()) where probed.rowCount > 0 {
            let rows = try joined(part, built, probed, probeSchema)
            results.append(SpilledSource(rows, schema: part.schema, cancellation: cancellation))
        }
        let runs = SortedRuns(schema: part.schema, memory: memory, cancellation: cancellation) { batch in
            [SortColumn(batch.columns[batch.columns.count - 1], isDescending: false, nullsFirst: false)]
        }
        return UnnumberedSource(try runs.merged(results), schema: join.schema)
    }

    private func joined(
        _ part: HashJoin, _ built: SpilledRows, _ probed: SpilledRows, _ probeSchema: Schema
    ) throws(StoaError) -> SpilledRows {
        let source = SpilledSource(built, schema: build.schema, cancellation: cancellation)
        let joined = try HashJoinOperator(
            part, probe: SpilledSource(probed, schema: probeSchema, cancellation: cancellation), memory: memory,
            level: level + 1, cancellation: cancellation
        ) { [memory, level, cancellation] () throws(StoaError) -> BuildSide in
            try JoinBuildReader(part, from: source, memory: memory, cancellation: cancellation).read(level: level + 1)
        }
        var writer = SpillWriter(memory.file, frameBytes: SpillWriter.runFrameBytes)
        while let batch = try joined.next() { try writer.append(batch) }
        return try writer.finish()
    }

    /// The join over the columns in files, with the probe row's number behind its output.
    private func partJoin(probe: Schema, kept: [Int]) -> HashJoin {
        let probeSide: HashJoin.Side = join.buildSide == .left ? .right : .left
        let output = join.output.map { output in
            let columns = output.side == join.buildSide ? build.columns : kept
            return HashJoin.OutputColumn(side: output.side, index: columns.firstIndex(of: output.index) ?? 0)
        }
        let probePlaces = probeKeys.indices.compactMap { kept.firstIndex(of: $0) }
        return HashJoin(
            kind: join.kind, buildSide: join.buildSide, buildKeys: build.keys.map { .column($0, of: build.schema) },
            probeKeys: probePlaces.map { .column($0, of: probe) },
            output: output + [HashJoin.OutputColumn(side: probeSide, index: probe.count - 1)],
            schema: Schema(join.schema.fields + [SpilledGroups.numberField]), isBroadcast: false)
    }
}
