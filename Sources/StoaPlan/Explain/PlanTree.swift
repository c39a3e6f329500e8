import StoaColumns

/// Lines with branches, one node a line.
struct PlanTree {
    let line: String
    let children: [PlanTree]

    init(_ line: String, _ children: [PlanTree] = []) {
        self.line = line
        self.children = children
    }

    /// The lines, every level two spaces further in.
    func lines(indent: Int = 0) -> [String] {
        [String(repeating: "  ", count: indent) + line] + children.flatMap { $0.lines(indent: indent + 1) }
    }
}

extension LogicalPlan {
    /// The plan as the user wrote it.
    var tree: PlanTree { PlanTree(description, inputs.map(\.tree)) }
}

extension ResolvedPlan: CustomStringConvertible {
    /// The topmost node on one line.
    package var description: String {
        let input = inputs.first?.schema ?? schema
        switch node {
        case .scan(let scan, let fileSchema, let projection, let predicate):
            let columns =
                projection.count == fileSchema.count
                ? schema.description : "\(schema) of \(fileSchema.count) columns"
            let pruning = predicate.map { " where statistics allow \($0.named(by: fileSchema))" } ?? ""
            return "scan \"\(scan.path)\" \(columns)\(pruning)"
        case .table(let id): return "table \(id) \(schema)"
        case .project(let expressions, _):
            return "project \(Self.list(expressions, schema.names, input))"
        case .filter(let condition, _): return "filter \(condition.named(by: input))"
        case .aggregate(let keys, let aggregates, _):
            let calls = zip(aggregates, schema.names.dropFirst(keys.count)).map { $0.named(by: input, as: $1) }
            let by = keys.isEmpty ? "" : " by \(Self.list(keys, schema.names, input))"
            return calls.isEmpty ? "distinct\(by)" : "aggregate\(by): \(calls.joined(separator: ", "))"
        case .topRows(let top, _): return top.line(over: input)
        case .join(let join, let left, let right):
            let keys = zip(join.leftKeys, join.rightKeys).map {
                JoinKey(left: $0.named(by: left.schema), right: $1.named(by: right.schema)).description
            }
            return "\(join.kind.rawValue) join on \(keys.joined(separator: ", ")) \(schema)"
        case .sort(let keys, let limit, _):
            return (limit.map { "top \($0)" } ?? "sort") + " "
                + keys.map { $0.named(by: input) }.joined(separator: ", ")
        case .limit(let skip, let count, _): return "limit \(count)\(skip == 0 ? "" : " after \(skip)")"
        case .union(let inputs): return "union of \(inputs.count)"
        case .map(let function, _): return "map \(function.typeName) \(schema)"
        case .persist(let id, _, let level): return level == .memory ? "persist \(id)" : "persist \(id), \(level)"
        }
    }

    /// The plan below this node too.
    var tree: PlanTree { PlanTree(description, inputs.map(\.tree)) }

    private static func list(_ expressions: [BoundExpression], _ names: [String], _ input: Schema) -> String {
        zip(expressions, names).map { $0.named(by: input, as: $1) }.joined(separator: ", ")
    }
}
