import StoaColumns

/// Operators on constants, with exactly the results that execution has; nil where execution fails or the kernels alone
/// know the answer.
enum ConstantEvaluation {
    /// How two values compare in the order of N2.
    enum Order { case before, same, after }

    static func order(_ left: Literal, _ right: Literal) -> Order? {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): order(a ? 1 : 0, b ? 1 : 0)
        case (.integer(let a), .integer(let b)): order(a, b)
        case (.unsigned(let a), .unsigned(let b)): order(a, b)
        case (.integer, .unsigned): .before
        case (.unsigned, .integer): .after
        case (.float(let a), .float(let b)): floatOrder(a.value, b.value)
        // By bytes of UTF-8, as the kernels compare; Swift's own order is by canonical equivalence.
        case (.string(let a), .string(let b)):
            a.utf8.elementsEqual(b.utf8) ? .same : a.utf8.lexicographicallyPrecedes(b.utf8) ? .before : .after
        case (.date(let a), .date(let b)): order(a, b)
        case (.timestamp(let a, _), .timestamp(let b, _)): order(a, b)
        case (.decimal(let a, _, let s), .decimal(let b, _, let t)): s == t ? order(a, b) : nil
        default: nil
        }
    }

    private static func order<Value: Comparable>(_ a: Value, _ b: Value) -> Order {
        a < b ? .before : a > b ? .after : .same
    }

    /// NaN above all numbers, all NaN equal, both zeros equal.
    private static func floatOrder(_ a: Double, _ b: Double) -> Order {
        if a.isNaN || b.isNaN { return order(a.isNaN ? 1 : 0, b.isNaN ? 1 : 0) }
        return order(a, b)
    }

    /// The value of an operator; neither operand is null, except of `nullSafeEqual`.
    static func value(
        of binary: BinaryOperator, _ left: Literal, _ right: Literal, operands: DataType, result: DataType
    )
        -> Literal?
    {
        switch binary {
        case .nullSafeEqual:
            if left == .null || right == .null { return .bool(left == .null && right == .null) }
            return order(left, right).map { .bool($0 == .same) }
        case .equal: return order(left, right).map { .bool($0 == .same) }
        case .notEqual: return order(left, right).map { .bool($0 != .same) }
        case .less: return order(left, right).map { .bool($0 == .before) }
        case .lessOrEqual: return order(left, right).map { .bool($0 != .after) }
        case .greater: return order(left, right).map { .bool($0 == .after) }
        case .greaterOrEqual: return order(left, right).map { .bool($0 != .before) }
        case .and, .or: return nil
        case .add, .subtract, .multiply, .divide, .quotient, .remainder, .wrappingAdd, .wrappingSubtract,
            .wrappingMultiply:
            if case .float(let a) = left, case .float(let b) = right {
                return operands == .float32
                    ? arithmetic(binary, Float(a.value), Float(b.value)).map { .float(FloatBits(Double($0))) }
                    : arithmetic(binary, a.value, b.value).map { .float(FloatBits($0)) }
            }
            guard let a = integer(left), let b = integer(right) else { return nil }
            return arithmetic(binary, a, b, in: result)
        }
    }

    /// The negated value; nil when the type does not hold it.
    static func negated(_ literal: Literal, _ type: DataType) -> Literal? {
        switch literal {
        case .null: return .null
        case .float(let bits): return .float(FloatBits(-bits.value))
        case .decimal(let unscaled, let precision, let scale):
            return .decimal(unscaled: -unscaled, precision: precision, scale: scale)
        default: return integer(literal).flatMap { canonical(-$0, in: type) }
        }
    }

    private static func integer(_ literal: Literal) -> Int128? {
        switch literal {
        case .integer(let value): Int128(value)
        case .unsigned(let value): Int128(value)
        default: nil
        }
    }

    private static func arithmetic<Value: BinaryFloatingPoint>(_ binary: BinaryOperator, _ a: Value, _ b: Value)
        -> Value?
    {
        switch binary {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .remainder: a.truncatingRemainder(dividingBy: b)
        default: nil
        }
    }

    /// Operands of 64 bits: sums and products fit 128 bits, but for wrapping products of uint64, which wrap in Int128 to the
    /// same low bits.
    private static func arithmetic(_ binary: BinaryOperator, _ a: Int128, _ b: Int128, in type: DataType) -> Literal? {
        switch binary {
        case .add: return canonical(a + b, in: type)
        case .subtract: return canonical(a - b, in: type)
        case .multiply:
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            return overflow ? nil : canonical(product, in: type)
        case .quotient: return b == 0 ? nil : canonical(a / b, in: type)
        case .remainder: return b == 0 ? nil : canonical(a % b, in: type)
        case .wrappingAdd: return canonical(wrapped(a + b, in: type), in: type)
        case .wrappingSubtract: return canonical(wrapped(a - b, in: type), in: type)
        case .wrappingMultiply: return canonical(wrapped(a &* b, in: type), in: type)
        default: return nil
        }
    }

    private static func wrapped(_ value: Int128, in type: DataType) -> Int128 {
        switch type {
        case .int8: Int128(Int8(truncatingIfNeeded: value))
        case .int16: Int128(Int16(truncatingIfNeeded: value))
        case .int32: Int128(Int32(truncatingIfNeeded: value))
        case .uint8: Int128(UInt8(truncatingIfNeeded: value))
        case .uint16: Int128(UInt16(truncatingIfNeeded: value))
        case .uint32: Int128(UInt32(truncatingIfNeeded: value))
        case .uint64: Int128(UInt64(truncatingIfNeeded: value))
        default: Int128(Int64(truncatingIfNeeded: value))
        }
    }

    private static func canonical(_ value: Int128, in type: DataType) -> Literal? {
        let literal = Int64(exactly: value).map(Literal.integer) ?? UInt64(exactly: value).map(Literal.unsigned)
        return literal?.converted(to: type)
    }
}
