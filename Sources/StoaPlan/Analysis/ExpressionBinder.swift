import StoaColumns

/// Looks up the names of an expression in a schema, types every node and writes every implicit conversion as a cast.
///
/// A constant takes the type of its neighbour when that holds it exactly: `int8 + 1` is an int8, `float32 > 0.5` compares
/// float32. Otherwise both sides are converted to their common type (`TypeRules`). Text next to a date or timestamp is read
/// as one.
struct ExpressionBinder {
    /// The columns there are.
    let schema: Schema
    /// The plan node at work, for errors.
    let planNode: String
    /// Expressions that stand for something computed already: group keys and aggregates after a grouping.
    var computed: [Expression: BoundExpression] = [:]
    /// The columns before the grouping, when `schema` is what a grouping leaves: for errors.
    var groupedSchema: Schema?

    /// An operand that has a type, or a constant that takes the type of its neighbour.
    enum Operand {
        case typed(BoundExpression)
        case constant(Literal)
    }

    init(schema: Schema, planNode: String) {
        self.schema = schema
        self.planNode = planNode
    }

    /// The typed expression. Throws with the expression, the types found and what would be right.
    func bind(_ expression: Expression) throws(StoaError) -> BoundExpression {
        try settled(try operand(expression), in: expression)
    }

    /// The typed expression, which must be boolean.
    func bindCondition(_ expression: Expression) throws(StoaError) -> BoundExpression {
        let operand = try operand(expression)
        if case .constant(.null) = operand { return .constant(.null, .bool) }
        let bound = try settled(operand, in: expression)
        guard bound.type == .bool else {
            throw mismatch(
                "'\(expression)' is \(bound.type) where a condition is needed",
                advice: "compare it with something, such as \(expression) > 0")
        }
        return bound
    }

    /// An operand by itself: a constant gets the type it has of itself.
    func settled(_ operand: Operand, in expression: Expression) throws(StoaError) -> BoundExpression {
        switch operand {
        case .typed(let bound): return bound
        case .constant(let literal):
            guard let type = literal.naturalType, let canonical = literal.converted(to: type) else {
                throw mismatch(
                    "the type of null in '\(expression)' is not known", advice: "write null.cast(to: ...)")
            }
            return .constant(canonical, type)
        }
    }

    func operand(_ expression: Expression) throws(StoaError) -> Operand {
        if let bound = computed[expression] { return .typed(bound) }
        switch expression {
        case .column(let name): return .typed(try column(name))
        case .literal(let literal): return .constant(literal)
        case .unary(.negate, .literal(.integer(let value))) where value != Int64.min: return .constant(.integer(-value))
        case .unary(.negate, .literal(.float(let bits))): return .constant(.float(FloatBits(-bits.value)))
        case .alias(let inner, _): return try operand(inner)
        case .unary(let unary, let inner): return .typed(try bindUnary(unary, inner, in: expression))
        case .binary(let binary, let left, let right):
            return .typed(try bindBinary(binary, left, right, in: expression))
        case .function(let function, let arguments):
            return .typed(try bindFunction(function, arguments, in: expression))
        case .cast(let inner, let type, let onFailure):
            return .typed(try bindCast(inner, type, onFailure, in: expression))
        case .conditional(let branches, let otherwise):
            return .typed(try bindConditional(branches, otherwise, in: expression))
        case .isIn(let inner, let values): return .typed(try bindIsIn(inner, values, in: expression))
        case .aggregate:
            throw StoaError(
                .invalidArgument, "the aggregate '\(expression)' has no group here",
                advice: groupedSchema == nil
                    ? "aggregates belong into agg(...)" : "an aggregate cannot be inside another",
                at: .init(planNode: planNode))
        }
    }

    private func column(_ name: String) throws(StoaError) -> BoundExpression {
        if let groupedSchema, !schema.names.contains(name), groupedSchema.names.contains(name) {
            throw StoaError(
                .invalidArgument, "the column '\(name)' has many values in a group",
                advice: "put it into an aggregate such as max(\"\(name)\"), or add it to the group keys",
                at: .init(column: name, planNode: planNode))
        }
        do {
            return .column(try schema.index(of: name), of: schema)
        } catch {
            throw error.located(.init(planNode: planNode))
        }
    }

    // MARK: Conversions

    func mismatch(_ message: String, advice: String = "") -> StoaError {
        StoaError(.typeMismatch, message, advice: advice, at: .init(planNode: planNode))
    }

    /// The operand converted to a type: constants exactly where that is possible, else by a cast that may round.
    func converted(_ operand: Operand, to type: DataType) -> BoundExpression {
        switch operand {
        case .typed(let bound): return Self.cast(bound, to: type)
        case .constant(let literal):
            if let exact = literal.converted(to: type) { return .constant(exact, type) }
            guard let natural = literal.naturalType, let canonical = literal.converted(to: natural) else {
                preconditionFailure("the constant \(literal) has no type of its own and does not fit \(type)")
            }
            return Self.cast(.constant(canonical, natural), to: type)
        }
    }

    /// The expression in another type, itself when it has that type already.
    static func cast(_ bound: BoundExpression, to type: DataType) -> BoundExpression {
        if bound.type == type { return bound }
        return BoundExpression(
            .cast(bound, onFailure: .error), type: type, isNullable: bound.isNullable, text: bound.text)
    }

    /// The operands in their common type. `what` completes the error: `they cannot be compared`.
    func unified(_ expressions: [Expression], _ operands: [Operand], what: String, in whole: Expression)
        throws(StoaError) -> (operands: [BoundExpression], type: DataType)
    {
        var type: DataType?
        for case .typed(let bound) in operands {
            guard let known = type else {
                type = bound.type
                continue
            }
            guard let common = TypeRules.common(known, bound.type) else {
                throw incompatible(known, bound.type, what: what, in: whole)
            }
            type = common
        }
        for case .constant(let literal) in operands {
            type = try common(of: literal, with: type, what: what, in: whole)
        }
        guard let type else { throw mismatch("the type of null in '\(whole)' is not known") }
        return (operands.map { converted($0, to: type) }, type)
    }

    /// The common type of a constant and its neighbours' type.
    private func common(of literal: Literal, with type: DataType?, what: String, in whole: Expression)
        throws(StoaError) -> DataType?
    {
        guard let type else { return literal.naturalType }
        if literal.converted(to: type) != nil { return type }
        if case .string(let text) = literal, type.isTemporal {
            throw StoaError(
                .invalidArgument, "\"\(text)\" in '\(whole)' is not a \(type)",
                advice: type == .date32 ? "write \"2013-01-31\"" : "write \"2013-01-31T08:30:00\"",
                at: .init(planNode: planNode))
        }
        if type.isDecimal, let decimal = literal.smallestDecimal, let common = TypeRules.common(type, decimal) {
            return common
        }
        guard let natural = literal.naturalType, let common = TypeRules.common(type, natural) else {
            throw incompatible(type, literal.naturalType ?? type, what: what, in: whole)
        }
        return common
    }

    private func incompatible(_ left: DataType, _ right: DataType, what: String, in whole: Expression) -> StoaError {
        let integers = left.isInteger && right.isInteger
        return mismatch(
            "'\(whole)' brings together \(left) and \(right): \(what)",
            advice: integers
                ? "no integer type holds both; cast the uint64 with .cast(to: .int64), which fails above 2^63 - 1"
                : "convert one of them with .cast(to:)")
    }
}
