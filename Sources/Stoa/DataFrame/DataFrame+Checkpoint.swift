import StoaColumns
import StoaFiles
import StoaPlan

extension DataFrame {
    /// Writes the rows to a new folder, a file a partition, and gives a data frame that reads them there.
    ///
    /// The lineage ends in these files: what the rows were made from is not asked for any more, by later actions or when an
    /// executor is lost, and may be changed or freed. Names, types, nulls, the bits of floats, the order of the rows and
    /// their partitions are as before, so later results have the same bits. The folder appears complete or not at all; it
    /// is the caller's, and stays until the caller removes it.
    ///
    /// - Parameters:
    ///   - path: the folder, which must not exist or be empty. The folder around it exists.
    ///   - format: `.parquet` or `.arrow`; nil to go by the path's extension, Parquet when it has none.
    /// - Throws: `invalidArgument` for a folder that holds something and for another format, `fileNotFound` when the folder
    ///   around it does not exist, and whatever the rows throw.
    public func checkpoint(to path: String, format: FileFormat? = nil) async throws -> DataFrame {
        let format = try Self.checkpointFormat(path, format)
        try await DataWriter(frame: self).writeFolder(path, format)
        var scan = FileScan(path: path, format: format)
        scan.hasPartitionPerFile = true
        return DataFrame(session: session, plan: .scan(scan))
    }

    private static func checkpointFormat(_ path: String, _ given: FileFormat?) throws(StoaError) -> FileFormat {
        let name = path.split(separator: "/").last ?? ""
        let hasExtension = name.dropFirst().contains(".") && name != ".."
        let format: FileFormat
        if let given {
            format = given
        } else if hasExtension, let known = try? FileCatalog.format(ofPath: String(name)) {
            format = known
        } else {
            // `results.v2` is a folder like any other.
            format = .parquet
        }
        switch format {
        case .parquet, .arrow: return format
        case .csv, .json:
            throw StoaError(
                .invalidArgument, "a checkpoint in text would not give the same types back",
                advice: "checkpoint in .parquet or .arrow, or write CSV with write.csv(_:)", at: .init(file: path))
        }
    }
}
