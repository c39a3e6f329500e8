/// Names a dataset whose partitions executors hold: persisted, or given to the session in memory.
public struct DatasetID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    /// The number behind the name, unique in a session.
    public let value: Int

    /// An id.
    public init(_ value: Int) { self.value = value }

    /// Order of creation.
    public static func < (left: DatasetID, right: DatasetID) -> Bool { left.value < right.value }

    /// `dataset 3`.
    public var description: String { "dataset \(value)" }
}

/// Names a stage within its job.
public struct StageID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    /// Position in the stage graph.
    public let value: Int

    /// An id.
    public init(_ value: Int) { self.value = value }

    /// Order in the stage graph: parents come first.
    public static func < (left: StageID, right: StageID) -> Bool { left.value < right.value }

    /// `stage 3`.
    public var description: String { "stage \(value)" }
}

/// Names a value of the user that executors read.
public struct BroadcastID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    /// The number behind the name, unique in a program.
    public let value: Int

    /// An id.
    public init(_ value: Int) { self.value = value }

    /// Order of creation.
    public static func < (left: BroadcastID, right: BroadcastID) -> Bool { left.value < right.value }

    /// `broadcast 3`.
    public var description: String { "broadcast \(value)" }
}
