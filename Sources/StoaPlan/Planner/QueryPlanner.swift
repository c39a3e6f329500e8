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
        let catalog = SteadyCatalog(catalog)
        let analyzed = try Analyzer(catalog: catalog).resolve(plan)
        let optimized = Optimizer.optimized(analyzed)
        var builder = StageBuilder(catalog: catalog)
        let graph = try builder.finish(optimized, for: action)
        return PlannedQuery(logical: plan, analyzed: analyzed, optimized: optimized, graph: graph, notes: builder.notes)
    }
}

/// Answers the same about a dataset for as long as a plan is made, whatever executors take up or give up meanwhile.
private final class SteadyCatalog: PlanCatalog {
    private let catalog: any PlanCatalog
    private var held: [DatasetID: HeldDataset?] = [:]

    init(_ catalog: any PlanCatalog) { self.catalog = catalog }

    func schema(of scan: FileScan) throws(StoaError) -> Schema { try catalog.schema(of: scan) }

    func partitions(
        of scan: FileScan, projection: [Int], predicate: BoundExpression?
    ) throws(StoaError) -> ScanPartitions {
        try catalog.partitions(of: scan, projection: projection, predicate: predicate)
    }

    func heldDataset(_ id: DatasetID) -> HeldDataset? {
        if let known = held[id] { return known }
        let found = catalog.heldDataset(id)
        held[id] = .some(found)
        return found
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
