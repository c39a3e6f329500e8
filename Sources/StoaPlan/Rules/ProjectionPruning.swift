import StoaColumns

/// Leaves out columns that nobody reads: scans read only what is needed, sorts and exchanges carry no more.
///
///     aggregate by carrier: mean(delay)        becomes    aggregate by carrier: mean(delay)
///       filter distance > 500                               filter distance > 500
///         scan flights [19 columns]                           scan flights [carrier, distance, delay]
///
/// A node keeps at least one column, the narrowest, so that its rows can be counted. A persisted dataset keeps all its
/// columns, and a function of the user gets all of its input's.
package enum ProjectionPruning {
    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan {
        exactly(Array(plan.schema.fields.indices), of: plan)
    }

    /// A plan that gives some of another's columns, in their order.
    private struct Pruned {
        let plan: ResolvedPlan
        /// The columns' indices in the plan before, ascending.
        let kept: [Int]

        /// Where a column of the plan before is now.
        func position(_ index: Int) -> Int {
            guard let position = kept.firstIndex(of: index) else {
                preconditionFailure("column \(index) of \(plan) is read and was pruned")
            }
            return position
        }

        func moved(_ expression: BoundExpression) -> BoundExpression { expression.movingColumns(position) }
    }

    /// Exactly these columns of the plan, in this order.
    private static func exactly(_ columns: [Int], of plan: ResolvedPlan) -> ResolvedPlan {
        let pruned = pruned(plan, to: Set(columns))
        return .columns(columns.map(pruned.position), of: pruned.plan)
    }

    /// At least one column: the narrowest when none is needed.
    private static func chosen(_ columns: Set<Int>, of schema: Schema) -> [Int] {
        if !columns.isEmpty { return columns.sorted() }
        let widths = schema.fields.map { SizeEstimate.rowWidth(Schema([$0])) }
        return [schema.fields.indices.min { widths[$0] < widths[$1] } ?? 0]
    }

    /// The plan with at least the needed columns.
    private static func pruned(_ plan: ResolvedPlan, to needed: Set<Int>) -> Pruned {
        switch plan.node {
        case .scan(let scan, let fileSchema, let projection, let predicate):
            let kept = chosen(needed, of: plan.schema)
            let node = ResolvedPlan.Node.scan(
                scan, fileSchema: fileSchema, projection: kept.map { projection[$0] }, predicate: predicate)
            return Pruned(plan: ResolvedPlan(node, schema: plan.schema.projected(to: kept)), kept: kept)
        case .table:
            let kept = chosen(needed, of: plan.schema)
            return Pruned(plan: .columns(kept, of: plan), kept: kept)
        case .project(let expressions, let input):
            let kept = chosen(needed, of: plan.schema)
            let read = kept.map { expressions[$0] }
            let source = pruned(input, to: columns(of: read))
            return Pruned(
                plan: ResolvedPlan(
                    .project(read.map(source.moved), source.plan), schema: plan.schema.projected(to: kept)),
                kept: kept)
        case .filter(let condition, let input):
            let source = pruned(input, to: needed.union(condition.columns))
            return Pruned(plan: .filter(source.moved(condition), source.plan), kept: source.kept)
        case .aggregate(let keys, let aggregates, let input):
            return aggregate(plan, keys, aggregates, input, needed)
        case .topRows(let top, let input):
            let kept = chosen(needed.union(columns(of: top.expressions)), of: plan.schema)
            let source = Pruned(plan: exactly(kept, of: input), kept: kept)
            let node = ResolvedPlan.Node.topRows(top.rewritingExpressions(source.moved), source.plan)
            return Pruned(plan: ResolvedPlan(node, schema: source.plan.schema), kept: kept)
        case .join(let join, let left, let right): return self.join(plan, join, left, right, needed)
        case .sort(let keys, let limit, let input):
            let kept = chosen(needed.union(columns(of: keys.map(\.expression))), of: plan.schema)
            let source = Pruned(plan: exactly(kept, of: input), kept: kept)
            let node = ResolvedPlan.Node.sort(
                keys.map { $0.over(source.moved($0.expression)) }, limit: limit, source.plan)
            return Pruned(plan: ResolvedPlan(node, schema: source.plan.schema), kept: kept)
        case .limit(let skip, let count, let input):
            let kept = chosen(needed, of: plan.schema)
            let source = exactly(kept, of: input)
            return Pruned(
                plan: ResolvedPlan(.limit(skip: skip, count: count, source), schema: source.schema), kept: kept)
        case .union(let inputs):
            let kept = chosen(needed, of: plan.schema)
            return Pruned(
                plan: ResolvedPlan(
                    .union(inputs.map { exactly(kept, of: $0) }), schema: plan.schema.projected(to: kept)),
                kept: kept)
        case .map, .persist:
            return Pruned(plan: plan.over(plan.inputs.map(applied)), kept: Array(plan.schema.fields.indices))
        }
    }

    private static func columns(of expressions: [BoundExpression]) -> Set<Int> {
        expressions.reduce(into: []) { $0.formUnion($1.columns) }
    }

    private static func aggregate(
        _ plan: ResolvedPlan, _ keys: [BoundExpression], _ aggregates: [BoundAggregate], _ input: ResolvedPlan,
        _ needed: Set<Int>
    ) -> Pruned {
        var called = aggregates.indices.filter { needed.contains(keys.count + $0) }
        if keys.isEmpty, called.isEmpty { called = [0] }
        let kept = Array(keys.indices) + called.map { keys.count + $0 }
        let source = pruned(input, to: columns(of: keys + called.flatMap { aggregates[$0].arguments }))
        let node = ResolvedPlan.Node.aggregate(
            keys: keys.map(source.moved),
            aggregates: called.map { aggregates[$0].over(aggregates[$0].arguments.map(source.moved)) }, source.plan)
        return Pruned(plan: ResolvedPlan(node, schema: plan.schema.projected(to: kept)), kept: kept)
    }

    /// Both sides give exactly what the result and the keys read, since they may be exchanged or held in a table.
    private static func join(
        _ plan: ResolvedPlan, _ join: ResolvedJoin, _ left: ResolvedPlan, _ right: ResolvedPlan, _ needed: Set<Int>
    ) -> Pruned {
        let kept = chosen(needed, of: plan.schema)
        func side(_ side: HashJoin.Side, _ keys: [BoundExpression], _ input: ResolvedPlan) -> Pruned {
            let output = kept.map { join.output[$0] }.filter { $0.side == side }.map(\.index)
            let columns = columns(of: keys).union(output).sorted()
            return Pruned(plan: exactly(columns, of: input), kept: columns)
        }
        let sides = (left: side(.left, join.leftKeys, left), right: side(.right, join.rightKeys, right))
        let output = kept.map { index in
            let column = join.output[index]
            let source = column.side == .left ? sides.left : sides.right
            return HashJoin.OutputColumn(side: column.side, index: source.position(column.index))
        }
        let pruned = ResolvedJoin(
            kind: join.kind, leftKeys: join.leftKeys.map(sides.left.moved),
            rightKeys: join.rightKeys.map(sides.right.moved), output: output)
        return Pruned(
            plan: ResolvedPlan(
                .join(pruned, left: sides.left.plan, right: sides.right.plan),
                schema: plan.schema.projected(to: kept)), kept: kept)
    }
}
