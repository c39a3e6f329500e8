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
    /// Bytes that the groups take.
    private var groupBytes = 0
    /// Columns of the input that quantiles keep.
    private let keptColumns: [Int]
    /// Bytes that the groups have grown by since no group is added.
    private var valueBytes = 0
    /// What a table needs beside its own size when it is full and a larger one replaces it.
    private let growth: MemoryReservation?
    private var rowCount = 0
    /// Rows of groups that did not fit memory; from the first one on no group is added.
    private var spilled: SpilledGroups?
    private var rest: (any BatchSource)?
    /// How the groups in memory were found, kept beyond them.
    private var strategyInMemory = ""
    /// The number of each group's first row, where the input's last column has the rows' numbers.
    private var firstRows: GrowingBuffer<Int64>?
    /// The first rows, the next of them last, of a partition whose rows hardly repeat and are not grouped; nil where rows are.
    private var ungrouped: [Batch]?
    private var rowsPassed = 0

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
        growth = memory.flatMap { $0.pool.isLimited ? MemoryReservation(in: $0.pool) : nil }
        self.level = level
        firstRows = level > 0 ? GrowingBuffer() : nil
        schema = level > 0 ? aggregation.schema.numbered : aggregation.schema
        self.input = input
        self.cancellation = cancellation
        givesStates = aggregation.phase.givesStates
        keyCount = aggregation.keys.count
        keptColumns = steps.isEmpty && !aggregation.phase.readsStates ? aggregation.keptColumns : []
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
    var passedRowCount: Int { (intake as? TotalIntake)?.passedRowCount ?? rowsPassed }

    package func next() throws(StoaError) -> Batch? {
        if !isRead {
            isRead = true
            while ungrouped == nil, let batch = try input.next() {
                if batch.rowCount > 0 { try take(batch) }
            }
            intake?.end()
            growth?.set(0)
        }
        try cancellation.check()
        if ungrouped != nil { return try nextUngrouped() }
        guard let intake else { return try rest?.next() }
        let groups = intake.groups
        if position == groups.count {
            strategyInMemory = intake.strategy(keyNames: schema.fields.prefix(keyCount).map(\.name))
            rowsPassed = passedRowCount
            // Those above may go on for long.
            self.intake = nil
            return spilled == nil ? nil : try nextOfFiles()
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
            ungrouped = try intake.take(batch)?.reversed()
            return
        }
        let before = ThreadBytes.current
        ungrouped = try intake.take(batch)?.reversed()
        groupBytes += ThreadBytes.current - before + keptBytes(of: batch)
        // No row is grouped, so no group goes to files.
        if ungrouped != nil {
            growth?.set(0)
            return
        }
        if firstRows != nil { try noteFirstRows(of: batch, intake) }
        guard let growth else { return }
        // Of the buffers that a table is made of one is replaced at a time, by one of twice its size. All are not so large at
        // once, but on several threads.
        growth.set(groupBytes)
        if memory.pool.shortfall + groupBytes <= 0 { return }
        if level < SpilledGroups.levelLimit, intake.mayFreeze,
            try memory.shouldSpill(needing: groupBytes, groupBytes)
        {
            growth.set(0)
            spilled = SpilledGroups(
                columns: spilledColumns.map { input.schema.projected(to: $0) } ?? input.schema.unnumbered(level),
                level: level, memory: memory)
        } else {
            try memory.check(operation, held: groupBytes)
        }
    }

    /// Bytes of the input's columns that are kept as they are.
    private func keptBytes(of batch: Batch) -> Int { keptColumns.reduce(0) { $0 + batch.columns[$1].byteCount } }

    private var operation: String {
        let keys = aggregation.keys.map(\.text).joined(separator: ", ")
        if !keys.isEmpty { return "grouping by \(keys)" }
        return "aggregating \(aggregation.aggregates.map(\.text).joined(separator: ", "))"
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
        let before = ThreadBytes.current
        let (unknown, keys) = try intake.takeKnown(batch)
        valueBytes += ThreadBytes.current - before
        if unknown.isEmpty { valueBytes += keptBytes(of: batch) }
        // Groups that are no more in number may hold all of their rows' values.
        try memory?.check(operation, held: valueBytes)
        if unknown.isEmpty { return }
        let batch = intake.spillable(batch)
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
        let numbered = aggregation.schema.numbered
        var results: [any BatchSource] = []
        for part in parts {
            let grouping = try AggregateOperator(
                inner, after: [], input: SpilledSource(part, schema: source, cancellation: cancellation),
                memory: memory, level: level + 1, cancellation: cancellation)
            var writer = SpillWriter(memory.file, frameBytes: SpillWriter.runFrameBytes)
            while let batch = try grouping.next() { try writer.append(batch) }
            results.append(SpilledSource(try writer.finish(), schema: numbered, cancellation: cancellation))
        }
        let runs = SortedRuns(schema: numbered, memory: memory, cancellation: cancellation) { batch in
            [SortColumn(batch.columns[batch.columns.count - 1], isDescending: false, nullsFirst: false)]
        }
        let merged = try runs.merged(results)
        rest = level > 0 ? merged : UnnumberedSource(merged, schema: schema)
        return try rest?.next()
    }

    /// The next rows that are not grouped.
    private func nextUngrouped() throws(StoaError) -> Batch? {
        if let next = ungrouped?.popLast() { return next }
        while let next = try input.next() {
            if next.rowCount > 0 { return try intake?.passed(next) }
        }
        return nil
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

    /// The columns that quantiles select from, where they are columns of the input.
    fileprivate var keptColumns: [Int] {
        let selected = aggregates.filter { if case .quantile = $0.function { true } else { false } }
        return Set(selected.flatMap(\.arguments).compactMap(\.columnIndex)).sorted()
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
