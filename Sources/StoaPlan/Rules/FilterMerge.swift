/// Makes one filter of two that follow each other.
///
///     filter b > 0            becomes    filter a > 0 && b > 0
///       filter a > 0
///
/// Not when the later condition could fail (`10.quotient(a) > 2` after `a != 0`): it would see rows that the earlier one
/// keeps from it.
package enum FilterMerge {
    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan {
        let plan = plan.over(plan.inputs.map(applied))
        guard case .filter(let later, let input) = plan.node, case .filter(let earlier, let source) = input.node,
            !later.canFail, let both = BoundExpression.conjunction([earlier, later])
        else { return plan }
        return .filter(both, source)
    }
}
