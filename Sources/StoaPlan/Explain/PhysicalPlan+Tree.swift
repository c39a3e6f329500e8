import StoaColumns

extension PhysicalPlan {
    /// The topmost operator on one line.
    var line: String {
        switch self {
        case .input(let number, let schema): return "input \(number) \(schema)"
        case .filter(let condition, let input): return "filter \(condition.named(by: input.schema))"
        case .project(let expressions, let schema, let input):
            let list = zip(expressions, schema.names).map { $0.named(by: input.schema, as: $1) }
            return "project \(list.joined(separator: ", "))"
        case .aggregate(let aggregation, let input): return aggregation.line(over: input.schema)
        case .topRows(let top, let input):
            return top.line(over: input.schema) + (top.isPartial ? ", partial" : "")
        case .join(let join, let build, let probe):
            let sides = join.buildSide == .left ? (build, probe) : (probe, build)
            let keys = join.buildSide == .left ? (join.buildKeys, join.probeKeys) : (join.probeKeys, join.buildKeys)
            let pairs = zip(keys.0, keys.1).map {
                JoinKey(left: $0.named(by: sides.0.schema), right: $1.named(by: sides.1.schema)).description
            }
            let strategy = join.isBroadcast ? "broadcast \(join.kind.rawValue)" : join.kind.rawValue
            return "\(strategy) join on \(pairs.joined(separator: ", ")), build \(join.buildSide.rawValue)"
        case .sort(let keys, let limit, let input):
            return (limit.map { "top \($0)" } ?? "sort") + " " + Self.list(keys, input.schema)
        case .mergeSorted(let keys, let limit, let input):
            return "merge sorted\(limit.map { ", first \($0)" } ?? "") " + Self.list(keys, input.schema)
        case .limit(let skip, let count, _): return "limit \(count)\(skip == 0 ? "" : " after \(skip)")"
        case .map(let function, let schema, _): return "map \(function.typeName) \(schema)"
        case .userAggregate(let function, let phase, _): return "user aggregate \(function.typeName), \(phase.rawValue)"
        }
    }

    /// The operators below too; of a join the build side first.
    var tree: PlanTree { PlanTree(line, inputs.map(\.tree)) }

    private static func list(_ keys: [BoundSortKey], _ schema: Schema) -> String {
        keys.map { $0.named(by: schema) }.joined(separator: ", ")
    }
}

extension Aggregation {
    /// Phase, keys and calls; phases that read states know their arguments by text only.
    fileprivate func line(over input: Schema) -> String {
        let keyNames = schema.names.prefix(keys.count)
        let by = zip(keys, keyNames).map { phase.readsStates ? $1 : $0.named(by: input, as: $1) }
        let calls = aggregates.map {
            phase.readsStates
                ? $0.text
                : Expression.aggregate($0.function, $0.arguments.map { $0.named(by: input) }).description
        }
        let group = by.isEmpty ? "" : " by \(by.joined(separator: ", "))"
        let name = aggregates.isEmpty ? "distinct" : "aggregate"
        return "\(name), \(phase.rawValue)\(group)" + (calls.isEmpty ? "" : ": \(calls.joined(separator: ", "))")
    }
}
