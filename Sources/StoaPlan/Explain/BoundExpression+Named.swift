import StoaColumns

extension BoundExpression {
    /// The expression by the names of a schema, implicit casts written out: what executors run, readable.
    package func named(by schema: Schema) -> Expression {
        let operands = operands.map { $0.named(by: schema) }
        switch node {
        case .column(let index): return .column(schema[index].name)
        case .literal(let literal): return .literal(literal)
        case .unary(let unary, _): return .unary(unary, operands[0])
        case .binary(let binary, _, _): return .binary(binary, operands[0], operands[1])
        case .function(let function, _): return .function(function, operands)
        case .cast(_, let onFailure): return .cast(operands[0], type, onFailure: onFailure)
        case .isIn(_, let values): return .isIn(operands[0], values)
        case .conditional(let branches, let otherwise):
            return .conditional(
                branches.indices.map { .init(condition: operands[2 * $0], value: operands[2 * $0 + 1]) },
                otherwise: otherwise == nil ? nil : operands[operands.count - 1])
        }
    }

    /// The expression as an output column: with its name where it has another.
    func named(by schema: Schema, as name: String) -> String {
        let expression = named(by: schema)
        return expression.outputName == name ? expression.description : "\(name) = \(expression)"
    }
}

extension BoundAggregate {
    /// The call by the names of a schema.
    func named(by schema: Schema, as name: String) -> String {
        let call = Expression.aggregate(function, arguments.map { $0.named(by: schema) })
        return call.outputName == name ? call.description : "\(name) = \(call)"
    }
}

extension BoundSortKey {
    /// The key by the names of a schema.
    func named(by schema: Schema) -> String {
        SortKey(expression.named(by: schema), isDescending: isDescending, nullsFirst: nullsFirst).description
    }
}
