import StoaColumns
import StoaKernels
import StoaPlan

/// Rows with keys.
///
/// Where states are wanted and seven of eight of the first 131,072 rows are groups of their own, grouping the partition
/// saves little: states take more bytes than what is read of a row, and tables of so many groups exceed the caches. All rows
/// are then passed on as they are, and meet behind the exchange. What is decided depends on the partition's rows alone.
final class RowIntake: AggregateIntake {
    private(set) var groups: AggregateGroups
    private let aggregation: Aggregation
    private let input: any BatchSource
    private let arguments: AggregateArguments
    private let reductions: [ReductionDescription]
    /// The first rows, as long as they may be passed on, in the form in which they are.
    private var sample: [Batch]?
    private var rowCount = 0
    private var passedCount = 0
    /// How the first rows were grouped, when they are passed on after all.
    private var sampleStrategy: String?
    private var rows: PassedRows?

    /// Rows after which it is decided whether to group.
    static let sampleRows = 1 << 17

    /// - Parameter mayPass: whether rows may be passed on as they are.
    init(
        _ aggregation: Aggregation, _ reductions: [ReductionDescription], input: any BatchSource, mayPass: Bool
    ) throws(StoaError) {
        groups = AggregateGroups(keyTypes: aggregation.keys.map(\.type), reductions, keepsRecords: true)
        self.aggregation = aggregation
        self.input = input
        self.reductions = reductions
        arguments = try AggregateArguments(aggregation, reductions, input: input)
        sample = mayPass && reductions.allSatisfy(\.hasStatesOfRows) ? [] : nil
    }

    func take(_ batch: Batch) throws(StoaError) -> [Batch]? {
        let left = Self.sampleRows - rowCount
        if sample == nil || batch.rowCount < left {
            if sample != nil { sample?.append(try evaluated(batch)) }
            try group(batch)
            return nil
        }
        try group(batch.slice(0..<left))
        // Fewer groups would come again and again in a partition of a million rows.
        if groups.count >= Self.sampleRows / 8 * 7, let sample {
            let names = aggregation.schema.fields.prefix(aggregation.keys.count).map(\.name)
            sampleStrategy = "\(rowCount) rows had \(groups.count) groups by a \(groups.strategy(keyNames: names))"
            groups = AggregateGroups(keyTypes: aggregation.keys.map(\.type), reductions, keepsRecords: true)
            self.sample = nil
            let passed = sample + [try evaluated(batch)]
            passedCount = passed.reduce(0) { $0 + $1.rowCount }
            return passed
        }
        sample = nil
        let rest = batch.slice(left..<batch.rowCount)
        if rest.rowCount > 0 { try group(rest) }
        return nil
    }

    private func group(_ batch: Batch) throws(StoaError) {
        rowCount += batch.rowCount
        let rows = try arguments.evaluate(batch)
        groups.take(rows.keys, rows.arguments, count: batch.rowCount)
    }

    /// Whether to pass rows on is decided before, so that it does not depend on the room there is.
    var mayFreeze: Bool { sample == nil }

    func keys(of batch: Batch) throws(StoaError) -> [Column] { try arguments.evaluate(batch).keys }

    func takeKnown(_ batch: Batch) throws(StoaError) -> (unknown: [Int32], keys: [Column]) {
        let values = try arguments.evaluate(batch)
        let known = groups.known(values.keys, count: batch.rowCount)
        let rows = known.isAll ? values.arguments : values.arguments.map { $0.taking(known.rows) }
        known.withIDs { ids in groups.update(rows, ids: ids, count: known.rows.count) }
        return (known.unknown, values.keys)
    }

    func end() { sample = nil }

    func passed(_ batch: Batch) throws(StoaError) -> Batch {
        passedCount += batch.rowCount
        return try evaluated(batch)
    }

    private func evaluated(_ batch: Batch) throws(StoaError) -> Batch {
        if let rows { return try rows.evaluate(batch) }
        let rows = try PassedRows(aggregation, input: input)
        self.rows = rows
        return try rows.evaluate(batch)
    }

    func strategy(keyNames: [String]) -> String {
        guard let sampleStrategy else { return groups.strategy(keyNames: keyNames) }
        return "\(passedCount) rows passed on ungrouped, because \(sampleStrategy)"
    }
}

/// What is read of a row, as columns: keys, then each different argument.
private final class PassedRows {
    private let schema: Schema
    private let program: ExpressionProgram
    private var firstRow: Int?

    init(_ aggregation: Aggregation, input: any BatchSource) throws(StoaError) {
        schema = aggregation.rowSchema
        program = try ExpressionProgram(aggregation.rowExpressions, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    func evaluate(_ batch: Batch) throws(StoaError) -> Batch {
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return Batch(unchecked: schema, columns: columns, rowCount: batch.rowCount)
    }
}
