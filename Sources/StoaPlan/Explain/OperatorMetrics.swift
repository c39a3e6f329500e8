/// What one operator of a plan did in one task, or in all tasks of a stage together.
package struct OperatorMetrics: Hashable, Codable, Sendable {
    /// Rows that it gave; of a fused operator nil where they were not counted.
    package var rowCount: Int? = 0
    /// Bytes of these rows' columns.
    package var byteCount = 0
    /// Time in the operator itself, without that in which it waited for the operators below it.
    package var nanoseconds = 0
    /// How it did its work, where there are several ways; each with the number of tasks that went it.
    package var strategies: [String: Int] = [:]
    /// Whether the operator above did its work, and is measured with it.
    package var isFused = false

    package init() {}

    package static func += (left: inout OperatorMetrics, right: OperatorMetrics) {
        left.rowCount = left.rowCount.flatMap { rows in right.rowCount.map { rows + $0 } }
        left.byteCount += right.byteCount
        left.nanoseconds += right.nanoseconds
        left.isFused = left.isFused || right.isFused
        left.strategies.merge(right.strategies, uniquingKeysWith: +)
    }
}

/// What the tasks of one stage did together.
package struct StageMeasurement: Hashable, Sendable {
    /// From the moment the stage could run to its last task's end.
    package let nanoseconds: Int
    /// Sum over the tasks.
    package let taskNanoseconds: Int
    package let rowsWritten: Int
    package let bytesWritten: Int
    /// By pipeline, then by the operator's place in `PhysicalPlan.operators`; empty when nothing had to be computed.
    package let operators: [[OperatorMetrics]]

    package init(
        nanoseconds: Int, taskNanoseconds: Int, rowsWritten: Int, bytesWritten: Int, operators: [[OperatorMetrics]]
    ) {
        self.nanoseconds = nanoseconds
        self.taskNanoseconds = taskNanoseconds
        self.rowsWritten = rowsWritten
        self.bytesWritten = bytesWritten
        self.operators = operators
    }
}

extension PhysicalPlan {
    /// The plans directly below, of a join the build side first.
    package var inputs: [PhysicalPlan] {
        switch self {
        case .input: []
        case .filter(_, let input), .project(_, _, let input), .aggregate(_, let input), .topRows(_, let input),
            .sort(_, _, let input), .mergeSorted(_, _, let input), .limit(_, _, let input), .map(_, _, let input),
            .userAggregate(_, _, let input):
            [input]
        case .join(_, let build, let probe): [build, probe]
        }
    }

    /// This plan and those below it, in the order in which explain lists them.
    package var operators: [PhysicalPlan] { [self] + inputs.flatMap(\.operators) }
}
