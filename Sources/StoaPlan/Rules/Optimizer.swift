/// The rules, each applied once, in an order in which none undoes or waits for another.
///
/// Folding first, since it makes conditions that the next rule can split; conditions sink before limits, which they would not
/// pass; columns are pruned when all conditions lie where they stay; projections merge last, when it is known which of their
/// columns are read. Nothing sinks into a persisted dataset: what executors keep does not depend on who asks first.
package enum Optimizer {
    /// A plan with the same rows in the same order, for less work.
    package static func optimized(_ plan: ResolvedPlan) -> ResolvedPlan {
        var plan = ConstantFolding.applied(to: plan)
        plan = FilterMerge.applied(to: plan)
        plan = PredicatePushdown.applied(to: plan)
        plan = LimitPushdown.applied(to: plan)
        plan = ProjectionPruning.applied(to: plan)
        return ProjectMerge.applied(to: plan)
    }
}
