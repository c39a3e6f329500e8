import StoaColumns

/// What a dataset is made of, by name: built by transformations, looked up and checked by the analyser when an action runs.
/// A dataset's plan is its lineage.
public indirect enum LogicalPlan: Hashable, Codable, Sendable {
    /// Rows of files.
    case scan(FileScan)
    /// Rows that the session holds in memory on its executors.
    case table(DatasetID, Schema)
    /// Exactly these columns.
    case select([Expression], LogicalPlan)
    /// The input's columns with these added, or replaced where the name exists.
    case withColumns([Expression], LogicalPlan)
    /// The input's columns without these.
    case drop([String], LogicalPlan)
    /// The input's columns, some under new names.
    case rename([Renaming], LogicalPlan)
    /// The rows for which the condition is true; null counts as false.
    case filter(Expression, LogicalPlan)
    /// One row a group: the keys, then the aggregates. Without keys exactly one row.
    case aggregate(keys: [Expression], aggregates: [Expression], LogicalPlan)
    /// At most `count` rows of each group, the first ones by the sort keys.
    case topRows(count: Int, keys: [Expression], by: [SortKey], LogicalPlan)
    /// Rows of both sides whose keys are equal.
    case join(JoinKind, keys: [JoinKey], left: LogicalPlan, right: LogicalPlan)
    /// All rows in order; equal rows keep the order of the input.
    case sort([SortKey], LogicalPlan)
    /// At most `count` rows after `skip` rows.
    case limit(skip: Int, count: Int, LogicalPlan)
    /// Each different row once.
    case distinct(LogicalPlan)
    /// Rows of all inputs, one after the other; columns go by position, types must agree.
    case union([LogicalPlan])
    /// Every batch through a function of the user.
    case map(UserFunction, Schema, LogicalPlan)
    /// The same rows, kept on the executors once they have been computed.
    case persist(DatasetID, LogicalPlan, StorageLevel = .memory)
}

/// One column under a new name.
public struct Renaming: Hashable, Codable, Sendable {
    /// The name now.
    public let from: String
    /// The name after.
    public let to: String

    /// A renaming.
    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// Which rows a join gives.
public enum JoinKind: String, Hashable, Codable, Sendable, CaseIterable {
    /// Pairs of rows with equal keys.
    case inner
    /// Those, and left rows without a partner with nulls on the right.
    case left
}

/// A pair of columns that must be equal. Null keys never join (N3).
public struct JoinKey: Hashable, Codable, Sendable {
    /// Over the left input.
    public let left: Expression
    /// Over the right input.
    public let right: Expression

    /// A pair of keys.
    public init(left: Expression, right: Expression) {
        self.left = left
        self.right = right
    }

    /// A column of the same name on both sides; the result has it once.
    public init(_ name: String) {
        self.init(left: .column(name), right: .column(name))
    }
}

/// A function or aggregate of the user's program as a value that can travel: the type that implements it and the encoded
/// instance. The receiving program contains the same type.
public struct UserFunction: Hashable, Codable, Sendable {
    /// Mangled name of the Swift type.
    public let typeName: String
    /// The instance, encoded.
    public let payload: [UInt8]
    /// The broadcast values that the instance refers to.
    public let broadcasts: [BroadcastID]

    /// A function of the user.
    public init(typeName: String, payload: [UInt8], broadcasts: [BroadcastID] = []) {
        self.typeName = typeName
        self.payload = payload
        self.broadcasts = broadcasts
    }
}
