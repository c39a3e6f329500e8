/// Lets a limit take effect earlier.
///
///     limit 5            becomes    project a + 1
///       project a + 1                 top 5 desc(b)
///         sort desc(b)
///
/// A limit passes projections, turns a sort into the search for the first rows, merges with a limit below, and goes to the
/// left side of a left join, each of whose rows gives at least one.
package enum LimitPushdown {
    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan {
        if case .limit(let skip, let count, let input) = plan.node { return limited(skip, count, input) }
        return plan.over(plan.inputs.map(applied))
    }

    private static func limited(_ skip: Int, _ count: Int, _ input: ResolvedPlan) -> ResolvedPlan {
        let (sum, overflow) = skip.addingReportingOverflow(count)
        let end = overflow ? Int.max : sum
        func here(_ input: ResolvedPlan) -> ResolvedPlan {
            ResolvedPlan(.limit(skip: skip, count: count, input), schema: input.schema)
        }
        switch input.node {
        case .project(_, let source): return input.over([limited(skip, count, source)])
        case .limit(let innerSkip, let innerCount, let source):
            let (first, overflow) = innerSkip.addingReportingOverflow(skip)
            return limited(overflow ? Int.max : first, max(0, min(count, innerCount - skip)), source)
        case .sort(let keys, let limit, let source):
            let top = ResolvedPlan(
                .sort(keys, limit: min(limit ?? end, end), applied(to: source)), schema: input.schema)
            return skip == 0 ? top : here(top)
        case .join(let join, let left, let right) where join.kind == .left:
            return here(input.over([limited(0, end, left), applied(to: right)]))
        default: return here(applied(to: input))
        }
    }
}
