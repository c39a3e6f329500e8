import StoaColumns
import StoaPlan

/// Decides from statistics whether a condition can be true for any row of a part of a file.
///
/// Every answer errs on the side of "possible". Comparisons are in the total order of N2: NaN is above all numbers and
/// is not among a file's bounds, so a float column may always hold a greater value than its greatest.
struct RowGroupPredicate {
    /// Which values a condition may take in the part.
    private struct Outcomes {
        var canBeTrue: Bool
        var canBeFalse: Bool

        static let any = Outcomes(canBeTrue: true, canBeFalse: true)
    }

    let condition: BoundExpression
    /// Statistics of a column by its index in the scan's schema; nil when there are none.
    let statistics: (Int) throws(StoaError) -> ColumnStatistics?

    /// Whether some row may satisfy the condition.
    func mayHold() throws(StoaError) -> Bool { try outcomes(condition).canBeTrue }

    private func outcomes(_ expression: BoundExpression) throws(StoaError) -> Outcomes {
        switch expression.node {
        case .literal(.bool(let value)): return Outcomes(canBeTrue: value, canBeFalse: !value)
        case .literal(.null): return Outcomes(canBeTrue: false, canBeFalse: false)
        case .column(let index) where expression.type == .bool:
            return try compare(.equal, column: index, to: .number(1), isFloat: false)
        case .unary(.not, let operand):
            let outcomes = try outcomes(operand)
            return Outcomes(canBeTrue: outcomes.canBeFalse, canBeFalse: outcomes.canBeTrue)
        case .unary(.isNull, let operand): return try nullness(operand)
        case .unary(.isNotNull, let operand):
            let outcomes = try nullness(operand)
            return Outcomes(canBeTrue: outcomes.canBeFalse, canBeFalse: outcomes.canBeTrue)
        case .binary(.and, let left, let right):
            let (left, right) = (try outcomes(left), try outcomes(right))
            return Outcomes(
                canBeTrue: left.canBeTrue && right.canBeTrue, canBeFalse: left.canBeFalse || right.canBeFalse)
        case .binary(.or, let left, let right):
            let (left, right) = (try outcomes(left), try outcomes(right))
            return Outcomes(
                canBeTrue: left.canBeTrue || right.canBeTrue, canBeFalse: left.canBeFalse && right.canBeFalse)
        case .binary(let operation, let left, let right):
            if let column = column(left), let value = constant(right) {
                return try compare(operation, column: column, to: value, isFloat: right.type.isFloat)
            }
            if let column = column(right), let value = constant(left), let mirrored = mirrored(operation) {
                return try compare(mirrored, column: column, to: value, isFloat: left.type.isFloat)
            }
            return .any
        case .isIn(let operand, let literals):
            guard let column = column(operand) else { return .any }
            var result = Outcomes(canBeTrue: false, canBeFalse: true)
            for literal in literals where literal != .null {
                guard let value = constant(literal, type: operand.type) else { return .any }
                let equal = try compare(.equal, column: column, to: value, isFloat: operand.type.isFloat)
                result.canBeTrue = result.canBeTrue || equal.canBeTrue
            }
            return result
        default: return .any
        }
    }

    private func nullness(_ operand: BoundExpression) throws(StoaError) -> Outcomes {
        guard case .column(let index) = operand.node, let statistics = try statistics(index),
            let nulls = statistics.nullCount
        else { return .any }
        return Outcomes(canBeTrue: nulls > 0, canBeFalse: nulls < statistics.rowCount)
    }

    private func compare(
        _ operation: BinaryOperator, column: Int, to value: BoundValue, isFloat: Bool
    ) throws(StoaError) -> Outcomes {
        guard let statistics = try statistics(column) else { return .any }
        if statistics.nullCount == statistics.rowCount, operation != .nullSafeEqual {
            return Outcomes(canBeTrue: false, canBeFalse: false)
        }
        guard let bounds = statistics.bounds, let place = Self.place(of: value, in: bounds) else { return .any }
        let (isBelow, isAbove, isOnly) = place
        switch operation {
        case .equal, .nullSafeEqual:
            return Outcomes(
                canBeTrue: !isBelow && !isAbove, canBeFalse: isFloat || !isOnly || operation == .nullSafeEqual)
        case .notEqual: return Outcomes(canBeTrue: isFloat || !isOnly, canBeFalse: !isBelow && !isAbove)
        case .less: return Outcomes(canBeTrue: bounds.lowerBound < value, canBeFalse: isFloat || !isAbove)
        case .lessOrEqual:
            return Outcomes(canBeTrue: !isBelow, canBeFalse: isFloat || value < bounds.upperBound)
        case .greater: return Outcomes(canBeTrue: isFloat || value < bounds.upperBound, canBeFalse: !isBelow)
        case .greaterOrEqual:
            return Outcomes(canBeTrue: isFloat || !isAbove, canBeFalse: bounds.lowerBound < value)
        default: return .any
        }
    }

    /// Where a value lies: below all bounds, above them, or being the only value between them. Nil when it is of
    /// another kind.
    private static func place(
        of value: BoundValue, in bounds: ClosedRange<BoundValue>
    ) -> (isBelow: Bool, isAbove: Bool, isOnly: Bool)? {
        switch (value, bounds.lowerBound) {
        case (.number, .number), (.bytes, .bytes): break
        case (.float(let float), .float) where !float.isNaN: break
        default: return nil
        }
        return (
            value < bounds.lowerBound, bounds.upperBound < value,
            value == bounds.lowerBound && value == bounds.upperBound
        )
    }

    /// The column that an expression is, perhaps widened to a type in whose order its values keep theirs and its bounds
    /// are written the same.
    private func column(_ expression: BoundExpression) -> Int? {
        switch expression.node {
        case .column(let index): return index
        case .cast(let operand, _):
            guard case .column(let index) = operand.node else { return nil }
            switch (operand.type, expression.type) {
            case (let from, let to) where from.isInteger && to.isInteger: return index
            case (.float32, .float64): return index
            default: return nil
            }
        default: return nil
        }
    }

    private func constant(_ expression: BoundExpression) -> BoundValue? {
        guard case .literal(let literal) = expression.node else { return nil }
        return constant(literal, type: expression.type)
    }

    private func constant(_ literal: Literal, type: DataType) -> BoundValue? {
        switch (literal, type) {
        case (.bool(let value), .bool): return .number(value ? 1 : 0)
        case (.integer(let value), let type) where type.isInteger: return .number(Int128(value))
        case (.integer(let value), .float64): return .float(Double(value))
        case (.unsigned(let value), let type) where type.isInteger: return .number(Int128(value))
        case (.float(let bits), .float64), (.float(let bits), .float32): return .float(bits.value)
        case (.string(let text), .utf8): return .bytes(Array(text.utf8))
        case (.date(let days), .date32): return .number(Int128(days))
        case (.timestamp(let microseconds, _), .timestamp): return .number(Int128(microseconds))
        case (.decimal(let unscaled, _, let scale), .decimal(_, let columnScale)) where scale == columnScale:
            return .number(unscaled)
        default: return nil
        }
    }

    private func mirrored(_ operation: BinaryOperator) -> BinaryOperator? {
        switch operation {
        case .equal, .notEqual, .nullSafeEqual: operation
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: nil
        }
    }
}
