import StoaColumns

extension ExpressionBinder {
    func bindFunction(_ function: ScalarFunction, _ arguments: [Expression], in whole: Expression) throws(StoaError)
        -> BoundExpression
    {
        try checkCount(of: arguments, for: function, in: whole)
        var operands: [Operand] = []
        for argument in arguments { operands.append(try operand(argument)) }
        func call(_ bound: [BoundExpression], _ type: DataType, isNullable: Bool? = nil) -> BoundExpression {
            BoundExpression(
                .function(function, bound), type: type,
                isNullable: isNullable ?? bound.contains(where: \.isNullable), text: whole.description)
        }
        switch function {
        case .abs, .sign, .floor, .ceil, .round, .truncate:
            _ = try number(operands[0], arguments[0], in: whole)
            let bound = try settled(operands[0], in: whole)
            return call([bound], bound.type)
        case .sqrt, .cbrt, .exp, .expm1, .log, .log2, .log10, .log1p, .sin, .cos, .tan, .asin, .acos, .atan, .sinh,
            .cosh, .tanh, .atan2, .power, .hypot:
            for (argument, operand) in zip(arguments, operands) { _ = try number(operand, argument, in: whole) }
            return call(operands.map { converted($0, to: .float64) }, .float64)
        case .coalesce, .least, .greatest:
            let (bound, type) = try unified(arguments, operands, what: "the values need one type", in: whole)
            return call(bound, type, isNullable: bound.allSatisfy(\.isNullable))
        case .nullIf:
            let (bound, type) = try unified(arguments, operands, what: "they cannot be compared", in: whole)
            return call(bound, type, isNullable: true)
        case .fillNaN:
            let value = try floatArgument(operands[0], of: "fillNaN", arguments[0])
            _ = try number(operands[1], arguments[1], in: whole)
            return call([value, converted(operands[1], to: .float64)], .float64)
        case .isFinite: return call([try floatArgument(operands[0], of: "isFinite", arguments[0])], .bool)
        case .length, .lowercased, .uppercased, .contains, .startsWith, .endsWith, .concatenate:
            var bound: [BoundExpression] = []
            for (argument, operand) in zip(arguments, operands) {
                bound.append(try textArgument(operand, argument, in: whole))
            }
            let type: DataType =
                switch function {
                case .length: .int64
                case .contains, .startsWith, .endsWith: .bool
                default: .utf8
                }
            return call(bound, type)
        case .year, .month, .day, .weekday, .hour, .minute, .second:
            let bound = try settled(operands[0], in: whole)
            let isClock = function == .hour || function == .minute || function == .second
            guard bound.type.isTemporal, !isClock || bound.type != .date32 else {
                throw mismatch(
                    "'\(arguments[0])' is \(bound.type) where a \(isClock ? "" : "date or ")timestamp is needed",
                    advice: bound.type == .utf8 ? "read it with .cast(to: .timestamp) or .cast(to: .date32)" : "")
            }
            return call([bound], .int32)
        }
    }

    func bindCast(_ inner: Expression, _ type: DataType, _ onFailure: CastFailure, in whole: Expression)
        throws(StoaError) -> BoundExpression
    {
        if case .decimal(let precision, let scale) = type,
            !(1...DataType.maximumDecimalPrecision).contains(precision) || !(0...precision).contains(scale)
        {
            throw StoaError(
                .invalidArgument, "there is no type \(type)",
                advice: "a decimal has 1 to 38 digits, none to all of them after the point",
                at: .init(planNode: planNode))
        }
        let operand = try operand(inner)
        if case .constant(let literal) = operand {
            if let exact = literal.converted(to: type) { return .constant(exact, type) }
            if case .string(let text) = literal, onFailure == .error, type.isTemporal || type.isDecimal {
                throw StoaError(.castFailed, "\"\(text)\" is not a \(type)", at: .init(planNode: planNode))
            }
        }
        let bound = try settled(operand, in: whole)
        if bound.type == type { return bound }
        guard TypeRules.canCast(bound.type, to: type) else {
            throw mismatch(
                "'\(inner)' is \(bound.type) and cannot become \(type)",
                advice: "numbers, bool and text convert into each other, dates and timestamps into each other and text")
        }
        let canBecomeNull = onFailure == .null && !TypeRules.widens(bound.type, to: type)
        return BoundExpression(
            .cast(bound, onFailure: onFailure), type: type, isNullable: bound.isNullable || canBecomeNull,
            text: whole.description)
    }

    /// A float argument as float64.
    func floatArgument(_ operand: Operand, of function: String, _ argument: Expression) throws(StoaError)
        -> BoundExpression
    {
        let bound = try settled(operand, in: argument)
        guard bound.type.isFloat else {
            throw mismatch(
                "'\(argument)' is \(bound.type), and \(function) takes a float",
                advice: bound.type.isNumeric ? "only floats can be NaN or infinite" : "")
        }
        return Self.cast(bound, to: .float64)
    }

    private func textArgument(_ operand: Operand, _ argument: Expression, in whole: Expression) throws(StoaError)
        -> BoundExpression
    {
        if case .constant(.null) = operand { return .constant(.null, .utf8) }
        let bound = try settled(operand, in: whole)
        guard bound.type == .utf8 else {
            throw mismatch(
                "'\(argument)' in '\(whole)' is \(bound.type) where text is needed",
                advice: "write it as text with .cast(to: .utf8)")
        }
        return bound
    }

    private func checkCount(of arguments: [Expression], for function: ScalarFunction, in whole: Expression)
        throws(StoaError)
    {
        let allowed: ClosedRange<Int> =
            switch function {
            case .coalesce, .least, .greatest, .concatenate: 1...Int.max
            case .atan2, .power, .hypot, .nullIf, .fillNaN, .contains, .startsWith, .endsWith: 2...2
            default: 1...1
            }
        guard allowed.contains(arguments.count) else {
            let needed = allowed.upperBound == Int.max ? "at least one" : "\(allowed.lowerBound)"
            throw StoaError(
                .invalidArgument, "'\(function.rawValue)' got \(arguments.count) arguments and takes \(needed)",
                at: .init(planNode: planNode))
        }
    }
}
