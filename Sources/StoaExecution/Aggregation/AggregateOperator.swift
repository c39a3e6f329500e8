import StoaColumns
import StoaKernels
import StoaPlan

/// One row a group: keys and aggregates, from rows or from states, as values or as states.
///
/// Groups come in the order of their first row. Rows are taken in input order, each into the state of its group, and states
/// merge in input order, so the result does not depend on where batches end. Reads all input at the first `next`, except
/// where states are wanted and rows hardly repeat: then it gives the rows instead, of `Aggregation.rowSchema`.
package final class AggregateOperator: BatchSource, StrategyTeller {
    package let schema: Schema
    private let input: any BatchSource
    private let cancellation: CancellationFlag
    private let givesStates: Bool
    private let keyCount: Int
    /// Nil once the groups in memory were given and others follow from files.
    private var intake: (any AggregateIntake)?
    private var isRead = false
    private var position = 0
    private let aggregation: Aggregation
    private let memory: TaskMemory?
    /// How often rows were dealt out to files before they came here.
    private let level: Int
    /// Bytes that the groups take; known only under a memory limit.
    private var groupBytes = 0
    private var rowCount = 0
    /// Rows of groups that did not fit memory; from the first one on no group is added.
    private var spilled: SpilledGroups?
    private var rest: (any BatchSource)?
    /// How the groups in memory were found, kept beyond them.
    private var strategyInMemory = ""
    /// The number of each group's first row, where the input's last column has the rows' numbers.
    private var firstRows: GrowingBuffer<Int64>?
    /// The next rows of a partition whose rows hardly repeat, which are not grouped; nil where rows are.
    private var ungrouped: ArraySlice<Batch>?

    /// The grouping of the input's rows or states.
    package convenience init(
        _ aggregation: Aggregation, input: any BatchSource, cancellation: CancellationFlag
    ) throws(StoaError) {
        try self.init(aggregation, after: [], input: input, memory: nil, cancellation: cancellation)
    }

    /// The grouping of what the input's rows are after some steps, which only an aggregation of rows without keys takes.
    ///
    /// - Parameters:
    ///   - memory: where it is asked whether groups still fit; nil for a grouping that never spills.
    ///   - level: how often the rows were dealt out to files. Above 0 the input's last column has the rows' numbers, and the
    ///     last column given has the number of each group's first row.
    package init(
        _ aggregation: Aggregation, after steps: [RowStep], input: any BatchSource, memory: TaskMemory? = nil,
        level: Int = 0, cancellation: CancellationFlag
    ) throws(StoaError) {
        precondition(
            steps.isEmpty || aggregation.takesRowSteps, "an aggregation by keys or of states takes rows as they are")
        self.aggregation = aggregation
        self.memory = memory
        self.level = level
        firstRows = level > 0 ? GrowingBuffer() : nil
        schema = level > 0 ? aggregation.schema.numbered : aggregation.schema
        self.input = input
        self.cancellation = cancellation
        givesStates = aggregation.phase.givesStates
        keyCount = aggregation.keys.count
        var reductions: [ReductionDescription] = []
        for (number, aggregate) in aggregation.aggregates.enumerated() {
            var reduction = try aggregate.reduction()
            reduction.argumentNumber =
                aggregation.aggregates.firstIndex { $0.arguments == aggregate.arguments } ?? number
            reductions.append(reduction)
        }
        if aggregation.phase.readsStates {
            intake = StateIntake(aggregation, reductions, input: input.schema)
        } else if aggregation.keys.isEmpty {
            intake = try TotalIntake(aggregation, reductions, after: steps, input: input)
        } else {
            intake = try RowIntake(
                aggregation, reductions, input: input, mayPass: aggregation.phase.givesStates && level == 0)
        }
    }

    /// How the rows were grouped and why, in one sentence for `explain`; complete when the last batch was given.
    package var strategy: String {
        let inMemory = intake?.strategy(keyNames: schema.fields.prefix(keyCount).map(\.name)) ?? strategyInMemory
        guard let spilled else { return inMemory }
        return "\(inMemory); \(spilled.rowCount) rows of groups that did not fit memory went to files first"
    }

    /// Rows that are left after the steps, 0 where there are none; complete when the last batch was given.
    var passedRowCount: Int { (intake as? TotalIntake)?.passedRowCount ?? 0 }

    package func next() throws(StoaError) -> Batch? {
        if !isRead {
            isRead = true
            while ungrouped == nil, let batch = try input.next() {
                if batch.rowCount > 0 { try take(batch) }
            }
            intake?.end()
        }
        try cancellation.check()
        if ungrouped != nil { return try nextUngrouped() }
        guard let intake else { return try rest?.next() }
        let groups = intake.groups
        if position == groups.count {
            guard spilled != nil else { return nil }
            strategyInMemory = intake.strategy(keyNames: schema.fields.prefix(keyCount).map(\.name))
            self.intake = nil
            return try nextOfFiles()
        }
        let range = groups.fitting(position..<min(groups.count, position + Morsel.rowLimit))
        position = range.upperBound
        var columns = groups.keys(range)
        for states in groups.states.results {
            if givesStates { columns += states.states(range) } else { columns.append(try states.finish(range)) }
        }
        if let firstRows {
            columns.append(
                Column(type: .int64, count: firstRows.count, storage: .fixed(firstRows.buffer)).slice(range))
        }
        return Batch(unchecked: schema, columns: columns, rowCount: range.count)
    }

    // MARK: Taking rows

    private func take(_ batch: Batch) throws(StoaError) {
        defer { rowCount += batch.rowCount }
        guard let intake else { return }
        if spilled != nil {
            try takeKnown(batch, intake)
            return
        }
        guard let memory else {
            ungrouped = try intake.take(batch).map { $0[...] }
            return
        }
        let before = ThreadBytes.current
        ungrouped = try intake.take(batch).map { $0[...] }
        groupBytes += ThreadBytes.current - before
        // No row is grouped, so no group goes to files.
        if ungrouped != nil { return }
        if firstRows != nil { try noteFirstRows(of: batch, intake) }
        // When a table is full it needs its size again and twice as much for the one that replaces it.
        if !memory.pool.isTight, memory.pool.hasRoom(for: 3 * groupBytes) { return }
        if level < SpilledGroups.levelLimit, intake.mayFreeze,
            try memory.shouldSpill(needing: 2 * groupBytes, groupBytes)
        {
            spilled = SpilledGroups(
                columns: spilledColumns.map { input.schema.projected(to: $0) } ?? input.schema.unnumbered(level),
                level: level, memory: memory)
        } else {
            try memory.check("grouping by \(aggregation.keys.map(\.text).joined(separator: ", "))")
        }
    }

    /// The columns of the input that keys and arguments read; nil for states, all of whose columns are needed.
    private var spilledColumns: [Int]? {
        aggregation.phase.readsStates ? nil : aggregation.columns.sorted()
    }

    /// New groups are numbered in the order of their first rows.
    private func noteFirstRows(of batch: Batch, _ intake: any AggregateIntake) throws(StoaError) {
        guard let table = intake.groups.table, var known = firstRows, known.count < table.count,
            let numbers = batch.columns.last?.values(as: Int64.self)
        else { return }
        let region = MemoryRegion(of: Int32.self, count: batch.rowCount)
        let ids = region.bound(to: Int32.self)
        table.find(try intake.keys(of: batch), count: batch.rowCount, into: ids)
        for row in 0..<batch.rowCount where Int(ids[row]) == known.count { known.append(numbers[row]) }
        withExtendedLifetime(region) {}
        firstRows = known
    }

    private func takeKnown(_ batch: Batch, _ intake: any AggregateIntake) throws(StoaError) {
        let batch = intake.spillable(batch)
        let (unknown, keys) = try intake.takeKnown(batch)
        if unknown.isEmpty { return }
        let kept = spilledColumns.map { batch.projected(to: $0).columns } ?? batch.unnumbered(level).columns
        let number =
            level > 0
            ? batch.columns[batch.columns.count - 1]
            : SpilledGroups.numbers(from: rowCount, count: batch.rowCount)
        guard let spilled else { return }
        let numbered = Batch(unchecked: spilled.schema, columns: kept + [number], rowCount: batch.rowCount)
        let isAll = unknown.count == batch.rowCount
        try self.spilled?.append(
            isAll ? numbered : numbered.taking(unknown), keys: isAll ? keys : keys.map { $0.taking(unknown) })
    }

    // MARK: Groups from files

    /// The groups of all files in the order of their first rows, which all come after those of the groups in memory.
    private func nextOfFiles() throws(StoaError) -> Batch? {
        guard let memory, let parts = try spilled?.finish(), let source = spilled?.schema else { return nil }
        let inner = spilledColumns.map { aggregation.reading($0) } ?? aggregation
        var results: [SpilledRows] = []
        for part in parts {
            let grouping = try AggregateOperator(
                inner, after: [], input: SpilledSource(part, schema: source, cancellation: cancellation),
                memory: memory, level: level + 1, cancellation: cancellation)
            var writer = SpillWriter(memory.file, frameBytes: SpillWriter.frameBytes / 4)
            while let batch = try grouping.next() { try writer.append(batch) }
            results.append(try writer.finish())
        }
        let numbered = aggregation.schema.numbered
        let merged = RunMergeSource(
            results.map { SpilledSource($0, schema: numbered, cancellation: cancellation) }, schema: numbered,
            cancellation: cancellation
        ) { batch in [SortColumn(batch.columns[batch.columns.count - 1], isDescending: false, nullsFirst: false)] }
        rest = level > 0 ? merged : UnnumberedSource(merged, schema: schema)
        return try rest?.next()
    }

    /// The next rows that are not grouped.
    private func nextUngrouped() throws(StoaError) -> Batch? {
        while true {
            var next = ungrouped?.popFirst()
            if next == nil { next = try input.next() }
            guard let next, let intake else { return nil }
            if next.rowCount > 0 { return try intake.passed(next) }
        }
    }
}

extension Schema {
    /// With a last column for the numbers of rows.
    fileprivate var numbered: Schema { Schema(fields + [SpilledGroups.numberField]) }

    fileprivate func unnumbered(_ level: Int) -> Schema { level > 0 ? Schema(fields.dropLast()) : self }
}

extension Batch {
    fileprivate func unnumbered(_ level: Int) -> Batch {
        level > 0
            ? Batch(unchecked: Schema(schema.fields.dropLast()), columns: Array(columns.dropLast()), rowCount: rowCount)
            : self
    }
}

extension Aggregation {
    /// Whether it takes rows through filters and projections itself.
    var takesRowSteps: Bool { keys.isEmpty && !phase.readsStates }

    /// The columns that keys and arguments read.
    var columns: Set<Int> {
        (keys + aggregates.flatMap(\.arguments)).reduce(into: []) { $0.formUnion($1.columns) }
    }

    /// The same over an input of these columns alone, in this order.
    func reading(_ columns: [Int]) -> Aggregation {
        let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        func moved(_ expression: BoundExpression) -> BoundExpression {
            expression.movingColumns { places[$0] ?? $0 }
        }
        return Aggregation(
            phase: phase, keys: keys.map(moved), aggregates: aggregates.map { $0.over($0.arguments.map(moved)) },
            schema: schema)
    }
}
