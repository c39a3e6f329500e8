import StoaColumns

/// What the planner asks about the outside world: files and the datasets that executors hold.
package protocol PlanCatalog {
    /// All columns of the files of a scan, with types after inference and overrides. Cached by the implementation: rules ask often.
    func schema(of scan: FileScan) throws(StoaError) -> Schema

    /// The partitions of a scan, in file and row order.
    ///
    /// - Parameters:
    ///   - projection: the columns that will be read, as indices of the scan's schema.
    ///   - predicate: a condition over the scan's schema; parts of files whose statistics rule it out are left away. Rows of
    ///     the other parts still have to be filtered.
    func partitions(of scan: FileScan, projection: [Int], predicate: BoundExpression?) throws(StoaError)
        -> ScanPartitions

    /// The partitions of a dataset that executors hold; nil while it is not (fully) computed.
    func heldDataset(_ id: DatasetID) -> HeldDataset?
}

/// The partitions of a scan.
package struct ScanPartitions: Hashable, Sendable {
    /// One task each. At least one: where statistics rule out everything, a slice of no rows, so that what follows is the
    /// same, such as the one row of a count.
    package let slices: [FileSlice]
    /// Parts (row groups) that statistics ruled out, for explain.
    package let prunedParts: Int
    /// Bytes of the files, for the choice of join sides.
    package let byteCount: Int
    /// Rows when known without reading.
    package let rowCount: Int?

    package init(slices: [FileSlice], prunedParts: Int, byteCount: Int, rowCount: Int?) {
        self.slices = slices
        self.prunedParts = prunedParts
        self.byteCount = byteCount
        self.rowCount = rowCount
    }
}

/// A dataset all of whose partitions executors hold.
package struct HeldDataset: Hashable, Sendable {
    /// Rows of each partition, in partition order.
    package let rowCounts: [Int]
    /// Bytes of each partition.
    package let byteCounts: [Int]
    /// What the plan that computed the dataset expected of it; nil for data that was given. Plans that read the dataset go by
    /// this, not by what came out: how a join runs decides the order of its rows, which must not change once its input is held.
    package let plannedSize: SizeEstimate?
    /// Names and types of the rows that are held; nil for data that was given, whose plan has them. What the dataset was made
    /// from is not looked at while it is held: files may have been changed or removed since.
    package let schema: Schema?

    package init(rowCounts: [Int], byteCounts: [Int], plannedSize: SizeEstimate? = nil, schema: Schema? = nil) {
        self.schema = schema
        self.rowCounts = rowCounts
        self.byteCounts = byteCounts
        self.plannedSize = plannedSize
    }
}

/// What an action wants of a plan.
package enum PlanAction: Hashable, Sendable {
    /// The rows, as blocks of the last stage in partition order.
    case rows
    /// Each partition of the plan written to a file of its own in this folder: `part-00000.parquet`, ...
    case writeFolder(String, FileFormat)
    /// All rows, in order, written to one file by one task.
    case writeFile(FileSink)
    /// One state of a user's aggregate, in the one block of the last stage.
    case aggregate(UserFunction)
}
