import StoaColumns
import StoaPlan

extension FileFormat {
    /// The format that a file's extension tells. Throws `invalidArgument` for names that tell none.
    static func ofPath(_ path: String) throws(StoaError) -> FileFormat {
        let name = FileSystem.baseName(path)
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        switch parts.count > 1 ? parts[parts.count - 1].lowercased() : "" {
        case "csv": return .csv(CSVOptions())
        case "tsv", "tab": return .csv(CSVOptions(delimiter: "\t"))
        case "parquet", "pq", "parq": return .parquet
        case "arrow", "arrows", "feather", "ipc": return .arrow
        case "json", "jsonl", "ndjson": return .json
        case "gz", "zst", "zstd", "bz2", "xz", "zip", "lz4":
            throw StoaError(
                .unsupported, "compressed text files are not read",
                advice: "decompress it first, or store it as Parquet",
                at: .init(file: path))
        default:
            throw StoaError(
                .invalidArgument, "the name '\(name)' does not tell the format of the file",
                advice: "end it in .csv, .tsv, .parquet, .arrow or .jsonl, or say the format", at: .init(file: path))
        }
    }

    /// The name of the format, for errors.
    var name: String {
        switch self {
        case .csv: "CSV"
        case .parquet: "Parquet"
        case .arrow: "Arrow"
        case .json: "JSON"
        }
    }
}
