import StoaColumns
import StoaPlan

/// Data frames over files. Nothing is opened before an action or `schema` asks; a path is a file, a glob (`data/*.csv`) or
/// a folder. Errors of the files (missing, malformed) are thrown there.
public struct DataReader: Sendable {
    let session: Session

    /// CSV files (RFC 4180, quoted fields may hold newlines).
    ///
    /// - Parameters:
    ///   - path: a file, a glob or a folder.
    ///   - types: types of some columns in place of inference from sampled blocks across the file.
    ///   - delimiter: one ASCII character.
    ///   - hasHeader: whether the first record names the columns.
    ///   - nullStrings: unquoted fields that mean null.
    public func csv(
        _ path: String, types: [String: DataType] = [:], delimiter: String = ",", hasHeader: Bool = true,
        nullStrings: [String] = ["", "NA"]
    ) -> DataFrame {
        let options = CSVOptions(delimiter: delimiter, hasHeader: hasHeader, nullStrings: nullStrings)
        return frame(FileScan(path: path, format: .csv(options), types: types))
    }

    /// Parquet files; columns and row groups that a query does not need are not read.
    public func parquet(_ path: String) -> DataFrame { frame(FileScan(path: path, format: .parquet)) }

    /// Arrow IPC files, mapped into memory without a copy.
    public func arrow(_ path: String) -> DataFrame { frame(FileScan(path: path, format: .arrow)) }

    /// Files with one JSON object a line.
    public func json(_ path: String, types: [String: DataType] = [:]) -> DataFrame {
        frame(FileScan(path: path, format: .json, types: types))
    }

    /// Files whose format their extension tells: csv, tsv, parquet, arrow, feather, ipc, json, jsonl, ndjson.
    public func file(_ path: String, types: [String: DataType] = [:]) -> DataFrame {
        frame(FileScan(path: path, types: types))
    }

    private func frame(_ scan: FileScan) -> DataFrame {
        DataFrame(session: session, plan: .scan(scan))
    }
}
