internal import CArrowFiles
import StoaColumns
import StoaPlan

/// An open part of a file in the C layer, used by one thread.
final class NativeReader {
    private let handle: OpaquePointer
    private let path: String
    private var importer = BatchImporter()

    /// Takes what `open` opened.
    init(path: String, _ open: (UnsafeMutablePointer<OpaquePointer?>) -> stoa_status) throws(StoaError) {
        var handle: OpaquePointer?
        try StoaError.check(open(&handle), file: path)
        guard let handle else { preconditionFailure("the C layer succeeded without giving a reader") }
        self.handle = handle
        self.path = path
    }

    deinit { stoa_reader_close(handle) }

    /// The next batch, nil after the last.
    func next() throws(StoaError) -> Batch? {
        var array = ArrowArray()
        var schema = ArrowSchema()
        try StoaError.check(stoa_reader_next(handle, &array, &schema), file: path)
        guard array.release != nil else { return nil }
        do {
            return try importer.batch(importing: &array, schema: &schema)
        } catch {
            throw error.located(.init(file: path))
        }
    }
}

extension NativeReader {
    /// Rows a batch has at most: with a hundred bytes a row a batch fits the last-level cache.
    private static let batchRows: Int64 = 65_536
    /// Values a batch has at most, for wide files: memory for all rows of a batch is taken before the first is read.
    private static let batchValues: Int64 = 2 << 20

    /// Rows of a batch of so many columns; a whole number of sum leaves.
    private static func batchRows(columns: Int) -> Int64 {
        max(1_024, min(batchRows, batchValues / Int64(max(1, columns)) / 1_024 * 1_024))
    }

    /// The same for a part of a text file: a CSV record has at least a byte for each column of the file.
    private static func batchRows(_ slice: FileSlice, bytes: Range<Int>) -> Int64 {
        let possible = Int64(bytes.count / max(1, slice.fileSchema.count) + 1)
        return min(batchRows(columns: slice.projection.count), possible)
    }

    /// Opens a slice for reading.
    static func open(_ slice: FileSlice) throws(StoaError) -> NativeReader {
        let projection = slice.projection.map { Int32($0) }
        let count = Int32(projection.count)
        switch (slice.format, slice.part) {
        case (.csv(let options), .bytes(let range, let firstRecord)):
            return try withDialect(options, file: slice.path) { (dialect) throws(StoaError) in
                try NativeReader(path: slice.path) { handle in
                    withTextRequest(slice, range, firstRecord) { stoa_csv_read($0, dialect, handle) }
                }
            }
        case (.json, .bytes(let range, let firstRecord)):
            return try NativeReader(path: slice.path) { handle in
                withTextRequest(slice, range, firstRecord) { stoa_json_read($0, handle) }
            }
        case (.parquet, .rowGroups(let rowGroups)):
            let groups = rowGroups.map { Int32($0) }
            return try NativeReader(path: slice.path) {
                stoa_parquet_read(
                    slice.path, groups, Int32(groups.count), projection, count,
                    batchRows(columns: projection.count), $0)
            }
        case (.arrow, .batches(let range)):
            return try NativeReader(path: slice.path) {
                stoa_ipc_read(slice.path, Int64(range.lowerBound), Int64(range.upperBound), projection, count, $0)
            }
        default:
            preconditionFailure("a slice of a \(slice.format.name) file cannot be \(slice.part)")
        }
    }

    private static func withTextRequest(
        _ slice: FileSlice, _ range: Range<Int>, _ firstRecord: Int,
        _ body: (UnsafePointer<stoa_text_request>) -> stoa_status
    ) -> stoa_status {
        var columns = ArrowSchema()
        slice.fileSchema.export(to: &columns)
        let projection = slice.projection.map { Int32($0) }
        return slice.path.withCString { path in
            projection.withUnsafeBufferPointer { projection in
                withUnsafeMutablePointer(to: &columns) { columns in
                    var request = stoa_text_request(
                        path: path, start: Int64(range.lowerBound), end: Int64(range.upperBound),
                        first_record: Int64(firstRecord), columns: columns, projection: projection.baseAddress,
                        projection_count: Int32(projection.count), batch_rows: batchRows(slice, bytes: range))
                    let status = body(&request)
                    // Released already unless the call failed before it came to the schema.
                    if let release = columns.pointee.release { release(columns) }
                    return status
                }
            }
        }
    }
}
