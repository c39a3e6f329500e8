import StoaColumns
import StoaPlan

/// Why the reference stops in a row.
struct ReferenceFailure: Error {
    let code: StoaError.Code
}

/// One expression on one row, without any cleverness: int64, int8, float64, bool and utf8.
enum ReferenceInterpreter {
    static func evaluate(_ expression: BoundExpression, _ row: [Cell]) throws -> Cell {
        switch expression.node {
        case .column(let index): return row[index]
        case .literal(let literal): return cell(literal)
        case .conditional(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, row) == .flag(true) {
                return try evaluate(branch.value, row)
            }
            return try otherwise.map { try evaluate($0, row) } ?? .null
        case .function(.coalesce, let arguments):
            for argument in arguments {
                let value = try evaluate(argument, row)
                if value != .null { return value }
            }
            return .null
        default: break
        }
        let operands = try expression.operands.map { try evaluate($0, row) }
        switch expression.node {
        case .unary(.isNull, _): return .flag(operands[0] == .null)
        case .unary(.isNotNull, _): return .flag(operands[0] != .null)
        case .binary(.and, _, _):
            if operands.contains(.flag(false)) { return .flag(false) }
            return operands.contains(.null) ? .null : .flag(true)
        case .binary(.or, _, _):
            if operands.contains(.flag(true)) { return .flag(true) }
            return operands.contains(.null) ? .null : .flag(false)
        case .binary(.nullSafeEqual, _, _): return .flag(operands[0] == operands[1])
        case .function(.least, _): return operands.filter { $0 != .null }.min { $0.order($1) < 0 } ?? .null
        case .function(.greatest, _):
            return operands.filter { $0 != .null }.reduce(.null) { $0 == .null || $1.order($0) > 0 ? $1 : $0 }
        case .function(.nullIf, _):
            return operands[0] != .null && operands[0] == operands[1] ? .null : operands[0]
        case .function(.fillNaN, _):
            if case .float(let value) = operands[0], value.isNaN { return operands[1] }
            return operands[0]
        default: break
        }
        if operands.contains(.null) { return .null }
        switch expression.node {
        case .unary(.not, _): return .flag(operands[0] != .flag(true))
        case .unary(.negate, _): return try arithmetic(.subtract, zero(operands[0]), operands[0], expression.type)
        case .unary(.isNaN, _):
            if case .float(let value) = operands[0] { return .flag(value.isNaN) }
        case .binary(let binary, _, _):
            let order = operands[0].order(operands[1])
            switch binary {
            case .equal: return .flag(order == 0)
            case .notEqual: return .flag(order != 0)
            case .less: return .flag(order < 0)
            case .lessOrEqual: return .flag(order <= 0)
            case .greater: return .flag(order > 0)
            case .greaterOrEqual: return .flag(order >= 0)
            default: return try arithmetic(binary, operands[0], operands[1], expression.type)
            }
        case .isIn(_, let literals): return .flag(literals.contains { cell($0) == operands[0] })
        case .cast(_, let onFailure):
            guard let value = cast(operands[0], expression.type) else {
                if onFailure == .null { return .null }
                throw ReferenceFailure(code: .castFailed)
            }
            return value
        case .function(let function, _): return try self.function(function, operands, expression.type)
        default: break
        }
        preconditionFailure("the reference does not know '\(expression.text)'")
    }

    static func cell(_ literal: Literal) -> Cell {
        switch literal {
        case .bool(let value): .flag(value)
        case .integer(let value): .integer(Int128(value))
        case .float(let bits): .float(bits.value)
        case .string(let text): .text(text)
        default: .null
        }
    }

    private static func zero(_ like: Cell) -> Cell {
        if case .float = like { .float(-0.0) } else { .integer(0) }
    }

    private static func fit(_ value: Int128, _ type: DataType, _ code: StoaError.Code = .overflow) throws -> Cell {
        let fits = type == .int8 ? Int8(exactly: value) != nil : Int64(exactly: value) != nil
        guard fits else { throw ReferenceFailure(code: code) }
        return .integer(value)
    }

    private static func arithmetic(_ binary: BinaryOperator, _ left: Cell, _ right: Cell, _ type: DataType) throws
        -> Cell
    {
        switch (left, right) {
        case (.float(let a), .float(let b)):
            switch binary {
            case .add, .wrappingAdd: return .float(a + b)
            case .subtract: return .float(a - b)
            case .multiply: return .float(a * b)
            case .divide: return .float(a / b)
            default: return .float(a.truncatingRemainder(dividingBy: b))
            }
        case (.integer(let a), .integer(let b)):
            switch binary {
            case .add: return try fit(a + b, type)
            case .subtract: return try fit(a - b, type)
            case .multiply: return try fit(a * b, type)
            case .wrappingAdd: return .integer(Int128(Int64(truncatingIfNeeded: a + b)))
            default:
                if b == 0 { throw ReferenceFailure(code: .divisionByZero) }
                return binary == .quotient ? try fit(a / b, type) : .integer(a % b)
            }
        default: preconditionFailure("arithmetic of \(left) and \(right)")
        }
    }

    private static func cast(_ value: Cell, _ type: DataType) -> Cell? {
        switch (value, type) {
        case (.integer(let value), .float64): .float(Double(value))
        case (.integer, .int8), (.integer, .int64): try? fit(integer(value), type)
        case (.integer(let value), .utf8): .text(String(value))
        case (.float(let value), .int64): Int64(exactly: value.rounded(.towardZero)).map { .integer(Int128($0)) }
        case (.text(let text), .int64): Int64(text).map { .integer(Int128($0)) }
        case (.flag(let flag), .int64): .integer(flag ? 1 : 0)
        default: preconditionFailure("a cast of \(value) to \(type)")
        }
    }

    private static func integer(_ cell: Cell) -> Int128 { if case .integer(let value) = cell { value } else { 0 } }

    private static func function(_ function: ScalarFunction, _ operands: [Cell], _ type: DataType) throws -> Cell {
        switch (function, operands[0]) {
        case (.abs, .integer(let value)): return try fit(value < 0 ? -value : value, type)
        case (.abs, .float(let value)): return .float(value.magnitude)
        case (.sign, .integer(let value)): return .integer(value.signum())
        case (.floor, .float(let value)): return .float(value.rounded(.down))
        case (.sqrt, .float(let value)): return .float(value.squareRoot())
        case (.length, .text(let text)): return .integer(Int128(text.unicodeScalars.count))
        case (.uppercased, .text(let text)): return .text(text.uppercased())
        case (.contains, .text(let text)):
            guard case .text(let sought) = operands[1] else { return .null }
            let bytes = Array(text.utf8)
            let pattern = Array(sought.utf8)
            return .flag(
                pattern.count <= bytes.count
                    && (0...(bytes.count - pattern.count)).contains { bytes[$0...].starts(with: pattern) })
        case (.concatenate, _):
            return .text(operands.map { if case .text(let text) = $0 { text } else { "" } }.joined())
        default: preconditionFailure("the reference does not know \(function)")
        }
    }
}
