import StoaColumns
import StoaKernels
import StoaPlan

/// The different keys of a partition, as far as it pays: a later operator makes them different for good. When most of the
/// first rows have keys of their own, looking up the others would shorten little, so their keys pass as they are. That is
/// decided by the data alone.
final class PartialDistinctOperator: BatchSource {
    let schema: Schema
    private let input: any BatchSource
    private let program: ExpressionProgram
    private let cancellation: CancellationFlag
    private var firstRow: Int?
    private let table: KeyTable
    private var rowCount = 0
    private var state = State.collecting
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

    init(_ aggregation: Aggregation, input: any BatchSource, cancellation: CancellationFlag) throws(StoaError) {
        precondition(aggregation.aggregates.isEmpty && !aggregation.keys.isEmpty, "keys alone are distinct")
        schema = aggregation.schema
        self.input = input
        self.cancellation = cancellation
        program = try ExpressionProgram(aggregation.keys, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
        table = KeyTable(types: aggregation.keys.map(\.type))
    }

    func next() throws(StoaError) -> Batch? {
        if case .collecting = state { state = .giving(passes: try collect()) }
        try cancellation.check()
        let range = position..<min(table.count, position + Morsel.rowLimit)
        position = range.upperBound
        if !range.isEmpty {
            return Batch(unchecked: schema, columns: table.keyColumns(range), rowCount: range.count)
        }
        guard case .giving(passes: true) = state else { return nil }
        return try nextKeys()
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
        while let batch = try nextKeys() {
            if batch.rowCount == 0 { continue }
            let ids = MemoryRegion(of: Int32.self, count: batch.rowCount)
            table.insert(batch.columns, count: batch.rowCount, into: ids.bound(to: Int32.self))
            withExtendedLifetime(ids) {}
            let isTried = rowCount >= Self.trialRows
            rowCount += batch.rowCount
            if !isTried, rowCount >= Self.trialRows, table.count > rowCount / 10 * 9 { return true }
        }
        return false
    }
}
