import StoaColumns
import StoaPlan
import Synchronization

/// What is known of files without running anything: their schemas, and how they divide into partitions.
///
/// Files are looked at once and again only after they changed. Guard: a lock around the table of what was seen; files
/// are read outside it, so two threads may look at the same file at once and agree.
package final class FileCatalog: Sendable {
    private let seen = Mutex<[FileKey: FileInspection]>([:])
    private let cut = Mutex<[FileKey: [TextPiece]]>([:])
    private let textPartitions: TextPartitions

    package init(textPartitions: TextPartitions = TextPartitions()) {
        self.textPartitions = textPartitions
    }

    /// The format that a path's extension tells. Throws `invalidArgument` for names that tell none.
    package static func format(ofPath path: String) throws(StoaError) -> FileFormat {
        try FileFormat.ofPath(path)
    }

    /// All columns of the files of a scan, with types after inference and overrides.
    ///
    /// Throws `schemaMismatch`, naming two files and the column, when the files do not have the same columns; in text
    /// files types that were inferred give way to each other where one holds the other's values.
    package func schema(of scan: FileScan) throws(StoaError) -> Schema {
        try SchemaUnion.schema(of: try inspect(scan), types: scan.types)
    }

    /// The partitions of a scan, in file and row order; at least one, perhaps of no rows.
    ///
    /// - Parameters:
    ///   - projection: the columns that will be read, as indices of the scan's schema.
    ///   - predicate: a condition over the scan's schema; row groups whose statistics rule it out are left away.
    package func partitions(
        of scan: FileScan, projection: [Int], predicate: BoundExpression?
    ) throws(StoaError) -> ScanPartitions {
        let files = try inspect(scan)
        let schema = try SchemaUnion.schema(of: files, types: scan.types)
        var parts = PartitionList()
        for file in files {
            let division = try division(of: file, schema: schema, predicate: predicate)
            parts.add(scan.hasPartitionPerFile ? division.joined : division)
        }
        return ScanPartitions(
            slices: parts.slices(of: files, schema: schema, projection: projection), prunedParts: parts.prunedParts,
            byteCount: files.reduce(0) { $0 + $1.key.identity.size }, rowCount: parts.rowCount)
    }

    /// What the sample of a CSV column showed; nil when its type was not inferred.
    static func evidence(for column: String, in slice: FileSlice) -> (type: DataType, sampledValues: Int)? {
        guard case .csv(let options) = slice.format,
            let inspection = try? CSVInspection(path: slice.path, options: options),
            let found = inspection.columns.first(where: { $0.name == column }), let type = found.type
        else { return nil }
        return (type, found.sampledValues)
    }

    private func inspect(_ scan: FileScan) throws(StoaError) -> [FileInspection] {
        var files: [FileInspection] = []
        for path in try PathExpansion.files(of: scan.path) {
            let format = if let given = scan.format { given } else { try FileFormat.ofPath(path) }
            if let first = files.first, first.key.format.name != format.name {
                throw StoaError(
                    .schemaMismatch, "a \(format.name) file beside \(first.key.format.name) file '\(first.key.path)'",
                    advice: "read one format at a time", at: .init(file: path))
            }
            files.append(try inspect(FileKey(path: path, format: format, identity: try FileIdentity(of: path))))
        }
        return files
    }

    private func inspect(_ key: FileKey) throws(StoaError) -> FileInspection {
        if let known = seen.withLock({ $0[key] }) { return known }
        let inspection = try FileInspection(key)
        seen.withLock { $0[key] = inspection }
        return inspection
    }

    private func division(
        of file: FileInspection, schema: Schema, predicate: BoundExpression?
    ) throws(StoaError) -> FileDivision {
        switch file.content {
        case .csv, .json:
            if let known = cut.withLock({ $0[file.key] }) { return .text(known, of: file) }
            let pieces = try file.pieces(textPartitions)
            cut.withLock { $0[file.key] = pieces }
            return .text(pieces, of: file)
        case .parquet: return try .parquet(file, schema: schema, predicate: predicate)
        case .arrow: return try .arrow(file)
        }
    }
}

/// A file as it was when it was looked at, and how it was to be read.
struct FileKey: Hashable, Sendable {
    let path: String
    let format: FileFormat
    let identity: FileIdentity
}

/// How text files are cut into partitions.
package struct TextPartitions: Hashable, Sendable {
    /// Bytes of a partition; nil for a 64th of the file, at least 4 MiB and at most 64 MiB.
    package let targetBytes: Int?
    /// CSV partitions end where the rows of the file so far are a multiple of this: sums then join the same leaves
    /// however the file was cut.
    package let rowMultiple: Int

    package init(targetBytes: Int? = nil, rowMultiple: Int = 1_024) {
        self.targetBytes = targetBytes
        self.rowMultiple = rowMultiple
    }

    func targetBytes(ofFile size: Int) -> Int { targetBytes ?? min(max(size / 64, 4 << 20), 64 << 20) }
}
