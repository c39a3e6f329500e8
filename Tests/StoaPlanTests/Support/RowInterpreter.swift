import StoaColumns
import StoaPlan

/// A value of the slow reference: what a row of a column holds, or the arguments that an unfinished aggregate has seen.
enum Value: Hashable, CustomStringConvertible {
    case null
    case bool(Bool)
    case int(Int64)
    case text(String)
    case float(FloatBits)
    case seen([Value])

    /// A float by its place in the order of N2: both zeros one value, all NaN one value.
    static func number(_ value: Double) -> Value {
        .float(FloatBits(value.isNaN ? Double.nan : value == 0 ? 0 : value))
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .text(let value): "\"\(value)\""
        case .float(let bits): "\(bits.value)"
        case .seen(let values): "\(values)"
        }
    }

    /// The order of N2; the values are of one type and not null.
    static func isOrdered(_ left: Value, before right: Value) -> Bool {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): !a && b
        case (.int(let a), .int(let b)): a < b
        case (.text(let a), .text(let b)): Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8))
        case (.float(let a), .float(let b)): b.value.isNaN ? !a.value.isNaN : a.value < b.value
        default: preconditionFailure("\(left) and \(right) do not compare")
        }
    }
}

/// Why the reference stops.
struct RowFailure: Error {}

/// One expression on one row, without any cleverness. Int64, float64, bool and utf8 only.
func evaluate(_ expression: BoundExpression, _ row: [Value]) throws -> Value {
    let operands = try expression.operands.map { try evaluate($0, row) }
    switch expression.node {
    case .column(let index): return row[index]
    case .literal(let literal): return value(of: literal)
    case .unary(.isNull, _): return .bool(operands[0] == .null)
    case .unary(.isNotNull, _): return .bool(operands[0] != .null)
    case .unary(let unary, _):
        switch (unary, operands[0]) {
        case (_, .null): return .null
        case (.not, .bool(let value)): return .bool(!value)
        case (.isNaN, .float(let bits)): return .bool(bits.value.isNaN)
        case (.negate, .float(let bits)): return .number(-bits.value)
        case (.negate, .int(let value)) where value != Int64.min: return .int(-value)
        default: throw RowFailure()
        }
    case .binary(let binary, _, _): return try evaluate(binary, operands[0], operands[1])
    case .cast:
        if case .int(let value) = operands[0], expression.type == .float64 { return .number(Double(value)) }
        if operands[0] == .null { return .null }
        preconditionFailure("the reference has no cast of \(operands[0]) to \(expression.type)")
    case .conditional(let branches, let otherwise):
        for branch in branches.indices where operands[2 * branch] == .bool(true) { return operands[2 * branch + 1] }
        return otherwise == nil ? .null : operands[operands.count - 1]
    case .isIn(_, let values):
        return operands[0] == .null ? .null : .bool(values.contains { value(of: $0) == operands[0] })
    case .function(.coalesce, _): return operands.first { $0 != .null } ?? .null
    case .function(.abs, _):
        switch operands[0] {
        case .int(let value): return .int(abs(value))
        case .float(let bits): return .number(abs(bits.value))
        default: return .null
        }
    case .function(let function, _): preconditionFailure("the reference has no \(function)")
    }
}

private func value(of literal: Literal) -> Value {
    switch literal {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .int(value)
    case .float(let bits): .number(bits.value)
    case .string(let text): .text(text)
    default: preconditionFailure("the reference has no \(literal)")
    }
}

private func evaluate(_ binary: BinaryOperator, _ left: Value, _ right: Value) throws -> Value {
    switch binary {
    case .nullSafeEqual: return .bool(left == right)
    case .and:
        if left == .bool(false) || right == .bool(false) { return .bool(false) }
        return left == .null || right == .null ? .null : .bool(true)
    case .or:
        if left == .bool(true) || right == .bool(true) { return .bool(true) }
        return left == .null || right == .null ? .null : .bool(false)
    default: break
    }
    if left == .null || right == .null { return .null }
    switch binary {
    case .equal: return .bool(left == right)
    case .notEqual: return .bool(left != right)
    case .less: return .bool(Value.isOrdered(left, before: right))
    case .greaterOrEqual: return .bool(!Value.isOrdered(left, before: right))
    case .greater: return .bool(Value.isOrdered(right, before: left))
    case .lessOrEqual: return .bool(!Value.isOrdered(right, before: left))
    default: break
    }
    if case .float(let a) = left, case .float(let b) = right {
        switch binary {
        case .add: return .number(a.value + b.value)
        case .subtract: return .number(a.value - b.value)
        case .multiply: return .number(a.value * b.value)
        case .divide: return .number(a.value / b.value)
        default: preconditionFailure("the reference has no \(binary) of floats")
        }
    }
    guard case .int(let a) = left, case .int(let b) = right else {
        preconditionFailure("\(binary) of \(left), \(right)")
    }
    let result: (partialValue: Int64, overflow: Bool) =
        switch binary {
        case .add: a.addingReportingOverflow(b)
        case .subtract: a.subtractingReportingOverflow(b)
        case .multiply: a.multipliedReportingOverflow(by: b)
        case .quotient: a.dividedReportingOverflow(by: b)
        case .remainder: a.remainderReportingOverflow(dividingBy: b)
        default: preconditionFailure("the reference has no \(binary) of integers")
        }
    if result.overflow { throw RowFailure() }
    return .int(result.partialValue)
}

/// A finished aggregate of the arguments of a group's rows.
func evaluate(_ function: AggregateFunction, _ arguments: [Value]) throws -> Value {
    let values = arguments.filter { $0 != .null }
    let numbers = values.map { value -> Double in
        switch value {
        case .float(let bits): bits.value
        case .int(let value): Double(value)
        case .bool(let value): value ? 1 : 0
        default: 0
        }
    }
    switch function {
    case .countRows: return .int(Int64(arguments.count))
    case .count: return .int(Int64(values.count))
    case .countDistinct: return .int(Int64(Set(values).count))
    case .min: return values.min { Value.isOrdered($0, before: $1) } ?? .null
    case .max: return values.max { Value.isOrdered($0, before: $1) } ?? .null
    case .sum, .sumOrZero:
        guard let first = values.first else { return function == .sum ? .null : .int(0) }
        if case .float = first { return .number(numbers.reduce(0, +)) }
        return .int(Int64(numbers.reduce(0, +)))
    case .mean: return values.isEmpty ? .null : .number(numbers.reduce(0, +) / Double(values.count))
    case .quantile(let share, _):
        guard !values.isEmpty else { return .null }
        let sorted = values.sorted { Value.isOrdered($0, before: $1) }
        return sorted[Int(Double(values.count - 1) * share)]
    case .variance, .standardDeviation, .covariance, .correlation:
        preconditionFailure("the reference has no \(function)")
    }
}
