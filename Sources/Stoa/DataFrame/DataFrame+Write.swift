import StoaColumns
import StoaFiles
import StoaPlan

extension DataFrame {
    /// Writing files: `try await frame.write.parquet("delays.parquet")`.
    public var write: DataWriter { DataWriter(frame: self) }
}

/// Writes a data frame's rows to files. A file appears complete or not at all.
///
/// A path with the format's extension becomes one file that holds all rows in order, written by one task. A path that ends in
/// `/` becomes a folder with one file a partition (`part-00000.parquet`, ...), written by all executors at once; it must
/// not exist or be empty.
public struct DataWriter: Sendable {
    let frame: DataFrame

    /// RFC 4180 CSV with a header; nulls are empty fields, floats have their shortest exact form.
    public func csv(_ path: String, delimiter: String = ",") async throws {
        try await write(path, .csv(CSVOptions(delimiter: delimiter)))
    }

    /// Parquet with statistics, dictionaries and compression; types and nulls come back as they were.
    public func parquet(_ path: String) async throws {
        try await write(path, .parquet)
    }

    /// The Arrow IPC file format; types and nulls come back as they were.
    public func arrow(_ path: String) async throws {
        try await write(path, .arrow)
    }

    /// The format that the extension tells.
    public func file(_ path: String) async throws {
        let format = try FileCatalog.format(ofPath: path)
        if case .json = format {
            throw StoaError(
                .unsupported, "JSON files are read, not written", advice: "write .csv, .parquet or .arrow",
                at: .init(file: path))
        }
        try await write(path, format)
    }

    private func write(_ path: String, _ format: FileFormat) async throws {
        guard path.hasSuffix("/") else {
            return try await write(.writeFile(FileSink(path: path, format: format)))
        }
        try await writeFolder(path, format)
    }

    /// A file a partition in a folder that appears complete or not at all.
    func writeFolder(_ path: String, _ format: FileFormat) async throws {
        let folder = try FolderSink(path: path)
        do {
            try await write(.writeFolder(folder.temporaryPath, format))
        } catch {
            folder.abort()
            throw error
        }
        try folder.commit()
    }

    private func write(_ action: PlanAction) async throws {
        let session = frame.session
        _ = try await session.run(try session.planner.plan(frame.plan(), for: action))
    }
}
