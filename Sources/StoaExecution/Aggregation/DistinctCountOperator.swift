import StoaColumns
import StoaKernels
import StoaPlan

/// The number of different values of one key: two groupings in one, of which the first makes the values different and the
/// second, without keys, counts them. Holds the values.
final class DistinctCountOperator: BatchSource, StrategyTeller {
    let schema: Schema
    private let input: any BatchSource
    private let program: ExpressionProgram?
    private let cancellation: CancellationFlag
    private let counter = DistinctCounter()
    private let memory: TaskMemory
    private let key: String
    private var firstRow: Int?
    private var isDone = false

    /// Nil when the groupings are of another kind, or the key is no value of at most 64 bits.
    static func make(
        _ counting: Aggregation, over distinct: Aggregation, input: () throws(StoaError) -> any BatchSource,
        memory: TaskMemory, cancellation: CancellationFlag
    ) throws(StoaError) -> DistinctCountOperator? {
        let countsKey = counting.aggregates.allSatisfy { $0.function == .count && $0.argument?.columnIndex == 0 }
        guard counting.keys.isEmpty, !counting.phase.readsStates, !counting.aggregates.isEmpty, countsKey,
            distinct.keys.count == 1, distinct.aggregates.isEmpty, !distinct.phase.givesStates,
            DistinctCounter.takes(distinct.keys[0].type)
        else { return nil }
        return try DistinctCountOperator(
            counting, over: distinct, input: input(), memory: memory, cancellation: cancellation)
    }

    private init(
        _ counting: Aggregation, over distinct: Aggregation, input: any BatchSource, memory: TaskMemory,
        cancellation: CancellationFlag
    ) throws(StoaError) {
        schema = counting.schema
        self.memory = memory
        self.input = input
        self.cancellation = cancellation
        key = distinct.keys[0].text
        program = distinct.phase.readsStates ? nil : try ExpressionProgram(distinct.keys, input: input.schema)
        firstRow = input.givesPartitionRows ? 0 : nil
    }

    var strategy: String { counter.strategy }

    func next() throws(StoaError) -> Batch? {
        if isDone { return nil }
        isDone = true
        var heldBytes = 0
        // Counting takes a bit for each possible value where bounds are known, else two words a row.
        var countingBytes = 0
        while let batch = try input.next() {
            if batch.rowCount == 0 { continue }
            let values = try program?.evaluate(batch, firstRow: firstRow)[0] ?? batch.columns[0]
            counter.take(values)
            heldBytes += values.byteCount
            countingBytes += values.bounds == nil ? 16 * values.count : values.count
            try memory.check("counting different values of \(key)", held: heldBytes, needs: countingBytes)
            firstRow = firstRow.map { $0 + batch.rowCount }
        }
        try cancellation.check()
        let count = Column([Int64(counter.count())])
        return Batch(unchecked: schema, columns: schema.fields.map { _ in count }, rowCount: 1)
    }
}
