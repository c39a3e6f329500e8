import StoaColumns

extension ExpressionBinder {
    func bindUnary(_ unary: UnaryOperator, _ inner: Expression, in whole: Expression) throws(StoaError)
        -> BoundExpression
    {
        let operand = try operand(inner)
        let bound: BoundExpression
        switch unary {
        case .not: bound = try bindCondition(inner)
        case .negate:
            bound = try settled(operand, in: whole)
            guard bound.type.isSignedInteger || bound.type.isFloat || bound.type.isDecimal else {
                throw mismatch(
                    "'\(inner)' is \(bound.type) and cannot be negated",
                    advice: bound.type.isInteger
                        ? "unsigned integers have no negative values; cast it to int64" : "only numbers can")
            }
        case .isNull, .isNotNull:
            if case .constant(.null) = operand { return .constant(.bool(unary == .isNull), .bool) }
            bound = try settled(operand, in: whole)
        case .isNaN: bound = try floatArgument(operand, of: "isNaN", inner)
        }
        let isTest = unary == .isNull || unary == .isNotNull
        return BoundExpression(
            .unary(unary, bound), type: unary == .negate ? bound.type : .bool,
            isNullable: !isTest && bound.isNullable, text: whole.description)
    }

    func bindBinary(_ binary: BinaryOperator, _ left: Expression, _ right: Expression, in whole: Expression)
        throws(StoaError) -> BoundExpression
    {
        if binary == .and || binary == .or {
            let sides = (try bindCondition(left), try bindCondition(right))
            return node(binary, sides.0, sides.1, .bool, whole)
        }
        let operands = [try operand(left), try operand(right)]
        switch binary {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .nullSafeEqual:
            let (sides, _) = try unified([left, right], operands, what: "they cannot be compared", in: whole)
            return node(binary, sides[0], sides[1], .bool, whole)
        case .divide:
            for (side, operand) in zip([left, right], operands) { _ = try number(operand, side, in: whole) }
            return node(
                binary, converted(operands[0], to: .float64), converted(operands[1], to: .float64), .float64, whole)
        case .add, .subtract, .multiply:
            return try bindArithmetic(binary, [left, right], operands, in: whole)
        case .quotient, .remainder, .wrappingAdd, .wrappingSubtract, .wrappingMultiply:
            for (side, operand) in zip([left, right], operands) { _ = try number(operand, side, in: whole) }
            let (sides, type) = try unified([left, right], operands, what: "they cannot be computed with", in: whole)
            guard type.isInteger || (binary == .remainder && type.isFloat) else {
                throw mismatch(
                    "'\(whole)' takes integers\(binary == .remainder ? " or floats" : ""), not \(type)",
                    advice: binary == .quotient
                        ? "divide with /, then .truncate()" : "convert the operands with .cast(to:)")
            }
            return node(binary, sides[0], sides[1], type, whole)
        case .and, .or: preconditionFailure("logic is bound before arithmetic")
        }
    }

    private func node(
        _ binary: BinaryOperator, _ left: BoundExpression, _ right: BoundExpression, _ type: DataType,
        _ whole: Expression
    ) -> BoundExpression {
        BoundExpression(
            .binary(binary, left, right), type: type,
            isNullable: binary != .nullSafeEqual && (left.isNullable || right.isNullable), text: whole.description)
    }

    /// `+`, `-` and `*`: the common type, except that decimals have results of their own. The operands of a decimal sum are
    /// brought to the result's type, those of a decimal product keep theirs.
    private func bindArithmetic(
        _ binary: BinaryOperator, _ expressions: [Expression], _ operands: [Operand], in whole: Expression
    ) throws(StoaError) -> BoundExpression {
        var types: [DataType?] = []
        for (side, operand) in zip(expressions, operands) { types.append(try number(operand, side, in: whole)) }
        if types.contains(where: { $0?.isDecimal == true }), !types.contains(where: { $0?.isFloat == true }) {
            let exact = zip(operands, types).map { operand, type -> DataType in
                if case .constant(let literal) = operand, let decimal = literal.smallestDecimal { return decimal }
                guard let type else { return .decimal(precision: 1, scale: 0) }
                return type.isInteger ? TypeRules.decimal(holding: type) : type
            }
            if binary == .multiply {
                return node(
                    binary, converted(operands[0], to: exact[0]), converted(operands[1], to: exact[1]),
                    TypeRules.decimalProduct(exact[0], exact[1]), whole)
            }
            let type = TypeRules.decimalSum(exact[0], exact[1])
            return node(binary, converted(operands[0], to: type), converted(operands[1], to: type), type, whole)
        }
        let (sides, type) = try unified(expressions, operands, what: "they cannot be computed with", in: whole)
        return node(binary, sides[0], sides[1], type, whole)
    }

    /// The type of an operand of arithmetic, nil for null. Throws when it is not a number.
    func number(_ operand: Operand, _ expression: Expression, in whole: Expression) throws(StoaError) -> DataType? {
        let type: DataType? =
            switch operand {
            case .typed(let bound): bound.type
            case .constant(let literal): literal.naturalType
            }
        if let type, !type.isNumeric {
            throw mismatch(
                "'\(expression)' in '\(whole)' is \(type) where a number is needed",
                advice: type == .utf8
                    ? "join texts with concatenate(...), or read the number with .cast(to: .float64)"
                    : "convert it with .cast(to:)")
        }
        return type
    }

    func bindConditional(_ branches: [ConditionalBranch], _ otherwise: Expression?, in whole: Expression)
        throws(StoaError) -> BoundExpression
    {
        let expressions = branches.map(\.value) + (otherwise.map { [$0] } ?? [])
        var conditions: [BoundExpression] = []
        for branch in branches { conditions.append(try bindCondition(branch.condition)) }
        var operands: [Operand] = []
        for expression in expressions { operands.append(try operand(expression)) }
        let (values, type) = try unified(expressions, operands, what: "the values need one type", in: whole)
        return BoundExpression(
            .conditional(
                conditions.indices.map { .init(condition: conditions[$0], value: values[$0]) },
                otherwise: otherwise == nil ? nil : values[values.count - 1]),
            type: type, isNullable: otherwise == nil || values.contains(where: \.isNullable), text: whole.description)
    }

    func bindIsIn(_ inner: Expression, _ values: [Literal], in whole: Expression) throws(StoaError)
        -> BoundExpression
    {
        let operand = try settled(try operand(inner), in: whole)
        if values.contains(.null) {
            throw StoaError(
                .invalidArgument, "null in '\(whole)' equals nothing", advice: "add || \(inner).isNull",
                at: .init(planNode: planNode))
        }
        var constants: [Literal] = []
        for value in values {
            // Comparing finds a common type or says why there is none; a value that the operand's type cannot hold is in
            // no row.
            _ = try unified(
                [inner, .literal(value)], [.typed(operand), .constant(value)], what: "they cannot be compared",
                in: whole)
            let exact = value.converted(to: operand.type) ?? value.wholeNumber?.converted(to: operand.type)
            if let exact, !constants.contains(exact) { constants.append(exact) }
        }
        let text = whole.description
        if constants.isEmpty {
            let isPresent = BoundExpression(.unary(.isNotNull, operand), type: .bool, isNullable: false, text: text)
            return BoundExpression(
                .conditional([.init(condition: isPresent, value: .constant(.bool(false), .bool))], otherwise: nil),
                type: .bool, isNullable: true, text: text)
        }
        return BoundExpression(.isIn(operand, constants), type: .bool, isNullable: operand.isNullable, text: text)
    }
}

extension Literal {
    /// A float without a fraction as an integer.
    fileprivate var wholeNumber: Literal? {
        if case .float(let bits) = self { Int64(exactly: bits.value).map(Literal.integer) } else { nil }
    }
}
