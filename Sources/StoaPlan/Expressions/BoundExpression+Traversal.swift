import StoaColumns

extension BoundExpression {
    /// The column at an index of a schema.
    package static func column(_ index: Int, of schema: Schema) -> BoundExpression {
        let field = schema[index]
        return BoundExpression(
            .column(index), type: field.type, isNullable: field.isNullable,
            text: Expression.column(field.name).description)
    }

    /// A constant that fits the type exactly.
    package static func constant(_ literal: Literal, _ type: DataType) -> BoundExpression {
        BoundExpression(.literal(literal), type: type, isNullable: literal == .null, text: literal.description)
    }

    /// The index when this is a plain column.
    package var columnIndex: Int? { if case .column(let index) = node { index } else { nil } }

    /// The constant when this is one.
    package var literal: Literal? { if case .literal(let literal) = node { literal } else { nil } }

    /// The operands, in the order they are written.
    package var operands: [BoundExpression] {
        switch node {
        case .column, .literal: []
        case .unary(_, let operand), .cast(let operand, _), .isIn(let operand, _): [operand]
        case .binary(_, let left, let right): [left, right]
        case .function(_, let arguments): arguments
        case .conditional(let branches, let otherwise):
            branches.flatMap { [$0.condition, $0.value] } + (otherwise.map { [$0] } ?? [])
        }
    }

    /// The same node over other operands, as many as before and of the same types.
    package func over(_ operands: [BoundExpression]) -> BoundExpression {
        let rebuilt: Node
        switch node {
        case .column, .literal: return self
        case .unary(let unary, _): rebuilt = .unary(unary, operands[0])
        case .cast(_, let onFailure): rebuilt = .cast(operands[0], onFailure: onFailure)
        case .isIn(_, let values): rebuilt = .isIn(operands[0], values)
        case .binary(let binary, _, _): rebuilt = .binary(binary, operands[0], operands[1])
        case .function(let function, _): rebuilt = .function(function, operands)
        case .conditional(let branches, let otherwise):
            rebuilt = .conditional(
                branches.indices.map { Branch(condition: operands[2 * $0], value: operands[2 * $0 + 1]) },
                otherwise: otherwise == nil ? nil : operands[operands.count - 1])
        }
        return BoundExpression(rebuilt, type: type, isNullable: isNullable, text: text)
    }

    /// The expression with every column replaced.
    package func replacingColumns(_ replacement: (Int, BoundExpression) -> BoundExpression) -> BoundExpression {
        if let index = columnIndex { return replacement(index, self) }
        return over(operands.map { $0.replacingColumns(replacement) })
    }

    /// The expression with the columns at other indices.
    package func movingColumns(_ move: (Int) -> Int) -> BoundExpression {
        replacingColumns { index, column in
            BoundExpression(.column(move(index)), type: column.type, isNullable: column.isNullable, text: column.text)
        }
    }

    /// The indices of all columns that are read.
    package var columns: Set<Int> {
        if let index = columnIndex { return [index] }
        return operands.reduce(into: []) { $0.formUnion($1.columns) }
    }

    /// The conditions of a conjunction; the expression itself when it is none.
    package var conjuncts: [BoundExpression] {
        if case .binary(.and, let left, let right) = node { return left.conjuncts + right.conjuncts }
        return [self]
    }

    /// All conditions joined by and; nil for none.
    package static func conjunction(_ conditions: [BoundExpression]) -> BoundExpression? {
        guard let first = conditions.first else { return nil }
        return conditions.dropFirst().reduce(first) { left, right in
            let text = "\(left.parenthesized(around: .or)) && \(right.parenthesized(around: .or))"
            return BoundExpression(
                .binary(.and, left, right), type: .bool, isNullable: left.isNullable || right.isNullable, text: text)
        }
    }

    private func parenthesized(around binary: BinaryOperator) -> String {
        if case .binary(binary, _, _) = node { "(\(text))" } else { text }
    }

    /// Whether some row could make this fail: checked integer and decimal arithmetic, division by zero, narrowing casts.
    /// Rules evaluate such an expression on no row on which the user did not ask for it.
    package var canFail: Bool {
        if operands.contains(where: \.canFail) { return true }
        switch node {
        case .column, .literal, .isIn, .conditional: return false
        case .unary(let unary, _): return unary == .negate && !type.isFloat
        case .binary(let binary, _, _):
            switch binary {
            case .add, .subtract, .multiply, .quotient, .remainder: return !type.isFloat
            default: return false
            }
        case .function(let function, _):
            switch function {
            case .abs, .floor, .ceil, .round: return !type.isFloat
            default: return false
            }
        case .cast(let operand, let onFailure): return onFailure == .error && !TypeRules.widens(operand.type, to: type)
        }
    }

    /// About how many simple vector operations a row costs.
    package var cost: Int {
        let own =
            switch node {
            case .column, .literal: 0
            case .unary, .binary, .conditional: 1
            case .cast(let operand, _): operand.type == .utf8 || type == .utf8 ? 20 : 1
            case .isIn(_, let values): 1 + values.count / 4
            case .function(let function, _):
                switch function {
                case .abs, .sign, .sqrt, .floor, .ceil, .round, .truncate, .coalesce, .nullIf, .fillNaN, .least,
                    .greatest, .isFinite:
                    1
                default: 10
                }
            }
        return operands.reduce(own) { $0 + $1.cost }
    }
}
