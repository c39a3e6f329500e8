import StoaColumns
import StoaKernels
import StoaPlan

/// Rows without keys: reductions over all of them, whose states are at last those of the one group.
///
/// Filters, projections and arguments are one program, and reductions take the arguments from its blocks: a row that a
/// filter drops is skipped in its place, nothing is compacted and no argument becomes a column.
final class TotalIntake: AggregateIntake {
    let groups: AggregateGroups
    private let totals: [any Reduction]
    /// Where each aggregate's arguments are among the program's expressions.
    private let places: [[Int]]
    /// For each expression the reduction that takes it block by block; nil where columns are wanted.
    private let sinks: [(any BlockReduction)?]
    private let program: ExpressionProgram
    private var firstRow: Int?
    /// Rows that were left after the steps.
    private(set) var passedRowCount = 0

    /// - Parameter steps: what the rows of the input go through before they are aggregated.
    init(
        _ aggregation: Aggregation, _ reductions: [ReductionDescription], after steps: [RowStep],
        input: any BatchSource
    ) throws(StoaError) {
        groups = AggregateGroups(keyTypes: [], reductions, keepsRecords: false)
        let totals = reductions.makeReductions()
        var expressions: [BoundExpression] = []
        var places: [[Int]] = []
        var sinks: [(any BlockReduction)?] = []
        for (aggregate, total) in zip(aggregation.aggregates, totals) {
            places.append(Array(expressions.count..<expressions.count + aggregate.arguments.count))
            expressions += aggregate.arguments
            sinks += aggregate.arguments.map { $0.type == .utf8 ? nil : total as? any BlockReduction }
        }
        program = try ExpressionProgram(expressions, after: steps, input: input.schema) {
            OutputUse(sinks[$0])
        }
        self.totals = totals
        self.places = places
        self.sinks = sinks
        firstRow = input.givesPartitionRows ? 0 : nil
        if program.makesNoColumns { input.takeLongBatches() }
    }

    func take(_ batch: Batch) throws(StoaError) -> [Batch]? {
        let (columns, count) = try program.reduce(batch, firstRow: firstRow, into: sinks)
        firstRow = firstRow.map { $0 + batch.rowCount }
        passedRowCount += count
        for (total, places) in zip(totals, places) where places.allSatisfy({ sinks[$0] == nil }) {
            total.consume(ArgumentColumns(places.compactMap { columns[$0] }), count: count)
        }
        return nil
    }

    func end() {
        groups.withIDs([], count: 1) { ids in
            for ((_, states), total) in zip(groups.states.others, totals) {
                states.merge(total.states(), ids: ids, count: 1)
            }
        }
    }

    func strategy(keyNames: [String]) -> String { "one group: no keys" }
}
