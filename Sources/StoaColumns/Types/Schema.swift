/// Name, type and nullability of one column.
public struct Field: Hashable, Codable, Sendable {
    /// The column's name.
    public var name: String
    /// The type of its values.
    public var type: DataType
    /// Whether the column may hold nulls; false is a promise that planner and kernels use.
    public var isNullable: Bool

    /// A field; nullable unless stated.
    public init(_ name: String, _ type: DataType, isNullable: Bool = true) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

extension Field: CustomStringConvertible {
    /// `name: type`, with `not null` where that is promised.
    public var description: String { "\(name): \(type)\(isNullable ? "" : " not null")" }
}

/// The columns of a batch, a dataset or a file, in order.
public struct Schema: Hashable, Codable, Sendable {
    /// The fields in column order.
    public var fields: [Field]

    /// A schema of the given fields.
    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// Number of columns.
    public var count: Int { fields.count }

    /// The names in column order.
    public var names: [String] { fields.map(\.name) }

    /// The field at a column index.
    public subscript(index: Int) -> Field { fields[index] }

    /// The first field of that name, or nil.
    public subscript(name: String) -> Field? { fields.first { $0.name == name } }

    /// Index of the only column of that name.
    ///
    /// Throws `unknownColumn` with the nearest names, or `ambiguousColumn` when several columns share it.
    public func index(of name: String) throws(StoaError) -> Int {
        var found: Int?
        for (index, field) in fields.enumerated() where field.name == name {
            if found != nil {
                throw StoaError(
                    .ambiguousColumn,
                    "the name '\(name)' stands for several columns of [\(names.joined(separator: ", "))]",
                    advice: "rename one of them before they come together")
            }
            found = index
        }
        guard let found else {
            throw StoaError(
                .unknownColumn, "there is no column '\(name)'", advice: NearestNames.advice(for: name, among: names))
        }
        return found
    }

    /// The schema of the columns at these indices, in this order.
    public func projected(to indices: [Int]) -> Schema { Schema(indices.map { fields[$0] }) }
}

extension Schema: CustomStringConvertible {
    /// The fields on one line, as plans print them.
    public var description: String { "[" + fields.map(\.description).joined(separator: ", ") + "]" }
}
