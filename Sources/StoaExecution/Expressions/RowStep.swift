import StoaPlan

/// What rows go through on their way from a source to an operator that takes them without having them made into batches.
package enum RowStep {
    /// Only the rows for which the condition is true go on.
    case filter(BoundExpression)
    /// The columns are replaced by these.
    case project([BoundExpression])

    var isFilter: Bool {
        if case .filter = self { true } else { false }
    }
}

extension PhysicalPlan {
    /// The filters and projections on top of this plan, in the order in which rows meet them, and what they stand on.
    var rowSteps: (steps: [RowStep], source: PhysicalPlan) {
        switch self {
        case .filter(let condition, let input):
            let below = input.rowSteps
            return (below.steps + [.filter(condition)], below.source)
        case .project(let expressions, _, let input):
            let below = input.rowSteps
            return (below.steps + [.project(expressions)], below.source)
        default: return ([], self)
        }
    }
}
