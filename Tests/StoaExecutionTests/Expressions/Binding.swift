import StoaColumns
import StoaPlan

/// Nothing but one table in memory.
private struct NoFiles: PlanCatalog {
    func schema(of scan: FileScan) throws(StoaError) -> Schema { throw StoaError(.fileNotFound, scan.path) }

    func partitions(of scan: FileScan, projection: [Int], predicate: BoundExpression?) throws(StoaError)
        -> ScanPartitions
    {
        throw StoaError(.fileNotFound, scan.path)
    }

    func heldDataset(_ id: DatasetID) -> HeldDataset? { nil }
}

extension Schema {
    /// The expressions after analysis over this schema. No rule has simplified them.
    func bind(_ expressions: [Expression]) throws -> [BoundExpression] {
        let named = expressions.enumerated().map { $1.as("expression \($0)") }
        let plan = try Analyzer(catalog: NoFiles()).resolve(.select(named, .table(DatasetID(1), self)))
        guard case .project(let bound, _) = plan.node else { return [] }
        return bound
    }
}
