import StoaColumns

/// Turns a plan by names into a plan by indices and types, or says which name or type is wrong and what would be right.
package struct Analyzer {
    let catalog: any PlanCatalog

    package init(catalog: any PlanCatalog) { self.catalog = catalog }

    /// The resolved plan. Throws the first mistake from the leaves up; its location names the plan node.
    package func resolve(_ plan: LogicalPlan) throws(StoaError) -> ResolvedPlan {
        if case .persist(let id, _, let level) = plan, let held = catalog.heldDataset(id), !held.rowCounts.isEmpty,
            let schema = held.schema
        {
            return ResolvedPlan(.persist(id, ResolvedPlan(.table(id), schema: schema), level), schema: schema)
        }
        var inputs: [ResolvedPlan] = []
        for input in plan.inputs { inputs.append(try resolve(input)) }
        do {
            return try resolve(plan, over: inputs)
        } catch {
            throw error.located(.init(planNode: plan.description))
        }
    }

    private func resolve(_ plan: LogicalPlan, over inputs: [ResolvedPlan]) throws(StoaError) -> ResolvedPlan {
        switch plan {
        case .scan(let scan):
            let schema = try catalog.schema(of: scan)
            return ResolvedPlan(
                .scan(scan, fileSchema: schema, projection: Array(0..<schema.count), predicate: nil), schema: schema)
        case .table(let id, let schema): return ResolvedPlan(.table(id), schema: schema)
        case .select(let expressions, _): return try select(expressions, plan, inputs[0])
        case .withColumns(let expressions, _): return try withColumns(expressions, plan, inputs[0])
        case .drop(let names, _): return try drop(names, inputs[0])
        case .rename(let renamings, _): return try rename(renamings, inputs[0])
        case .filter(let condition, _):
            return .filter(try binder(over: inputs[0], plan).bindCondition(condition), inputs[0])
        case .aggregate(let keys, let aggregates, _):
            return try AggregateAnalysis(input: inputs[0], planNode: plan.description)
                .resolve(keys: keys, aggregates: aggregates)
        case .join(let kind, let keys, _, _): return try join(kind, keys, plan, inputs[0], inputs[1])
        case .topRows(let count, let keys, let order, _):
            return try topRows(count, keys, order, binder(over: inputs[0], plan), inputs[0])
        case .sort(let keys, _):
            let order = try sortKeys(keys, binder(over: inputs[0], plan), of: "a sort")
            return ResolvedPlan(.sort(order, limit: nil, inputs[0]), schema: inputs[0].schema)
        case .limit(let skip, let count, _):
            guard skip >= 0, count >= 0 else {
                throw StoaError(.invalidArgument, "a limit cannot be negative, as \(skip) or \(count) is")
            }
            return ResolvedPlan(.limit(skip: skip, count: count, inputs[0]), schema: inputs[0].schema)
        case .distinct:
            let keys = inputs[0].schema.fields.indices.map { BoundExpression.column($0, of: inputs[0].schema) }
            return ResolvedPlan(.aggregate(keys: keys, aggregates: [], inputs[0]), schema: inputs[0].schema)
        case .union: return try union(inputs)
        case .map(let function, let schema, _):
            try checkUnique(schema.names)
            return ResolvedPlan(.map(function, inputs[0]), schema: schema)
        case .persist(let id, _, let level):
            return ResolvedPlan(.persist(id, inputs[0], level), schema: inputs[0].schema)
        }
    }

    private func binder(over input: ResolvedPlan, _ plan: LogicalPlan) -> ExpressionBinder {
        ExpressionBinder(schema: input.schema, planNode: plan.description)
    }

    private func sortKeys(_ keys: [SortKey], _ binder: ExpressionBinder, of what: String) throws(StoaError)
        -> [BoundSortKey]
    {
        if keys.isEmpty { throw StoaError(.invalidArgument, "\(what) needs at least one key") }
        var bound: [BoundSortKey] = []
        for key in keys {
            bound.append(
                BoundSortKey(
                    try binder.bind(key.expression), isDescending: key.isDescending, nullsFirst: key.nullsFirst))
        }
        return bound
    }

    /// Without keys all rows are one group: the first rows of a sort.
    private func topRows(
        _ count: Int, _ keys: [Expression], _ order: [SortKey], _ binder: ExpressionBinder, _ input: ResolvedPlan
    ) throws(StoaError) -> ResolvedPlan {
        guard count >= 0 else {
            throw StoaError(
                .invalidArgument, "top(\(count)) has a negative number", advice: "give a number from 0 on")
        }
        let order = try sortKeys(order, binder, of: "top(\(count))")
        if keys.isEmpty { return ResolvedPlan(.sort(order, limit: count, input), schema: input.schema) }
        var bound: [BoundExpression] = []
        for key in keys { bound.append(try binder.bind(key)) }
        return ResolvedPlan(.topRows(TopRows(keys: bound, order: order, count: count), input), schema: input.schema)
    }

    // MARK: Columns

    private func select(_ expressions: [Expression], _ plan: LogicalPlan, _ input: ResolvedPlan) throws(StoaError)
        -> ResolvedPlan
    {
        if expressions.isEmpty {
            throw StoaError(
                .invalidArgument, "nothing is selected", advice: "name at least one column to keep")
        }
        try checkUnique(expressions.map(\.outputName))
        let binder = binder(over: input, plan)
        var bound: [BoundExpression] = []
        for expression in expressions { bound.append(try binder.bind(expression)) }
        return Self.projected(bound, names: expressions.map(\.outputName), input)
    }

    private func withColumns(_ expressions: [Expression], _ plan: LogicalPlan, _ input: ResolvedPlan)
        throws(StoaError) -> ResolvedPlan
    {
        try checkUnique(expressions.map(\.outputName))
        let binder = binder(over: input, plan)
        var bound = input.schema.fields.indices.map { BoundExpression.column($0, of: input.schema) }
        var names = input.schema.names
        for expression in expressions {
            let value = try binder.bind(expression)
            if let index = input.schema.names.firstIndex(of: expression.outputName) {
                bound[index] = value
            } else {
                bound.append(value)
                names.append(expression.outputName)
            }
        }
        return Self.projected(bound, names: names, input)
    }

    private func drop(_ names: [String], _ input: ResolvedPlan) throws(StoaError) -> ResolvedPlan {
        var dropped: Set<Int> = []
        for name in names { dropped.insert(try input.schema.index(of: name)) }
        let kept = input.schema.fields.indices.filter { !dropped.contains($0) }
        if kept.isEmpty { throw StoaError(.invalidArgument, "no column is left", advice: "keep at least one") }
        return .columns(kept, of: input)
    }

    private func rename(_ renamings: [Renaming], _ input: ResolvedPlan) throws(StoaError) -> ResolvedPlan {
        var names = input.schema.names
        for renaming in renamings { names[try input.schema.index(of: renaming.from)] = renaming.to }
        try checkUnique(names)
        let columns = input.schema.fields.indices.map { BoundExpression.column($0, of: input.schema) }
        return Self.projected(columns, names: names, input)
    }

    /// A projection whose columns are called so.
    static func projected(_ expressions: [BoundExpression], names: [String], _ input: ResolvedPlan) -> ResolvedPlan {
        let fields = zip(names, expressions).map { Field($0, $1.type, isNullable: $1.isNullable) }
        return ResolvedPlan(.project(expressions, input), schema: Schema(fields))
    }

    // MARK: Several inputs

    private func union(_ inputs: [ResolvedPlan]) throws(StoaError) -> ResolvedPlan {
        guard let first = inputs.first else {
            throw StoaError(.invalidArgument, "a union needs at least one input")
        }
        var fields = first.schema.fields
        for (position, input) in inputs.enumerated().dropFirst() {
            guard input.schema.count == fields.count else {
                throw StoaError(
                    .schemaMismatch,
                    "input \(position + 1) has \(input.schema.count) columns, the first has \(fields.count)",
                    advice: "the first has \(first.schema), this one \(input.schema)")
            }
            for (index, field) in input.schema.fields.enumerated() {
                guard field.type == fields[index].type else {
                    throw StoaError(
                        .schemaMismatch,
                        "column \(index + 1) is \(field) in input \(position + 1) and \(fields[index]) in the first",
                        advice: "columns go by position; select them in the same order and cast where types differ")
                }
                fields[index].isNullable = fields[index].isNullable || field.isNullable
            }
        }
        let schema = Schema(fields)
        if inputs.count == 1 { return first }
        return ResolvedPlan(
            .union(
                inputs.map { input in
                    if input.schema == schema { return input }
                    let columns = input.schema.fields.indices.map { BoundExpression.column($0, of: input.schema) }
                    return ResolvedPlan(.project(columns, input), schema: schema)
                }), schema: schema)
    }

    private func join(
        _ kind: JoinKind, _ keys: [JoinKey], _ plan: LogicalPlan, _ left: ResolvedPlan, _ right: ResolvedPlan
    ) throws(StoaError) -> ResolvedPlan {
        if keys.isEmpty {
            throw StoaError(.invalidArgument, "a join needs at least one key", advice: "name the columns to join on")
        }
        var leftKeys: [BoundExpression] = []
        var rightKeys: [BoundExpression] = []
        var shared: Set<String> = []
        for key in keys {
            let leftKey = try binder(over: left, plan).bind(key.left)
            let rightKey = try binder(over: right, plan).bind(key.right)
            guard let type = TypeRules.common(leftKey.type, rightKey.type) else {
                throw StoaError(
                    .typeMismatch,
                    "the key '\(key)' is \(leftKey.type) on the left and \(rightKey.type) on the right",
                    advice: "convert one of them with .cast(to:)")
            }
            leftKeys.append(ExpressionBinder.cast(leftKey, to: type))
            rightKeys.append(ExpressionBinder.cast(rightKey, to: type))
            if key.left == key.right, case .column(let name) = key.left { shared.insert(name) }
        }
        var fields = left.schema.fields
        var output = fields.indices.map { HashJoin.OutputColumn(side: .left, index: $0) }
        for (index, field) in right.schema.fields.enumerated() where !shared.contains(field.name) {
            if left.schema.names.contains(field.name) {
                throw StoaError(
                    .ambiguousColumn, "both sides have a column '\(field.name)'",
                    advice: "rename or drop it on one side before the join, or make it a key of the same name")
            }
            fields.append(Field(field.name, field.type, isNullable: field.isNullable || kind == .left))
            output.append(.init(side: .right, index: index))
        }
        return ResolvedPlan(
            .join(
                ResolvedJoin(kind: kind, leftKeys: leftKeys, rightKeys: rightKeys, output: output), left: left,
                right: right), schema: Schema(fields))
    }

    private func checkUnique(_ names: [String]) throws(StoaError) { try Self.checkUnique(names) }

    /// Throws when a name stands for two columns of a result.
    static func checkUnique(_ names: [String]) throws(StoaError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw StoaError(
                .ambiguousColumn, "two columns of the result would be called '\(name)'",
                advice: "give one of them another name with .as(\"...\")")
        }
    }
}
