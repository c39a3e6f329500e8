internal import CArrowFiles
import StoaColumns
import StoaPlan

/// What a sample of a CSV file shows.
struct CSVInspection: Sendable {
    struct Column: Sendable {
        let name: String
        /// The narrowest type that the sampled values allow; nil when all of them were null.
        let type: DataType?
        /// Sampled values other than null: the evidence for the type.
        let sampledValues: Int
    }

    let columns: [Column]
    /// Where the records after the header begin.
    let dataStart: Int
    /// Number in the file of the first record after the header.
    let firstRecord: Int

    init(path: String, options: CSVOptions) throws(StoaError) {
        var summary: UnsafeMutablePointer<stoa_csv_summary>?
        try withDialect(options, file: path) { (dialect) throws(StoaError) in
            try StoaError.check(stoa_csv_inspect(path, dialect, &summary), file: path)
        }
        guard let summary else { preconditionFailure("the C layer succeeded without giving a summary") }
        defer { stoa_csv_summary_free(summary) }
        columns = (0..<Int(summary.pointee.column_count)).map { index in
            let column = summary.pointee.columns[index]
            return Column(
                name: String(cString: column.name),
                type: column.sampled_values > 0 ? Self.type(ofKind: Int(column.kind)) : nil,
                sampledValues: Int(column.sampled_values))
        }
        dataStart = Int(summary.pointee.data_start)
        firstRecord = Int(summary.pointee.first_record)
    }

    private static func type(ofKind kind: Int) -> DataType {
        switch kind {
        case STOA_CSV_BOOL: .bool
        case STOA_CSV_INT64: .int64
        case STOA_CSV_FLOAT64: .float64
        case STOA_CSV_DATE32: .date32
        case STOA_CSV_TIMESTAMP: .timestamp
        case STOA_CSV_TIMESTAMP_UTC: .timestamp(zone: "UTC")
        default: .utf8
        }
    }
}

/// What a sample of a JSON file shows: columns and types.
func inspectJSON(path: String) throws(StoaError) -> Schema {
    var schema = ArrowSchema()
    var rows: Int64 = 0
    try StoaError.check(stoa_json_inspect(path, &schema, &rows), file: path)
    do {
        return try Schema(importing: &schema)
    } catch {
        throw error.located(.init(file: path))
    }
}

/// A range of whole records of a text file.
struct TextPiece: Sendable {
    let range: Range<Int>
    /// Number in the file of the first record.
    let firstRecord: Int
    let rowCount: Int

    /// Cuts a CSV file, whose records begin as inspected, into pieces of about `targetBytes`, ending at
    /// multiples of `rowMultiple` rows.
    static func csv(
        path: String, options: CSVOptions, inspection: CSVInspection, targetBytes: Int, rowMultiple: Int
    ) throws(StoaError) -> [TextPiece] {
        try withDialect(options, file: path) { (dialect) throws(StoaError) in
            try pieces(path: path) { pieces, count in
                stoa_csv_split(
                    path, dialect, Int32(inspection.columns.count), Int64(inspection.dataStart),
                    Int64(inspection.firstRecord), Int64(targetBytes), Int64(rowMultiple), pieces,
                    count)
            }
        }
    }

    /// Cuts a JSON file into pieces of about `targetBytes`. Their rows are lines that are not empty.
    static func json(path: String, targetBytes: Int) throws(StoaError) -> [TextPiece] {
        try pieces(path: path) { stoa_json_split(path, Int64(targetBytes), $0, $1) }
    }

    private static func pieces(
        path: String,
        _ split: (UnsafeMutablePointer<UnsafeMutablePointer<stoa_piece>?>, UnsafeMutablePointer<Int64>) -> stoa_status
    ) throws(StoaError) -> [TextPiece] {
        var pieces: UnsafeMutablePointer<stoa_piece>?
        var count: Int64 = 0
        try StoaError.check(split(&pieces, &count), file: path)
        defer { stoa_pieces_free(pieces) }
        return UnsafeBufferPointer(start: pieces, count: Int(count)).map {
            TextPiece(
                range: Int($0.start)..<Int($0.end), firstRecord: Int($0.first_record), rowCount: Int($0.rows))
        }
    }
}
