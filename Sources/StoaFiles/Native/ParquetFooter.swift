internal import CArrowFiles
import StoaColumns

/// The footer of a Parquet file: schema, row groups and what is known of their columns. Used by one thread.
final class ParquetFooter {
    private let handle: OpaquePointer
    private let path: String

    init(path: String) throws(StoaError) {
        var handle: OpaquePointer?
        try StoaError.check(stoa_parquet_open(path, &handle), file: path)
        guard let handle else { preconditionFailure("the C layer succeeded without giving a file") }
        self.handle = handle
        self.path = path
    }

    deinit { stoa_parquet_close(handle) }

    func schema() throws(StoaError) -> Schema {
        var schema = ArrowSchema()
        try StoaError.check(stoa_parquet_schema(handle, &schema), file: path)
        do {
            return try Schema(importing: &schema)
        } catch {
            throw error.located(.init(file: path))
        }
    }

    var rowGroupCount: Int { Int(stoa_parquet_row_group_count(handle)) }

    func rowCount(ofGroup group: Int) -> Int { Int(stoa_parquet_row_group_rows(handle, Int32(group))) }

    /// What the footer says about a column of a row group.
    func statistics(ofGroup group: Int, column: Int) throws(StoaError) -> ColumnStatistics {
        var statistics = stoa_statistics()
        try StoaError.check(
            stoa_parquet_statistics(handle, Int32(group), Int32(column), &statistics), file: path)
        defer { stoa_statistics_free(&statistics) }
        return ColumnStatistics(
            bounds: Self.bounds(statistics),
            nullCount: statistics.null_count < 0 ? nil : Int(statistics.null_count),
            rowCount: Int(statistics.row_count))
    }

    private static func bounds(_ statistics: stoa_statistics) -> ClosedRange<BoundValue>? {
        let values: (stoa_bound) -> BoundValue
        switch Int(statistics.kind) {
        case STOA_BOUNDS_INTEGER: values = { .number(Int128($0.integer)) }
        case STOA_BOUNDS_UNSIGNED: values = { .number(Int128($0.unsigned_integer)) }
        case STOA_BOUNDS_DECIMAL:
            values = { .number(Int128($0.decimal_high) << 64 | Int128($0.decimal_low)) }
        case STOA_BOUNDS_FLOAT: values = { .float($0.floating) }
        case STOA_BOUNDS_BYTES:
            values = { bound in
                .bytes(Array(UnsafeRawBufferPointer(start: bound.bytes, count: Int(bound.byte_count))))
            }
        default: return nil
        }
        let lower = values(statistics.minimum)
        let upper = values(statistics.maximum)
        // A file may lie; bounds in the wrong order tell nothing.
        return lower <= upper ? lower...upper : nil
    }
}
