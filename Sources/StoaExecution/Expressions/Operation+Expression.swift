import StoaKernels
import StoaPlan

extension ExpressionCompiler {
    /// What an expression's node computes from its operands.
    func operation(of expression: BoundExpression) -> Operation {
        switch expression.node {
        case .unary(let unary, _): operation(of: unary)
        case .binary(let binary, _, _): operation(of: binary)
        case .function(let function, _): operation(of: function)
        case .cast(_, let onFailure): .cast(nullOnFailure: onFailure == .null)
        case .isIn(_, let literals): .isIn(literals)
        case .column, .literal, .conditional: preconditionFailure("'\(expression.text)' is no single operation")
        }
    }

    private func operation(of unary: UnaryOperator) -> Operation {
        switch unary {
        case .negate: .numeric(.negate)
        case .not: .not
        case .isNull: .isNull
        case .isNotNull: .isNotNull
        case .isNaN: .isNaN
        }
    }

    private func operation(of binary: BinaryOperator) -> Operation {
        switch binary {
        case .add: .arithmetic(.add)
        case .subtract: .arithmetic(.subtract)
        case .multiply: .arithmetic(.multiply)
        case .divide: .arithmetic(.divide)
        case .quotient: .arithmetic(.quotient)
        case .remainder: .arithmetic(.remainder)
        case .wrappingAdd: .arithmetic(.wrappingAdd)
        case .wrappingSubtract: .arithmetic(.wrappingSubtract)
        case .wrappingMultiply: .arithmetic(.wrappingMultiply)
        case .equal: .compare(.equal)
        case .notEqual: .compare(.notEqual)
        case .less: .compare(.less)
        case .lessOrEqual: .compare(.lessOrEqual)
        case .greater: .compare(.greater)
        case .greaterOrEqual: .compare(.greaterOrEqual)
        case .nullSafeEqual: .nullSafeEqual
        case .and: .and
        case .or: .or
        }
    }

    private func operation(of function: ScalarFunction) -> Operation {
        switch function {
        case .abs: .numeric(.abs)
        case .sign: .numeric(.sign)
        case .floor: .numeric(.floor)
        case .ceil: .numeric(.ceil)
        case .round: .numeric(.round)
        case .truncate: .numeric(.truncate)
        case .sqrt: .math(.sqrt)
        case .cbrt: .math(.cbrt)
        case .exp: .math(.exp)
        case .expm1: .math(.expm1)
        case .log: .math(.log)
        case .log2: .math(.log2)
        case .log10: .math(.log10)
        case .log1p: .math(.log1p)
        case .sin: .math(.sin)
        case .cos: .math(.cos)
        case .tan: .math(.tan)
        case .asin: .math(.asin)
        case .acos: .math(.acos)
        case .atan: .math(.atan)
        case .sinh: .math(.sinh)
        case .cosh: .math(.cosh)
        case .tanh: .math(.tanh)
        case .atan2: .math2(.atan2)
        case .power: .math2(.power)
        case .hypot: .math2(.hypot)
        case .coalesce: .coalesce
        case .nullIf: .nullIf
        case .fillNaN: .fillNaN
        case .least: .least
        case .greatest: .greatest
        case .isFinite: .isFinite
        case .length: .length
        case .lowercased: .lowercased
        case .uppercased: .uppercased
        case .contains: .search(.contains)
        case .startsWith: .search(.startsWith)
        case .endsWith: .search(.endsWith)
        case .concatenate: .concatenate
        case .year: .datePart(.year)
        case .month: .datePart(.month)
        case .day: .datePart(.day)
        case .hour: .datePart(.hour)
        case .minute: .datePart(.minute)
        case .second: .datePart(.second)
        case .weekday: .datePart(.weekday)
        }
    }
}
