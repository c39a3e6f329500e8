extension LogicalPlan: CustomStringConvertible {
    /// The topmost node on one line, as `explain` and errors print it: `filter(distance > 500)`.
    public var description: String {
        switch self {
        case .scan(let scan): "scan(\"\(scan.path)\")"
        case .table(let id, let schema): "table(\(id), \(schema.names.joined(separator: ", ")))"
        case .select(let expressions, _): "select(\(Self.list(expressions)))"
        case .withColumns(let expressions, _): "withColumns(\(Self.list(expressions)))"
        case .drop(let names, _): "drop(\(names.map { "\"\($0)\"" }.joined(separator: ", ")))"
        case .rename(let renamings, _):
            "rename(\(renamings.map { "\"\($0.from)\" to \"\($0.to)\"" }.joined(separator: ", ")))"
        case .filter(let condition, _): "filter(\(condition))"
        case .aggregate(let keys, let aggregates, _):
            keys.isEmpty ? "agg(\(Self.list(aggregates)))" : "groupBy(\(Self.list(keys))).agg(\(Self.list(aggregates)))"
        case .topRows(let count, let keys, let order, _):
            "groupBy(\(Self.list(keys))).top(\(count), by: \(order.map(\.description).joined(separator: ", ")))"
        case .join(let kind, let keys, _, _):
            "\(kind.rawValue) join(on: \(keys.map(\.description).joined(separator: ", ")))"
        case .sort(let keys, _): "sort(\(keys.map(\.description).joined(separator: ", ")))"
        case .limit(let skip, let count, _): "limit(\(count)\(skip == 0 ? "" : ", skip: \(skip)"))"
        case .distinct: "distinct()"
        case .union(let inputs): "union of \(inputs.count)"
        case .map(let function, _, _): "map(\(function.typeName))"
        case .persist(let id, _, let level): level == .memory ? "persist(\(id))" : "persist(\(id), \(level))"
        }
    }

    /// The plans whose rows this one reads.
    public var inputs: [LogicalPlan] {
        switch self {
        case .scan, .table: []
        case .select(_, let input), .withColumns(_, let input), .drop(_, let input), .rename(_, let input),
            .filter(_, let input), .aggregate(_, _, let input), .topRows(_, _, _, let input), .sort(_, let input),
            .limit(_, _, let input), .distinct(let input), .map(_, _, let input), .persist(_, let input, _):
            [input]
        case .join(_, _, let left, let right): [left, right]
        case .union(let inputs): inputs
        }
    }

    private static func list(_ expressions: [Expression]) -> String {
        expressions.map(\.description).joined(separator: ", ")
    }
}

extension JoinKey: CustomStringConvertible {
    /// The name when both sides have it, else the equation.
    public var description: String { left == right ? left.description : "\(left) == \(right)" }
}
