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
        guard case .aggregate(let function, let argument) = call else {
            preconditionFailure("'\(call)' is collected as an aggregate and is none")
        }
        var nested: [Expression] = []
        if let argument { Self.collect(argument, into: &nested) }
        if let inner = nested.first {
            throw StoaError(
                .invalidArgument, "the aggregate '\(inner)' is inside of '\(call)'",
                advice: "aggregate twice: group, then group the result", at: .init(planNode: planNode))
        }
        let bound: BoundExpression?
        if let argument { bound = try rows.bind(argument) } else { bound = nil }
        return BoundAggregate(
            function: function, argument: bound, type: try resultType(of: function, over: bound, call),
            text: call.description)
    }

    private func resultType(of function: AggregateFunction, over argument: BoundExpression?, _ call: Expression)
        throws(StoaError) -> DataType
    {
        if case .variance(let delta) = function, delta < 0 { throw negative(delta) }
        if case .standardDeviation(let delta) = function, delta < 0 { throw negative(delta) }
        guard let type = argument?.type else {
            if function == .countRows { return .int64 }
            throw StoaError(.invalidArgument, "'\(call)' needs an argument", at: .init(planNode: planNode))
        }
        switch function {
        case .countRows:
            throw StoaError(.invalidArgument, "count of rows takes no argument", at: .init(planNode: planNode))
        case .count, .countDistinct: return .int64
        case .min, .max: return type
        default: break
        }
        guard type.isNumeric || type == .bool else {
            throw StoaError(
                .typeMismatch, "'\(call)' takes numbers and \(argument?.text ?? "") is \(type)",
                advice: type == .utf8 ? "read the number with .cast(to: .float64)" : "min, max and count take any type",
                at: .init(planNode: planNode))
        }
        switch (function, type) {
        case (.sum, .decimal(_, let scale)), (.sumOrZero, .decimal(_, let scale)):
            return .decimal(precision: DataType.maximumDecimalPrecision, scale: scale)
        case (.sum, _), (.sumOrZero, _): return type.isFloat ? .float64 : type.isUnsignedInteger ? .uint64 : .int64
        case (.mean, .decimal(let precision, let scale)):
            let limit = DataType.maximumDecimalPrecision
            return .decimal(precision: Swift.min(limit, precision + 4), scale: Swift.min(limit, scale + 4))
        default: return .float64
        }
    }

    private func negative(_ delta: Int) -> StoaError {
        StoaError(
            .invalidArgument, "deltaDegrees is \(delta) and cannot be negative",
            advice: "1 for a sample, 0 for all there is", at: .init(planNode: planNode))
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
        case .aggregate(_, let argument): argument.map { [$0] } ?? []
        }
    }
}
