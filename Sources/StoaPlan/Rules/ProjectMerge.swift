/// Makes one projection of two that follow each other, and of one under a grouping none.
///
///     project x + 1 = y                becomes    project a * 2 + 1 = y
///       project a * 2 = x
///
/// Only where no work is repeated: an inner expression that computes something must be read at most once. Projections that
/// change nothing go away.
package enum ProjectMerge {
    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan {
        let plan = plan.over(plan.inputs.map(applied))
        switch plan.node {
        case .project(let outer, let input):
            if case .project(let inner, let source) = input.node, readsOnce(inner, in: outer) {
                return withoutIdentity(
                    ResolvedPlan(.project(outer.map { substituted(inner, in: $0) }, source), schema: plan.schema))
            }
            return withoutIdentity(plan)
        case .aggregate(let keys, let aggregates, let input):
            guard case .project(let inner, let source) = input.node,
                readsOnce(inner, in: keys + aggregates.flatMap(\.arguments))
            else { return plan }
            let node = ResolvedPlan.Node.aggregate(
                keys: keys.map { substituted(inner, in: $0) },
                aggregates: aggregates.map { $0.over($0.arguments.map { substituted(inner, in: $0) }) }, source)
            return ResolvedPlan(node, schema: plan.schema)
        default: return plan
        }
    }

    /// Whether every inner expression that costs something is read at most once.
    private static func readsOnce(_ inner: [BoundExpression], in outer: [BoundExpression]) -> Bool {
        var reads = [Int](repeating: 0, count: inner.count)
        func count(_ expression: BoundExpression) {
            if let index = expression.columnIndex { reads[index] += 1 }
            expression.operands.forEach(count)
        }
        outer.forEach(count)
        return inner.indices.allSatisfy { reads[$0] <= 1 || inner[$0].cost == 0 }
    }

    private static func substituted(_ inner: [BoundExpression], in outer: BoundExpression) -> BoundExpression {
        outer.replacingColumns { index, _ in inner[index] }
    }

    private static func withoutIdentity(_ plan: ResolvedPlan) -> ResolvedPlan {
        guard case .project(let expressions, let input) = plan.node, plan.schema == input.schema,
            expressions.enumerated().allSatisfy({ $0.element.columnIndex == $0.offset })
        else { return plan }
        return input
    }
}
