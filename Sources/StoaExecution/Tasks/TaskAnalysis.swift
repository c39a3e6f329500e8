import StoaColumns
import StoaPlan
import StoaTasks

/// An operator that has several ways to do its work.
protocol StrategyTeller: AnyObject {
    /// The way it went and why, in one sentence; complete when the last batch was given.
    var strategy: String { get }
}

/// Measures the operators of one task that is to be analyzed. Guard: used by the task's thread alone.
///
/// An operator's own time is the time of its calls without that of the calls which it makes to others: whoever is measured
/// adds its whole time to `nestedNanoseconds`, which the one above it takes off its own.
final class TaskAnalysis {
    private var operators: [OperatorMetrics]
    /// Where the plan's inputs stand among the operators, by their number.
    private var inputPlaces: [Int: Int] = [:]
    private var tellers: [(place: Int, operator: any StrategyTeller)] = []
    /// The place of an operator whose rows were made, and the steps on top of it that were not, from the top one down.
    private var fusions: [(steps: [(place: Int, isFilter: Bool)], source: Int, grouping: AggregateOperator)] = []
    private var nestedNanoseconds = 0

    init(_ plan: PhysicalPlan) {
        let plans = plan.operators
        operators = Array(repeating: OperatorMetrics(), count: plans.count)
        for (place, plan) in plans.enumerated() {
            if case .input(let number, _) = plan { inputPlaces[number] = place }
        }
    }

    /// The source that `make` makes, measured from now on; the time to make it counts too.
    func measured(
        at place: Int, _ make: () throws(StoaError) -> any BatchSource
    ) throws(StoaError) -> any BatchSource {
        let source = try time(at: place, make)
        if let teller = source as? any StrategyTeller { tellers.append((place, teller)) }
        return MeasuredSource(source, place: place, in: self)
    }

    /// Runs a part of an operator.
    func time<Result>(at place: Int, _ body: () throws(StoaError) -> Result) throws(StoaError) -> Result {
        let start = MonotonicClock.nanoseconds
        let outer = nestedNanoseconds
        nestedNanoseconds = 0
        defer {
            let elapsed = MonotonicClock.nanoseconds - start
            operators[place].nanoseconds += elapsed - nestedNanoseconds
            nestedNanoseconds = outer + elapsed
        }
        return try body()
    }

    /// An operator gives these rows.
    func count(_ batch: Batch, at place: Int) {
        operators[place].rowCount? += batch.rowCount
        operators[place].byteCount += batch.columns.reduce(0) { $0 + $1.byteCount }
    }

    /// An operator takes a block of an input as a whole, past the input's own operator.
    func count(_ block: Block, ofInput number: Int) {
        guard let place = inputPlaces[number] else { return }
        operators[place].rowCount? += block.rowCount
        operators[place].byteCount += block.byteCount
    }

    /// Operators are steps of a grouping, whose time is that of all.
    ///
    /// - Parameters:
    ///   - steps: their places, from the top one down.
    ///   - source: the place of what they stand on.
    func noteFusion(_ steps: [(place: Int, isFilter: Bool)], over source: Int, in grouping: AggregateOperator) {
        for (place, _) in steps { operators[place].isFused = true }
        fusions.append((steps, source, grouping))
    }

    /// An operator is part of the one above it, and makes no rows that could be counted.
    func noteFusion(at place: Int) {
        operators[place].isFused = true
        operators[place].rowCount = nil
    }

    /// What was measured; the task is complete.
    func finish() -> [OperatorMetrics] {
        for (steps, source, grouping) in fusions { countFused(steps, source, passed: grouping.passedRowCount) }
        for (place, teller) in tellers { operators[place].strategies[teller.strategy, default: 0] += 1 }
        return operators
    }

    /// Steps down to the last filter give the rows that the grouping took, those below the first one give all rows; what
    /// lies between two filters was not counted.
    private func countFused(_ steps: [(place: Int, isFilter: Bool)], _ source: Int, passed: Int) {
        var rows: Int? = passed
        for (number, step) in steps.enumerated() {
            operators[step.place].rowCount = rows
            if step.isFilter {
                rows = steps[(number + 1)...].contains(where: \.isFilter) ? nil : operators[source].rowCount
            }
        }
    }
}

/// A source whose calls are measured.
private final class MeasuredSource: BatchSource {
    private let source: any BatchSource
    private let place: Int
    private let analysis: TaskAnalysis

    init(_ source: any BatchSource, place: Int, in analysis: TaskAnalysis) {
        self.source = source
        self.place = place
        self.analysis = analysis
    }

    var schema: Schema { source.schema }
    var givesPartitionRows: Bool { source.givesPartitionRows }

    func takeLongBatches() { source.takeLongBatches() }

    func next() throws(StoaError) -> Batch? {
        let batch = try analysis.time(at: place) { () throws(StoaError) in try source.next() }
        if let batch { analysis.count(batch, at: place) }
        return batch
    }
}
