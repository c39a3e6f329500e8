import StoaColumns

/// Arithmetic of two operands.
package enum ArithmeticOperator: String, Hashable, Sendable, CaseIterable {
    /// Checked on integers and decimals, IEEE 754 on floats.
    case add, subtract, multiply
    /// Integers modulo 2^n.
    case wrappingAdd, wrappingSubtract, wrappingMultiply
    /// Floats only.
    case divide
    /// Truncating division; by zero is an error on integers and decimals.
    case quotient
    /// What `quotient` leaves, with the sign of the dividend.
    case remainder

    /// As users write it.
    var symbol: String {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .wrappingAdd: "&+"
        case .wrappingSubtract: "&-"
        case .wrappingMultiply: "&*"
        case .divide: "/"
        case .quotient: "div"
        case .remainder: "%"
        }
    }
}

/// Arithmetic of one operand, in the operand's type.
package enum NumericFunction: String, Hashable, Sendable, CaseIterable {
    /// Checked on integers and decimals.
    case negate, abs
    /// -1, 0 or 1; NaN for NaN.
    case sign
    /// To a whole number; `round` takes halves to even.
    case floor, ceil, round, truncate
}

/// Arithmetic, a row at a time in vectors.
///
/// Nulls: null where an operand is null; what lies under a null never raises an error.
/// NaN: IEEE 754. Overflow: floats give infinities; integers and decimals raise `overflow`, division of them by zero
/// raises `divisionByZero`, in both cases with the row and the operands; wrapping forms wrap.
/// Empty: empty. Cost: integer and float loops run at memory speed, except checked multiplication of large integers,
/// division, and 128-bit decimals, which go value by value.
package enum Arithmetic {
    /// `left operator right` as `type`. Operands share one type; decimals need only one storage-independent scale rule:
    /// equal scales for all but `multiply`, where the result has the sum of both scales, or fewer digits (half up).
    package static func binary(
        _ operation: ArithmeticOperator, _ left: Operand, _ right: Operand, type: DataType, in rows: RowScope
    ) throws(StoaError) -> Column {
        let validity = validity(of: [left, right], count: rows.count)
        let values: MemoryRegion
        if type.isDecimal || left.type.isDecimal {
            values = try DecimalArithmetic.binary(operation, left, right, type: type, in: rows, validity: validity)
        } else if left.type.isFloat {
            precondition(left.type == type && right.type == type, "\(left.type) \(operation) \(right.type) as \(type)")
            values = try withFloat(
                type.storageType, FloatArithmetic(operation: operation, left: left, right: right, count: rows.count))
        } else {
            precondition(
                left.type.storageType == type.storageType && right.type.storageType == type.storageType,
                "\(left.type) \(operation) \(right.type) as \(type)")
            values = try withInteger(
                type.storageType,
                IntegerArithmetic(
                    operation: operation, left: left, right: right, type: type, rows: rows, validity: validity))
        }
        return Column(type: type, count: rows.count, values: values, validity: validity)
    }

    /// `function(operand)` in the operand's type.
    package static func unary(
        _ function: NumericFunction, _ operand: Operand, in rows: RowScope
    ) throws(StoaError) -> Column {
        let type = operand.type
        let validity = validity(of: [operand], count: rows.count)
        let values: MemoryRegion
        if case .decimal(let precision, let scale) = type {
            values = try withInteger(
                type.storageType,
                DecimalFunction(
                    function: function, operand: operand, precision: precision, scale: scale, rows: rows,
                    validity: validity))
        } else if type.isFloat {
            values = try withFloat(
                type.storageType, FloatFunction(function: function, operand: operand, count: rows.count))
        } else {
            values = try withInteger(
                type.storageType,
                IntegerFunction(function: function, operand: operand, type: type, rows: rows, validity: validity))
        }
        return Column(type: type, count: rows.count, values: values, validity: validity)
    }
}

extension StoaError {
    /// The result of an operation does not fit its type.
    static func overflow(_ operation: String, type: DataType, row: Int) -> StoaError {
        StoaError(
            .overflow, "\(operation) does not fit \(type)",
            advice: type.isDecimal
                ? "cast the operands to a decimal of more digits or to float64"
                : "cast the operands to a wider type or to float64, or use &+, &-, &* to wrap",
            at: .init(row: row))
    }

    /// An integer or decimal was divided by zero.
    static func divisionByZero(_ operation: String, row: Int) -> StoaError {
        StoaError(
            .divisionByZero, "\(operation) divides by zero",
            advice: "divide only where the divisor is not zero, for example with when(divisor != 0)",
            at: .init(row: row))
    }
}

/// Whether an error in this row counts: it holds values and is in scope.
func isJudged(_ row: Int, _ rows: RowScope, _ validity: MemoryRegion?) -> Bool {
    rows.contains(row) && (validity.map { Bitmap.bit($0.base, at: row) } ?? true)
}
