import StoaColumns
import StoaFiles
import StoaPlan
import Testing

/// Everything that a scan gives.
struct ReadResult {
    let schema: Schema
    let partitions: ScanPartitions
    /// The batches of each partition.
    let batches: [[Batch]]

    /// Every row, every value as text, `∅` for null.
    var rows: [[String]] {
        batches.joined().flatMap { batch in
            (0..<batch.rowCount).map { row in batch.columns.map { $0.formatted(at: row, null: "∅") } }
        }
    }

    var rowCount: Int { batches.joined().reduce(0) { $0 + $1.rowCount } }
}

/// Reads all partitions of a scan, checking on the way what always holds.
func read(
    _ scan: FileScan, projection: [String]? = nil, predicate: BoundExpression? = nil,
    catalog: FileCatalog = FileCatalog()
) throws -> ReadResult {
    let schema = try catalog.schema(of: scan)
    let indices = try projection?.map { try schema.index(of: $0) } ?? Array(0..<schema.count)
    let partitions = try catalog.partitions(of: scan, projection: indices, predicate: predicate)
    #expect(!partitions.slices.isEmpty)
    var batches: [[Batch]] = []
    for slice in partitions.slices {
        #expect(slice.schema == schema.projected(to: indices))
        let reader = try FileReader(slice)
        var own: [Batch] = []
        while let batch = try reader.next() {
            #expect(batch.rowCount > 0)
            #expect(batch.schema == slice.schema)
            try batch.checkInvariants()
            own.append(batch)
        }
        #expect(try reader.next() == nil)
        if let expected = slice.rowCount { #expect(own.reduce(0) { $0 + $1.rowCount } == expected) }
        batches.append(own)
    }
    return ReadResult(schema: schema, partitions: partitions, batches: batches)
}

func readCSV(
    _ path: String, _ options: CSVOptions = CSVOptions(), types: [String: DataType] = [:],
    catalog: FileCatalog = FileCatalog()
) throws -> ReadResult {
    try read(FileScan(path: path, format: .csv(options), types: types), catalog: catalog)
}

/// The error that `body` throws.
func stoaError(_ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> StoaError {
    do {
        try body()
    } catch let error as StoaError {
        return error
    } catch {
        Issue.record("another error: \(error)", sourceLocation: sourceLocation)
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return StoaError(.engineFailed, "nothing was thrown")
}
