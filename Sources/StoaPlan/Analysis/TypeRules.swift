import StoaColumns

/// How types meet: the common type of two operands, results of decimal arithmetic, which casts exist.
///
/// - Integers widen to the wider of two types of the same signedness; signed and unsigned together give int64. A uint64
///   and a signed integer have no common type: neither holds all values of both, and a checked cast that nobody wrote would
///   fail on data, so the caller is asked to write one.
/// - Integers and floats together, and floats of both widths, give float64.
/// - Decimals keep all digits of both sides where 38 suffice, decimals and floats give float64.
/// - A date and a timestamp give the timestamp; two timestamps must both have a zone or both have none.
package enum TypeRules {
    /// The type that both sides are converted to before they are compared, added or chosen between; nil when there is none.
    package static func common(_ left: DataType, _ right: DataType) -> DataType? {
        if left == right { return left }
        switch (left, right) {
        case _ where left.isInteger && right.isInteger:
            if left.isSignedInteger == right.isSignedInteger { return width(left) > width(right) ? left : right }
            return left == .uint64 || right == .uint64 ? nil : .int64
        case _ where left.isNumeric && right.isNumeric && (left.isFloat || right.isFloat): return .float64
        case (.decimal(let p, let s), .decimal(let q, let t)):
            let scale = max(s, t)
            let precision = max(p - s, q - t) + scale
            return precision > DataType.maximumDecimalPrecision ? nil : .decimal(precision: precision, scale: scale)
        case (.decimal, _) where right.isInteger: return common(left, decimal(holding: right))
        case (_, .decimal) where left.isInteger: return common(decimal(holding: left), right)
        case (.date32, .timestamp): return right
        case (.timestamp, .date32): return left
        case (.timestamp(let a), .timestamp(let b)): return (a == nil) == (b == nil) ? left : nil
        default: return nil
        }
    }

    /// The decimal that holds every value of an integer type.
    package static func decimal(holding integer: DataType) -> DataType {
        switch integer {
        case .int8, .uint8: .decimal(precision: 3, scale: 0)
        case .int16, .uint16: .decimal(precision: 5, scale: 0)
        case .int32, .uint32: .decimal(precision: 10, scale: 0)
        case .int64: .decimal(precision: 19, scale: 0)
        default: .decimal(precision: 20, scale: 0)
        }
    }

    /// The result of `+` and `-` on decimals, as Spark has it: one digit more than the common type. Beyond 38 digits the
    /// scale gives way, down to 6.
    package static func decimalSum(_ left: DataType, _ right: DataType) -> DataType {
        guard case .decimal(let p, let s) = left, case .decimal(let q, let t) = right else {
            preconditionFailure("a sum of decimals has operands \(left) and \(right)")
        }
        let scale = max(s, t)
        return bounded(precision: max(p - s, q - t) + scale + 1, scale: scale)
    }

    /// The result of `*` on decimals, as Spark has it: digits and scales add up, bounded as for sums.
    package static func decimalProduct(_ left: DataType, _ right: DataType) -> DataType {
        guard case .decimal(let p, let s) = left, case .decimal(let q, let t) = right else {
            preconditionFailure("a product of decimals has operands \(left) and \(right)")
        }
        return bounded(precision: p + q + 1, scale: s + t)
    }

    /// Spark's `adjustPrecisionScale`: digits before the point are kept, digits after it give way down to 6.
    private static func bounded(precision: Int, scale: Int) -> DataType {
        let limit = DataType.maximumDecimalPrecision
        if precision <= limit { return .decimal(precision: precision, scale: scale) }
        return .decimal(precision: limit, scale: max(limit - (precision - scale), min(scale, 6)))
    }

    /// Whether a cast between the types exists.
    package static func canCast(_ from: DataType, to target: DataType) -> Bool {
        if from == target || from == .utf8 || target == .utf8 { return true }
        if from.isNumeric { return target.isNumeric || target == .bool }
        if from == .bool { return target.isNumeric }
        return from.isTemporal && target.isTemporal
    }

    /// Whether every value of a type has a value in the other, so that a cast cannot fail. Integers to floats count: they
    /// round beyond 2^53 (N19).
    package static func widens(_ from: DataType, to target: DataType) -> Bool {
        if from == target || target == .utf8 { return true }
        switch (from, target) {
        case (.bool, _): return target.isNumeric && !target.isDecimal
        case (_, .float64): return from.isNumeric
        case (_, .float32): return from.isInteger || from.isFloat
        case (.decimal(let p, let s), .decimal(let q, let t)): return t >= s && q - t >= p - s
        case (_, .decimal) where from.isInteger: return widens(decimal(holding: from), to: target)
        case _ where from.isInteger && target.isInteger:
            if from.isSignedInteger == target.isSignedInteger { return width(from) <= width(target) }
            return from.isUnsignedInteger && width(from) < width(target)
        case (.timestamp, .timestamp): return true
        case (.date32, .timestamp): return false
        case (.timestamp, .date32): return true
        default: return false
        }
    }

    private static func width(_ type: DataType) -> Int { type.storageType.byteWidth ?? 0 }
}
