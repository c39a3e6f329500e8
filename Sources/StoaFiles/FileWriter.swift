internal import CArrowFiles
import StoaColumns
import StoaPlan

/// Writes one file on one thread. The file has its name only after `close`; before, and after a failure, nothing is
/// there or what was there before.
///
/// CSV: null is an empty field, floats have their shortest exact form, text that would read as null is quoted. Parquet:
/// row groups of 131,072 rows, zstd, statistics, dictionaries. Arrow: the file format, a batch a batch.
package final class FileWriter {
    private let sink: FileSink
    private let schema: Schema
    private var handle: OpaquePointer?

    /// Rows of a Parquet row group: one partition of a later scan.
    package static let rowGroupRows = FileDivision.fullRows

    /// Begins the file. Throws `unsupported` for JSON, `fileNotFound` when the folder does not exist.
    package init(_ sink: FileSink, schema: Schema) throws(StoaError) {
        self.sink = sink
        self.schema = schema
        var handle: OpaquePointer?
        let options: CSVOptions
        let format: Int
        switch sink.format {
        case .csv(let given): (options, format) = (given, STOA_FORMAT_CSV)
        case .parquet: (options, format) = (CSVOptions(), STOA_FORMAT_PARQUET)
        case .arrow: (options, format) = (CSVOptions(), STOA_FORMAT_IPC)
        case .json:
            throw StoaError(
                .unsupported, "JSON files are read, not written", advice: "write CSV, Parquet or Arrow",
                at: .init(file: sink.path))
        }
        try withDialect(options, file: sink.path) { (dialect) throws(StoaError) in
            var columns = ArrowSchema()
            schema.export(to: &columns)
            let status = sink.path.withCString { path in
                withUnsafeMutablePointer(to: &columns) { columns in
                    var request = stoa_write_request(
                        path: path, format: Int32(format), columns: columns, dialect: dialect,
                        row_group_rows: Int64(Self.rowGroupRows), is_durable: false)
                    let status = stoa_writer_open(&request, &handle)
                    if let release = columns.pointee.release { release(columns) }
                    return status
                }
            }
            try StoaError.check(status, file: sink.path)
        }
        self.handle = handle
    }

    deinit { abort() }

    /// Adds the rows of a batch of the writer's schema. After a failure the file is given up.
    package func write(_ batch: Batch) throws(StoaError) {
        guard let handle else { preconditionFailure("a batch for a file that was closed or given up") }
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        let status = stoa_writer_write(handle, &array, &schema)
        if let release = array.release { release(&array) }
        if let release = schema.release { release(&schema) }
        if let error = StoaError(status, file: sink.path) {
            abort()
            throw error
        }
    }

    /// Completes the file and gives it its name, replacing a file of that name.
    package func close() throws(StoaError) {
        guard let handle else { preconditionFailure("a file cannot be closed twice") }
        self.handle = nil
        try StoaError.check(stoa_writer_close(handle), file: sink.path)
    }

    /// Gives the file up and removes what was written. Does nothing after `close`.
    package func abort() {
        if let handle { stoa_writer_abort(handle) }
        handle = nil
    }
}
