import StoaColumns

/// From a data frame's plan to stages: analysis, rules, stages.
package struct QueryPlanner {
    private let catalog: any PlanCatalog

    /// A planner that asks the catalog about files and held datasets.
    package init(catalog: any PlanCatalog) { self.catalog = catalog }

    /// Names and types of the rows of a plan. Opens files to learn their schemas, reads no rows.
    package func schema(of plan: LogicalPlan) throws(StoaError) -> Schema {
        try Analyzer(catalog: catalog).resolve(plan).schema
    }

    /// The stages of an action, and how they came about.
    package func plan(_ plan: LogicalPlan, for action: PlanAction) throws(StoaError) -> PlannedQuery {
        let analyzed = try Analyzer(catalog: catalog).resolve(plan)
        let optimized = Optimizer.optimized(analyzed)
        var builder = StageBuilder(catalog: catalog)
        let graph = try builder.finish(optimized, for: action)
        return PlannedQuery(logical: plan, analyzed: analyzed, optimized: optimized, graph: graph, notes: builder.notes)
    }
}

/// A planned action.
package struct PlannedQuery: Hashable, Sendable {
    /// What the user wrote.
    package let logical: LogicalPlan
    /// The same with names and types looked up.
    package let analyzed: ResolvedPlan
    /// After all rules.
    package let optimized: ResolvedPlan
    /// What runs.
    package let graph: StageGraph
    /// What was decided for each stage of the graph, in its order.
    package let notes: [[String]]

    /// Names and types of the result's rows.
    package var schema: Schema { analyzed.schema }
}
