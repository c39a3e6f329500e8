import StoaColumns

/// A plan after analysis: columns by index, every expression typed, every node with the schema of its rows. Rules rewrite it,
/// stages are cut from it.
package struct ResolvedPlan: Hashable, Codable, Sendable {
    /// What makes the rows. Indices in expressions point into the input's schema.
    package indirect enum Node: Hashable, Codable, Sendable {
        /// Rows of files: the columns at `projection`, indices of the files' schema. `predicate` holds over the files' whole
        /// schema and serves to leave out parts of files by their statistics; a filter above still does the work.
        case scan(FileScan, fileSchema: Schema, projection: [Int], predicate: BoundExpression?)
        /// Rows that the session holds.
        case table(DatasetID)
        /// One column an expression.
        case project([BoundExpression], ResolvedPlan)
        case filter(BoundExpression, ResolvedPlan)
        /// The keys, then the aggregates. No `countDistinct`.
        case aggregate(keys: [BoundExpression], aggregates: [BoundAggregate], ResolvedPlan)
        /// The first rows of each group.
        case topRows(TopRows, ResolvedPlan)
        case join(ResolvedJoin, left: ResolvedPlan, right: ResolvedPlan)
        /// Only the first `limit` rows when given.
        case sort([BoundSortKey], limit: Int?, ResolvedPlan)
        case limit(skip: Int, count: Int, ResolvedPlan)
        /// All inputs have this node's schema, names included.
        case union([ResolvedPlan])
        case map(UserFunction, ResolvedPlan)
        case persist(DatasetID, ResolvedPlan, StorageLevel = .memory)
    }

    /// What makes the rows.
    package let node: Node
    /// Names and types of the rows.
    package let schema: Schema

    package init(_ node: Node, schema: Schema) {
        self.node = node
        self.schema = schema
    }

    /// The plans whose rows this one reads.
    package var inputs: [ResolvedPlan] {
        switch node {
        case .scan, .table: []
        case .project(_, let input), .filter(_, let input), .aggregate(_, _, let input), .topRows(_, let input),
            .sort(_, _, let input), .limit(_, _, let input), .map(_, let input), .persist(_, let input, _):
            [input]
        case .join(_, let left, let right): [left, right]
        case .union(let inputs): inputs
        }
    }

    /// The same node over other inputs, as many as before and of the same schemas.
    package func over(_ inputs: [ResolvedPlan]) -> ResolvedPlan {
        switch node {
        case .scan, .table: self
        case .project(let expressions, _): ResolvedPlan(.project(expressions, inputs[0]), schema: schema)
        case .filter(let condition, _): ResolvedPlan(.filter(condition, inputs[0]), schema: schema)
        case .aggregate(let keys, let aggregates, _):
            ResolvedPlan(.aggregate(keys: keys, aggregates: aggregates, inputs[0]), schema: schema)
        case .topRows(let top, _): ResolvedPlan(.topRows(top, inputs[0]), schema: schema)
        case .join(let join, _, _): ResolvedPlan(.join(join, left: inputs[0], right: inputs[1]), schema: schema)
        case .sort(let keys, let limit, _): ResolvedPlan(.sort(keys, limit: limit, inputs[0]), schema: schema)
        case .limit(let skip, let count, _):
            ResolvedPlan(.limit(skip: skip, count: count, inputs[0]), schema: schema)
        case .union: ResolvedPlan(.union(inputs), schema: schema)
        case .map(let function, _): ResolvedPlan(.map(function, inputs[0]), schema: schema)
        case .persist(let id, _, let level): ResolvedPlan(.persist(id, inputs[0], level), schema: schema)
        }
    }

    /// The rows for which the condition is true.
    package static func filter(_ condition: BoundExpression, _ input: ResolvedPlan) -> ResolvedPlan {
        ResolvedPlan(.filter(condition, input), schema: input.schema)
    }

    /// The columns of the input at these indices, in this order; the input itself when that is all of them.
    package static func columns(_ indices: [Int], of input: ResolvedPlan) -> ResolvedPlan {
        if indices == Array(0..<input.schema.count) { return input }
        return ResolvedPlan(
            .project(indices.map { .column($0, of: input.schema) }, input), schema: input.schema.projected(to: indices))
    }
}

/// A join after analysis: the keys of both sides have equal types.
package struct ResolvedJoin: Hashable, Codable, Sendable {
    package let kind: JoinKind
    /// Over the left input.
    package let leftKeys: [BoundExpression]
    /// Over the right input.
    package let rightKeys: [BoundExpression]
    /// The result's columns.
    package let output: [HashJoin.OutputColumn]

    package init(
        kind: JoinKind, leftKeys: [BoundExpression], rightKeys: [BoundExpression], output: [HashJoin.OutputColumn]
    ) {
        self.kind = kind
        self.leftKeys = leftKeys
        self.rightKeys = rightKeys
        self.output = output
    }
}

extension ResolvedPlan {
    /// The node with each of its expressions replaced by one of the same type over the same input. The inputs stay.
    func rewritingExpressions(_ rewrite: (BoundExpression) -> BoundExpression) -> ResolvedPlan {
        switch node {
        case .scan, .table, .limit, .union, .map, .persist: return self
        case .project(let expressions, let input):
            return ResolvedPlan(.project(expressions.map(rewrite), input), schema: schema)
        case .filter(let condition, let input): return ResolvedPlan(.filter(rewrite(condition), input), schema: schema)
        case .aggregate(let keys, let aggregates, let input):
            return ResolvedPlan(
                .aggregate(
                    keys: keys.map(rewrite), aggregates: aggregates.map { $0.over($0.arguments.map(rewrite)) }, input),
                schema: schema)
        case .topRows(let top, let input):
            return ResolvedPlan(.topRows(top.rewritingExpressions(rewrite), input), schema: schema)
        case .join(let join, let left, let right):
            let rewritten = ResolvedJoin(
                kind: join.kind, leftKeys: join.leftKeys.map(rewrite), rightKeys: join.rightKeys.map(rewrite),
                output: join.output)
            return ResolvedPlan(.join(rewritten, left: left, right: right), schema: schema)
        case .sort(let keys, let limit, let input):
            return ResolvedPlan(
                .sort(keys.map { $0.over(rewrite($0.expression)) }, limit: limit, input), schema: schema)
        }
    }
}

extension BoundAggregate {
    /// The same aggregate of other arguments.
    package func over(_ arguments: [BoundExpression]) -> BoundAggregate {
        BoundAggregate(function: function, arguments: arguments, type: type, text: text)
    }
}

extension BoundSortKey {
    /// The same direction over another expression.
    func over(_ expression: BoundExpression) -> BoundSortKey {
        BoundSortKey(expression, isDescending: isDescending, nullsFirst: nullsFirst)
    }
}
