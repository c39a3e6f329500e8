import StoaColumns
import StoaPlan

/// What one look at a file shows.
struct FileInspection: Sendable {
    enum Content: Sendable {
        case csv(CSVOptions, CSVInspection)
        case json(Schema)
        case parquet(Schema)
        case arrow(Schema)
    }

    let key: FileKey
    let content: Content

    init(_ key: FileKey) throws(StoaError) {
        self.key = key
        content =
            switch key.format {
            case .csv(let options): .csv(options, try CSVInspection(path: key.path, options: options))
            case .json: .json(try inspectJSON(path: key.path))
            case .parquet: .parquet(try ParquetFooter(path: key.path).schema())
            case .arrow: .arrow(try ArrowFooter(path: key.path).schema())
            }
    }

    /// Names, with the types that the file has or, in text, that a sample shows; a text column that was all null in the
    /// sample has no type.
    var columns: [(name: String, type: DataType?, isNullable: Bool)] {
        switch content {
        case .csv(_, let inspection): inspection.columns.map { ($0.name, $0.type, true) }
        case .json(let schema), .parquet(let schema), .arrow(let schema):
            schema.fields.map { ($0.name, $0.type, $0.isNullable) }
        }
    }

    /// Whether the types come from a sample rather than from the file itself.
    var isInferred: Bool {
        switch content {
        case .csv, .json: true
        case .parquet, .arrow: false
        }
    }

    /// The ranges of a text file's records.
    func pieces(_ partitions: TextPartitions) throws(StoaError) -> [TextPiece] {
        let targetBytes = partitions.targetBytes(ofFile: key.identity.size)
        switch content {
        case .csv(let options, let inspection):
            return try TextPiece.csv(
                path: key.path, options: options, inspection: inspection, targetBytes: targetBytes,
                rowMultiple: partitions.rowMultiple)
        case .json: return try TextPiece.json(path: key.path, targetBytes: targetBytes)
        case .parquet, .arrow: preconditionFailure("a \(key.format.name) file has no text pieces")
        }
    }
}
