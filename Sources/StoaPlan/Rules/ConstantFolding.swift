import StoaColumns

/// Computes what does not depend on rows, and simplifies logic.
///
///     (1 + 2) * 3 < x && true      becomes    9 < x
///     when(false, then: a).otherwise(b)       becomes    b
///
/// Results are bit for bit those of execution: integers checked, floats IEEE, comparison in the order of N2, Kleene logic.
/// What could fail stays, so that it fails at run time with its row; so does an operand that could fail next to a constant
/// that decides the result (`x + y > 0 && false`). Decimal arithmetic and the elementary functions are left to the kernels.
package enum ConstantFolding {
    package static func applied(to plan: ResolvedPlan) -> ResolvedPlan {
        let folded = plan.over(plan.inputs.map(applied)).rewritingExpressions(folded)
        if case .filter(let condition, let input) = folded.node, condition.literal == .bool(true) { return input }
        return folded
    }

    /// The expression with its constant parts computed; of the same type.
    package static func folded(_ expression: BoundExpression) -> BoundExpression {
        let expression = expression.over(expression.operands.map(folded))
        return simplified(expression) ?? expression
    }

    private static func simplified(_ expression: BoundExpression) -> BoundExpression? {
        switch expression.node {
        case .column, .literal: return nil
        case .unary(let unary, let operand): return simplified(unary, operand, expression)
        case .binary(.and, let left, let right): return logic(left, right, deciding: false)
        case .binary(.or, let left, let right): return logic(left, right, deciding: true)
        case .binary(let binary, let left, let right):
            if binary != .nullSafeEqual, left.literal == .null || right.literal == .null {
                return left.canFail || right.canFail ? nil : constant(.null, expression)
            }
            guard let a = left.literal, let b = right.literal else { return nil }
            return ConstantEvaluation.value(of: binary, a, b, operands: left.type, result: expression.type)
                .map { constant($0, expression) }
        case .cast(let operand, _): return operand.literal.flatMap { cast($0, operand, to: expression) }
        case .isIn(let operand, let values):
            guard let value = operand.literal else { return nil }
            if value == .null { return constant(.null, expression) }
            let isFound = values.contains { ConstantEvaluation.order(value, $0) == .same }
            return constant(.bool(isFound), expression)
        case .conditional(let branches, let otherwise): return conditional(branches, otherwise, expression)
        case .function(.coalesce, let arguments): return coalesce(arguments, expression)
        case .function: return nil
        }
    }

    private static func constant(_ literal: Literal, _ expression: BoundExpression) -> BoundExpression {
        .constant(literal, expression.type)
    }

    private static func simplified(
        _ unary: UnaryOperator, _ operand: BoundExpression, _ expression: BoundExpression
    ) -> BoundExpression? {
        switch unary {
        case .isNull, .isNotNull:
            if let literal = operand.literal {
                return constant(.bool((literal == .null) == (unary == .isNull)), expression)
            }
            // The schema promises that there is no null.
            if !operand.isNullable, !operand.canFail { return constant(.bool(unary == .isNotNull), expression) }
            return nil
        case .not:
            if case .unary(.not, let inner) = operand.node { return inner }
            if case .binary(let comparison, let left, let right) = operand.node, let opposite = comparison.opposite {
                return BoundExpression(
                    .binary(opposite, left, right), type: .bool, isNullable: expression.isNullable,
                    text: expression.text)
            }
            guard let literal = operand.literal else { return nil }
            if case .bool(let value) = literal { return constant(.bool(!value), expression) }
            return constant(.null, expression)
        case .isNaN:
            switch operand.literal {
            case .float(let bits): return constant(.bool(bits.value.isNaN), expression)
            case .null: return constant(.null, expression)
            default: return nil
            }
        case .negate:
            return operand.literal.flatMap { ConstantEvaluation.negated($0, expression.type) }
                .map { constant($0, expression) }
        }
    }

    /// `and` is decided by false, `or` by true; the other constant leaves the other side as it is.
    private static func logic(_ left: BoundExpression, _ right: BoundExpression, deciding: Bool) -> BoundExpression? {
        for (side, other) in [(left, right), (right, left)] {
            if side.literal == .bool(!deciding) { return other }
            if side.literal == .bool(deciding), !other.canFail { return side }
        }
        if left.literal == .null, right.literal == .null { return left }
        return nil
    }

    private static func cast(_ literal: Literal, _ operand: BoundExpression, to expression: BoundExpression)
        -> BoundExpression?
    {
        if literal == .null { return constant(.null, expression) }
        // Text is read by the kernels alone, so that there is one set of rules for it.
        if operand.type == .utf8 { return nil }
        if let exact = literal.converted(to: expression.type) { return constant(exact, expression) }
        guard expression.type == .float64 else { return nil }
        switch literal {
        case .integer(let value): return constant(.float(FloatBits(Double(value))), expression)
        case .unsigned(let value): return constant(.float(FloatBits(Double(value))), expression)
        default: return nil
        }
    }

    private static func conditional(
        _ branches: [BoundExpression.Branch], _ otherwise: BoundExpression?, _ expression: BoundExpression
    ) -> BoundExpression? {
        let decided = branches.firstIndex { $0.condition.literal == .bool(true) }
        let kept = branches[..<(decided ?? branches.count)].filter { $0.condition.literal == nil }
        let rest = decided.map { branches[$0].value } ?? otherwise
        if kept.count == branches.count { return nil }
        if kept.isEmpty { return rest ?? constant(.null, expression) }
        return BoundExpression(
            .conditional(kept, otherwise: rest), type: expression.type, isNullable: expression.isNullable,
            text: expression.text)
    }

    private static func coalesce(_ arguments: [BoundExpression], _ expression: BoundExpression) -> BoundExpression? {
        var kept = arguments.filter { $0.literal != .null }
        if let sure = kept.firstIndex(where: { !$0.isNullable }), !kept[sure...].dropFirst().contains(where: \.canFail)
        {
            kept = Array(kept[...sure])
        }
        if kept.count == arguments.count, kept.count != 1 { return nil }
        guard let first = kept.first else { return constant(.null, expression) }
        if kept.count == 1 { return first }
        return BoundExpression(
            .function(.coalesce, kept), type: expression.type, isNullable: kept.allSatisfy(\.isNullable),
            text: expression.text)
    }
}

extension BinaryOperator {
    /// The comparison that is true where this one is false; the order of N2 is total, so there is one.
    fileprivate var opposite: BinaryOperator? {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        default: nil
        }
    }
}
