/// The rules, each applied once, in an order in which none undoes or waits for another.
package enum Optimizer {
    /// A plan with the same rows in the same order, for less work.
    package static func optimized(_ plan: ResolvedPlan) -> ResolvedPlan {
        plan
    }
}
