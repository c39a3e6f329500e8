import StoaColumns
import StoaDriver
import StoaExecution
import StoaPlan
import StoaTasks

extension DataFrame {
    /// All rows, in this process's memory.
    ///
    /// Throws `resultTooLarge`, before any row is handed over, when they have more bytes than `SessionOptions.resultLimit`:
    /// write such a result, aggregate it, or go over it with `collectBatches()`.
    public func collect() async throws -> ResultTable {
        try await collect(plan())
    }

    /// Number of rows. Columns that the count does not need are not read.
    public func count() async throws -> Int {
        let plan = LogicalPlan.aggregate(
            keys: [], aggregates: [.alias(.aggregate(.countRows, []), "count")], try plan())
        let result = try await collect(plan)
        return Int(try result["count", as: Int64.self][0])
    }

    /// The first row, nil when there is none. Partitions after the first row are read as little as the plan allows.
    public func first() async throws -> Row? {
        try await limit(1).collect().rows.first
    }

    /// Prints the first rows as a table fitted to the terminal, with a last line when there are more.
    ///
    /// Throws `invalidArgument` for a negative number.
    public func show(_ count: Int = 20) async throws {
        guard count >= 0 else {
            throw StoaError(.invalidArgument, "show(\(count)) has a negative number", advice: "give a number from 0 on")
        }
        let result = try await limit(count == .max ? count : count + 1).collect()
        print(result.formatted(rowLimit: count, width: Terminal.width(of: .standardOutput)))
    }

    /// One row a column: its name, type, number of values and nulls, mean, standard deviation, smallest and largest value.
    ///
    /// One pass over the rows. Mean and deviation are null for text, dates and timestamps.
    public func describe() async throws -> ResultTable {
        try await ColumnSummary.describe(self)
    }

    /// How the rows will be computed: the plan as written, as optimised, and as stages of tasks.
    ///
    /// Nothing runs; schemas and statistics of files are read.
    public func explain() throws(StoaError) -> String {
        try session.planner.plan(plan(), for: .rows).explanation
    }

    /// What the query does, as `mode` asks.
    ///
    /// `.plan` gives the same as `explain()`. `.analyze` runs the query, drops its rows, and gives the stages with the rows,
    /// bytes and time of every operator; how groups were made, and why. Measuring reads a clock twice a call of an operator.
    public func explain(_ mode: ExplainMode) async throws -> String {
        switch mode {
        case .plan: return try explain()
        case .analyze:
            let planned = try session.planner.plan(plan(), for: .rows)
            let result = try await session.execute(planned, isAnalyzed: true)
            result.release()
            return planned.analysis(
                result.stages.map(StageMeasurement.init), nanoseconds: result.durationNanoseconds)
        }
    }

    /// The answer of a user's aggregate over all rows, merged on the executors by a tree.
    ///
    /// The tree's shape depends on the number of partitions alone, so the answer has the same bits for any number of
    /// executors and threads. Throws what the aggregate throws, located at the failed partition.
    public func treeAggregate<Aggregate: BatchAggregate>(_ aggregate: Aggregate) async throws -> Aggregate.Output {
        let function = try UserFunction(encoding: aggregate)
        let planned = try session.planner.plan(plan(), for: .aggregate(function))
        let blocks = try await session.run(planned)
        guard let state = try blocks.first?.state() as? Aggregate.State else {
            throw StoaError(
                .engineFailed, source: .engine, "the tree aggregation of \(Aggregate.self) left no state of its type")
        }
        return try aggregate.finish(state)
    }

    /// The rows of a plan over this data frame's session.
    func collect(_ plan: LogicalPlan) async throws -> ResultTable {
        let planned = try session.planner.plan(plan, for: .rows)
        let blocks = try await session.run(planned, limit: session.configuration.value(\.resultLimit))
        return ResultTable(schema: planned.graph.result.schema, batches: try blocks.flatMap { try $0.rows() })
    }
}

/// What `explain(_:)` tells.
public enum ExplainMode: String, Hashable, Sendable, CaseIterable {
    /// How the rows will be computed; nothing runs.
    case plan
    /// How they were computed: the query runs, and its operators are measured.
    case analyze
}

extension StageMeasurement {
    fileprivate init(_ report: StageReport) {
        self.init(
            nanoseconds: report.durationNanoseconds, taskNanoseconds: report.metrics.nanoseconds,
            rowsWritten: report.metrics.rowsWritten, bytesWritten: report.metrics.bytesWritten,
            operators: report.operators)
    }
}
