import StoaColumns
import StoaPlan

/// Files and datasets that exist on paper only.
struct TestCatalog: PlanCatalog {
    /// A file: its columns, cut into slices of so many rows and bytes.
    struct File {
        var schema: Schema
        var slices: Int
        var rowsPerSlice: Int?
        var bytesPerSlice: Int
        /// Slices that statistics rule out whenever there is a predicate; fewer than all.
        var prunedByPredicate = 0
    }

    var files: [String: File] = [:]
    var held: [DatasetID: HeldDataset] = [:]

    func schema(of scan: FileScan) throws(StoaError) -> Schema { try file(scan).schema }

    func partitions(of scan: FileScan, projection: [Int], predicate: BoundExpression?) throws(StoaError)
        -> ScanPartitions
    {
        let file = try file(scan)
        let pruned = predicate == nil ? 0 : file.prunedByPredicate
        let slices = (pruned..<file.slices).map { number in
            FileSlice(
                path: scan.path, format: .parquet, fileSchema: file.schema, projection: projection,
                part: .rowGroups([number]),
                identity: FileIdentity(size: file.slices * file.bytesPerSlice, modified: 0, number: 0),
                rowCount: file.rowsPerSlice)
        }
        return ScanPartitions(
            slices: slices, prunedParts: pruned, byteCount: slices.count * file.bytesPerSlice,
            rowCount: file.rowsPerSlice.map { $0 * slices.count })
    }

    func heldDataset(_ id: DatasetID) -> HeldDataset? { held[id] }

    private func file(_ scan: FileScan) throws(StoaError) -> File {
        guard let file = files[scan.path] else {
            throw StoaError(.fileNotFound, "there is no file '\(scan.path)'", at: .init(file: scan.path))
        }
        return file
    }
}

extension TestCatalog {
    /// Flights in eight slices, airlines in one, and a file with a column of every type.
    static let flights = TestCatalog(files: [
        "flights.parquet": File(
            schema: Schema([
                Field("year", .int32), Field("month", .int32), Field("carrier", .utf8), Field("tailnum", .utf8),
                Field("origin", .utf8, isNullable: false), Field("distance", .int64), Field("arr_delay", .float64),
                Field("time", .timestamp), Field("day", .date32),
            ]), slices: 8, rowsPerSlice: 100_000, bytesPerSlice: 4 << 20, prunedByPredicate: 2),
        "airlines.csv": File(
            schema: Schema([Field("carrier", .utf8), Field("name", .utf8)]), slices: 1, rowsPerSlice: nil,
            bytesPerSlice: 400),
        "big.parquet": File(
            schema: Schema([Field("carrier", .utf8), Field("weight", .float64)]), slices: 20,
            rowsPerSlice: 10_000_000, bytesPerSlice: 80 << 20),
        "types.parquet": File(
            schema: Schema([
                Field("flag", .bool), Field("i8", .int8), Field("i16", .int16), Field("i32", .int32),
                Field("i64", .int64), Field("u8", .uint8), Field("u16", .uint16), Field("u32", .uint32),
                Field("u64", .uint64), Field("f32", .float32), Field("f64", .float64), Field("text", .utf8),
                Field("date", .date32), Field("time", .timestamp), Field("utc", .timestamp(zone: "UTC")),
                Field("price", .decimal(precision: 10, scale: 2)), Field("wide", .decimal(precision: 38, scale: 10)),
                Field("present", .int64, isNullable: false),
            ]), slices: 1, rowsPerSlice: 1000, bytesPerSlice: 100_000),
    ])
}

/// A scan of a file of the test catalog.
func scan(_ path: String) -> LogicalPlan { .scan(FileScan(path: path)) }

/// What the analyser makes of an expression over `types.parquet`.
func bound(_ expression: Expression) throws(StoaError) -> BoundExpression {
    let plan = try Analyzer(catalog: TestCatalog.flights).resolve(.select([expression.as("x")], scan("types.parquet")))
    guard case .project(let expressions, _) = plan.node else {
        preconditionFailure("a selection resolves to a projection")
    }
    return expressions[0]
}
