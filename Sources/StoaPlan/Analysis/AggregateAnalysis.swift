import StoaColumns

/// Resolves a grouping: keys and aggregates may be any expressions, such as `sum(a) / count()`. The aggregates inside are
/// computed once each, the rest of an expression becomes a projection above the grouping.
struct AggregateAnalysis {
    let input: ResolvedPlan
    let planNode: String

    func resolve(keys: [Expression], aggregates: [Expression]) throws(StoaError) -> ResolvedPlan {
        let names = (keys + aggregates).map(\.outputName)
        if names.isEmpty {
            throw StoaError(.invalidArgument, "neither keys nor aggregates are given", advice: "add count()")
        }
        try Analyzer.checkUnique(names)
        let rows = ExpressionBinder(schema: input.schema, planNode: planNode)
        var boundKeys: [BoundExpression] = []
        for key in keys { boundKeys.append(try rows.bind(key)) }

        // Each different aggregate is computed once.
        var calls: [Expression] = []
        for expression in aggregates { Self.collect(expression, into: &calls) }
        var boundAggregates: [BoundAggregate] = []
        for call in calls { boundAggregates.append(try bind(call, over: rows)) }

        let grouped = DistinctAggregates(keys: boundKeys, keyNames: Array(names.prefix(keys.count)), input: input)
            .grouped(boundAggregates)

        var groups = ExpressionBinder(
            schema: grouped.schema.projected(to: Array(keys.indices)), planNode: planNode)
        groups.groupedSchema = input.schema
        for (index, key) in keys.enumerated() { groups.computed[key.withoutAlias] = .column(index, of: grouped.schema) }
        for (index, call) in calls.enumerated() {
            let column = keys.count + index
            groups.computed[call] = .column(column, of: grouped.schema)
        }
        var output = keys.indices.map { BoundExpression.column($0, of: grouped.schema) }
        for expression in aggregates { output.append(try groups.bind(expression)) }
        // Only names change when every aggregate is one by itself, in order.
        if output.map(\.columnIndex) == grouped.schema.fields.indices.map(Optional.some) {
            let fields = zip(names, grouped.schema.fields).map { Field($0, $1.type, isNullable: $1.isNullable) }
            return ResolvedPlan(grouped.node, schema: Schema(fields))
        }
        return Analyzer.projected(output, names: names, grouped)
    }

    /// The aggregate calls of an expression that are not there yet, in the order they are written.
    private static func collect(_ expression: Expression, into calls: inout [Expression]) {
        if case .aggregate = expression {
            if !calls.contains(where: { $0.isIdentical(to: expression) }) { calls.append(expression) }
            return
        }
        for operand in expression.operands { collect(operand, into: &calls) }
    }

    private func bind(_ call: Expression, over rows: ExpressionBinder) throws(StoaError) -> BoundAggregate {
        guard case .aggregate(let function, let arguments) = call else {
            preconditionFailure("'\(call)' is collected as an aggregate and is none")
        }
        var nested: [Expression] = []
        for argument in arguments { Self.collect(argument, into: &nested) }
        if let inner = nested.first {
            throw StoaError(
                .invalidArgument, "the aggregate '\(inner)' is inside of '\(call)'",
                advice: "aggregate twice: group, then group the result", at: .init(planNode: planNode))
        }
        var bound: [BoundExpression] = []
        for argument in arguments { bound.append(try rows.bind(argument)) }
        return try AggregateTyping(call: call, planNode: planNode).typed(function, bound)
    }
}

extension Expression {
    /// The expression that the alias names.
    var withoutAlias: Expression { if case .alias(let inner, _) = self { inner.withoutAlias } else { self } }

    /// Equality as values; `==` between expressions builds a comparison.
    func isIdentical(to other: Expression) -> Bool { [self] == [other] }

    /// The operands, in the order they are written.
    var operands: [Expression] {
        switch self {
        case .column, .literal: []
        case .unary(_, let operand), .cast(let operand, _, _), .isIn(let operand, _), .alias(let operand, _): [operand]
        case .binary(_, let left, let right): [left, right]
        case .function(_, let arguments): arguments
        case .conditional(let branches, let otherwise):
            branches.flatMap { [$0.condition, $0.value] } + (otherwise.map { [$0] } ?? [])
        case .aggregate(_, let arguments): arguments
        }
    }
}
