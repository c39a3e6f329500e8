import StoaColumns
import StoaKernels
import StoaPlan

/// The different keys of a partition, as far as it pays: a later operator makes them different for good. When most of the
/// first rows have keys of their own, looking up the others would shorten little, so their keys pass as they are. So they do
/// once the table does not fit memory any more. Which keys come, and the order in which they come first, is the same.
package final class PartialDistinctOperator: BatchSource, StrategyTeller {
    package let schema: Schema
    private let input: any BatchSource
    private let program: ExpressionProgram
    private let memory: TaskMemory?
    private let cancellation: CancellationFlag
    private var firstRow: Int?
    private let table: KeyTable
    private var rowCount = 0
    /// Rows whose only key is null: they are not passed again, whatever becomes of the others.
    private var nullCount = 0
    private var state = State.collecting
    /// Whether a null is among the keys of the table or was passed.
    private var gaveNull = false
    /// Keys of the table that were given.
    private var position = 0

    private enum State {
        case collecting
        /// The table's keys, then the input's when `passes`.
        case giving(passes: Bool)
    }

    /// Rows after which the operator decides whether it is of use: it is unless nine of ten have keys of their own, which is
    /// when there are at least about five times as many keys as rows looked at.
    private static let trialRows = 1 << 16

    /// - Parameter memory: where it is asked whether the table still fits; nil for one that always does.
    package init(
        _ aggregation: Aggregation, input: any BatchSource, memory: TaskMemory? = nil, cancellation: CancellationFlag
    ) throws(StoaError) {
        precondition(aggregation.aggregates.isEmpty && !aggregation.keys.isEmpty, "keys alone are distinct")
        schema = aggregation.schema
        self.input = input
        self.memory = memory
        self.cancellation = cancellation
        program = try ExpressionProgram(aggregation.keys, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
        table = KeyTable(types: aggregation.keys.map(\.type))
    }

    var strategy: String {
        let grouping = table.strategyText(names: schema.fields.map(\.name))
        guard case .giving(passes: true) = state else { return grouping }
        return "keys passed on as they are after \(rowCount) rows had \(table.count) keys; before that \(grouping)"
    }

    package func next() throws(StoaError) -> Batch? {
        if case .collecting = state { state = .giving(passes: try collect()) }
        try cancellation.check()
        let range = table.fitting(position..<min(table.count, position + Morsel.rowLimit))
        position = range.upperBound
        if !range.isEmpty {
            return Batch(unchecked: schema, columns: table.keyColumns(range), rowCount: range.count)
        }
        guard case .giving(passes: true) = state else { return nil }
        return try nextPassed()
    }

    /// The keys of the next rows that pass. A null as the only key is given once: it would slow down whoever moves the rows,
    /// and nobody needs it again.
    private func nextPassed() throws(StoaError) -> Batch? {
        guard let batch = try nextKeys() else { return nil }
        guard batch.columns.count == 1, batch.columns[0].nullCount > 0 else { return batch }
        defer { gaveNull = true }
        return gaveNull ? batch.filtered(by: BitMask(validRowsOf: batch.columns[0])) : batch
    }

    /// The keys of the next rows.
    private func nextKeys() throws(StoaError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        let columns = try program.evaluate(batch, firstRow: firstRow)
        firstRow = firstRow.map { $0 + batch.rowCount }
        return Batch(unchecked: schema, columns: columns, rowCount: batch.rowCount)
    }

    /// Whether the rest passes.
    private func collect() throws(StoaError) -> Bool {
        var tableBytes = 0
        while let batch = try nextKeys() {
            if batch.rowCount == 0 { continue }
            if batch.columns.contains(where: { $0.nullCount > 0 }) { gaveNull = true }
            if batch.columns.count == 1 { nullCount += batch.columns[0].nullCount }
            let ids = MemoryRegion(of: Int32.self, count: batch.rowCount)
            let before = ThreadBytes.current
            table.insert(batch.columns, count: batch.rowCount, into: ids.bound(to: Int32.self))
            withExtendedLifetime(batch) { tableBytes += ThreadBytes.current - before }
            withExtendedLifetime(ids) {}
            let isTried = rowCount >= Self.trialRows
            rowCount += batch.rowCount
            if !isTried, rowCount >= Self.trialRows, table.count > (rowCount - nullCount) / 10 * 9 { return true }
            if let memory, try memory.shouldSpill(needing: tableBytes, tableBytes) { return true }
        }
        return false
    }
}
