import StoaColumns

/// A file format and how to read it.
public enum FileFormat: Hashable, Codable, Sendable {
    case csv(CSVOptions)
    case parquet
    /// The Arrow IPC file format.
    case arrow
    /// One JSON object per line.
    case json
}

/// How a CSV file is spelled.
public struct CSVOptions: Hashable, Codable, Sendable {
    /// Separates fields; one ASCII character.
    public var delimiter: String
    /// Whether the first record names the columns; without it they are column_0, column_1, ...
    public var hasHeader: Bool
    /// Unquoted fields that mean null.
    public var nullStrings: [String]

    /// Comma, header, and empty or `NA` for null, unless stated.
    public init(delimiter: String = ",", hasHeader: Bool = true, nullStrings: [String] = ["", "NA"]) {
        self.delimiter = delimiter
        self.hasHeader = hasHeader
        self.nullStrings = nullStrings
    }
}

/// Files to be read as one dataset: what the user asked for, before anything was opened.
public struct FileScan: Hashable, Codable, Sendable {
    /// A file, a glob or a folder.
    public var path: String
    /// Nil to go by the file's extension.
    public var format: FileFormat?
    /// Types given by the user for some columns, in place of inference.
    public var types: [String: DataType]
    /// Whether each file is one partition, however large, instead of the parts that its rows divide into. Only for formats
    /// that are no text.
    package var hasPartitionPerFile = false

    /// A scan of a path.
    public init(path: String, format: FileFormat? = nil, types: [String: DataType] = [:]) {
        self.path = path
        self.format = format
        self.types = types
    }
}

/// What tells whether a file is still the one that was looked at. A write that leaves size and time as they were is not
/// noticed.
package struct FileIdentity: Hashable, Codable, Sendable {
    package let size: Int
    /// Time of the last write, in nanoseconds since 1970.
    package let modified: Int64
    /// The number that its file system gave it: another file of the same name has another one.
    package let number: UInt64

    package init(size: Int, modified: Int64, number: UInt64) {
        self.size = size
        self.modified = modified
        self.number = number
    }
}

/// A part of one file that one task reads: a partition, fixed by the data.
public struct FileSlice: Hashable, Codable, Sendable {
    /// Which rows of the file.
    public enum Part: Hashable, Codable, Sendable {
        /// Records of a text file that start in a byte range which begins and ends at record borders; `firstRecord` is the
        /// one-based record number of the first.
        case bytes(Range<Int>, firstRecord: Int)
        /// Row groups of a Parquet file.
        case rowGroups([Int])
        /// Record batches of an Arrow file.
        case batches(Range<Int>)
    }

    /// The file.
    public let path: String
    /// How to read it.
    public let format: FileFormat
    /// All columns of the file, with their types after inference and overrides.
    public let fileSchema: Schema
    /// The columns to give, as indices of `fileSchema`, in this order.
    public let projection: [Int]
    /// The rows to give.
    public let part: Part
    /// The file as it was when the scan was planned: a reader that finds another one throws `fileChanged`.
    package let identity: FileIdentity
    /// Rows of the slice when known without reading it.
    public let rowCount: Int?

    /// A slice.
    package init(
        path: String, format: FileFormat, fileSchema: Schema, projection: [Int], part: Part, identity: FileIdentity,
        rowCount: Int?
    ) {
        self.path = path
        self.format = format
        self.fileSchema = fileSchema
        self.projection = projection
        self.part = part
        self.identity = identity
        self.rowCount = rowCount
    }

    /// The schema of the batches that reading gives.
    public var schema: Schema { fileSchema.projected(to: projection) }
}

/// A file to be written by one task.
public struct FileSink: Hashable, Codable, Sendable {
    /// Where the finished file will be.
    public let path: String
    /// What it will be.
    public let format: FileFormat

    /// A file to write.
    public init(path: String, format: FileFormat) {
        self.path = path
        self.format = format
    }
}
