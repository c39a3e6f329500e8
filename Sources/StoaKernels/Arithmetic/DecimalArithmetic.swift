import StoaColumns

/// Arithmetic of decimals, exact on their scaled integers.
enum DecimalArithmetic {
    static func binary(
        _ operation: ArithmeticOperator, _ left: Operand, _ right: Operand, type: DataType, in rows: RowScope,
        validity: MemoryRegion?
    ) throws(StoaError) -> MemoryRegion {
        guard case .decimal(let leftPrecision, let leftScale) = left.type,
            case .decimal(let rightPrecision, let rightScale) = right.type,
            case .decimal(let precision, let scale) = type
        else { preconditionFailure("\(left.type) \(operation) \(right.type) as \(type)") }
        let rounding: Int
        switch operation {
        case .multiply:
            rounding = leftScale + rightScale - scale
            precondition(rounding >= 0, "a product of scales \(leftScale) and \(rightScale) as \(type)")
        case .quotient:
            rounding = 0
            precondition(leftScale == rightScale, "a quotient of scales \(leftScale) and \(rightScale)")
        case .add, .subtract, .remainder:
            rounding = 0
            precondition(
                leftScale == scale && rightScale == scale, "\(left.type) \(operation) \(right.type) as \(type)")
        default:
            preconditionFailure("\(operation) of decimals")
        }
        let task = Task(
            operation: operation, left: left, right: right, type: type, rows: rows, validity: validity,
            limit: Decimals.powerOfTen(precision), rounding: rounding,
            quotientUnit: operation == .quotient ? Decimals.powerOfTen(scale) : 1)
        let isWide = type.storageType == .int128
        switch (left.type.storageType == .int128, right.type.storageType == .int128) {
        case (false, false):
            // Sums of 18 digits fit 64 bits and products of 18 digits 128: neither wraps.
            if operation != .multiply || leftPrecision + rightPrecision <= DataType.maximumNarrowDecimalPrecision {
                if !isWide { return try task.run(Int64.self, Int64.self, Int64.self, work: Int64.self) }
            }
            return isWide
                ? try task.run(Int64.self, Int64.self, Int128.self, work: Int128.self)
                : try task.run(Int64.self, Int64.self, Int64.self, work: Int128.self)
        case (true, false):
            return isWide
                ? try task.run(Int128.self, Int64.self, Int128.self, work: Int128.self)
                : try task.run(Int128.self, Int64.self, Int64.self, work: Int128.self)
        case (false, true):
            return isWide
                ? try task.run(Int64.self, Int128.self, Int128.self, work: Int128.self)
                : try task.run(Int64.self, Int128.self, Int64.self, work: Int128.self)
        case (true, true):
            return isWide
                ? try task.run(Int128.self, Int128.self, Int128.self, work: Int128.self)
                : try task.run(Int128.self, Int128.self, Int64.self, work: Int128.self)
        }
    }

    /// One operation on columns, before the widths are known.
    private struct Task {
        let operation: ArithmeticOperator
        let left: Operand
        let right: Operand
        let type: DataType
        let rows: RowScope
        let validity: MemoryRegion?
        /// 10^precision: what the result's magnitude must stay below.
        let limit: Int128
        /// Digits that a product loses.
        let rounding: Int
        /// What one whole is in the result of a quotient.
        let quotientUnit: Int128

        func run<Left: ColumnInteger, Right: ColumnInteger, Result: ColumnInteger, Work: ColumnInteger>(
            _: Left.Type, _: Right.Type, _: Result.Type, work: Work.Type
        ) throws(StoaError) -> MemoryRegion {
            let region = MemoryRegion(of: Result.self, count: rows.count)
            let target = region.bound(to: Result.self)
            let a = OperandValues<Left>(left)
            let b = OperandValues<Right>(right)
            let limit = Work(truncatingIfNeeded: limit)
            let unit = Work(truncatingIfNeeded: quotientUnit)
            // Values of 64 bits have at most 18 digits: their sums fit 64 bits, and `binary` works on products in enough bits.
            switch operation {
            case .add:
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    Left.bitWidth & Right.bitWidth == 64 ? (x &+ y, false) : x.addingReportingOverflow(y)
                }
            case .subtract:
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    Left.bitWidth & Right.bitWidth == 64 ? (x &- y, false) : x.subtractingReportingOverflow(y)
                }
            case .multiply where rounding > 0:
                let rounding = rounding
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    DecimalArithmetic.roundedProduct(x, y, dropping: rounding)
                }
            case .multiply:
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    Left.bitWidth & Right.bitWidth == 64 ? (x &* y, false) : x.multipliedReportingOverflow(by: y)
                }
            case .quotient:
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    y == 0
                        ? (0, true)
                        : x.dividedReportingOverflow(by: y).partialValue.multipliedReportingOverflow(by: unit)
                }
            default:
                try loop(a, b, target, limit) { (x: Work, y: Work) in
                    y == 0 ? (0, true) : (x.remainderReportingOverflow(dividingBy: y).partialValue, false)
                }
            }
            return region
        }

        @inline(__always)
        private func loop<Left: ColumnInteger, Right: ColumnInteger, Result: ColumnInteger, Work: ColumnInteger>(
            _ left: OperandValues<Left>, _ right: OperandValues<Right>, _ target: UnsafeMutablePointer<Result>,
            _ limit: Work, _ operation: (Work, Work) -> (partialValue: Work, overflow: Bool)
        ) throws(StoaError) {
            for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
                let length = min(Operand.constantRows, rows.count &- start)
                let a = left.block(at: start)
                let b = right.block(at: start)
                let result = target + start
                var failures: Work = 0
                for index in 0..<length {
                    let (value, overflow) = operation(
                        Work(truncatingIfNeeded: a[index]), Work(truncatingIfNeeded: b[index]))
                    // Integers instead of booleans: their union is taken in vectors.
                    failures |= (overflow ? 1 : 0) | (value >= limit ? 1 : 0) | (value <= 0 &- limit ? 1 : 0)
                    result[index] = Result(truncatingIfNeeded: value)
                }
                if failures == 0 { continue }
                for index in 0..<length {
                    let (value, overflow) = operation(
                        Work(truncatingIfNeeded: a[index]), Work(truncatingIfNeeded: b[index]))
                    if overflow || value >= limit || value <= 0 &- limit {
                        try judge(
                            Int128(truncatingIfNeeded: a[index]), Int128(truncatingIfNeeded: b[index]), start + index)
                    }
                }
            }
        }

        @inline(never)
        private func judge(_ a: Int128, _ b: Int128, _ row: Int) throws(StoaError) {
            guard isJudged(row, rows, validity) else { return }
            guard case .decimal(_, let leftScale) = left.type, case .decimal(_, let rightScale) = right.type else {
                return
            }
            let text =
                "\(Decimals.description(unscaled: a, scale: leftScale)) \(operation.symbol) \(Decimals.description(unscaled: b, scale: rightScale))"
            let isDivision = operation == .quotient || operation == .remainder
            throw isDivision && b == 0 ? .divisionByZero(text, row: row) : .overflow(text, type: type, row: row)
        }
    }

    /// The product without its last digits, halves away from zero, exact although the product may have 256 bits.
    static func roundedProduct<Work: ColumnInteger>(
        _ left: Work, _ right: Work, dropping digits: Int
    ) -> (partialValue: Work, overflow: Bool) {
        let isNegative = (left < 0) != (right < 0)
        let a = Int128(truncatingIfNeeded: left).magnitude
        let b = Int128(truncatingIfNeeded: right).magnitude
        let (high, low) = a.multipliedFullWidth(by: b)
        let unit = Decimals.powerOfTen(min(digits, 38)).magnitude
        guard digits <= 38, high < unit else { return (0, digits <= 38) }
        let (quotient, remainder) = unit.dividingFullWidth((high, low))
        let (rounded, carry) = quotient.addingReportingOverflow(remainder >= unit - remainder ? 1 : 0)
        guard !carry, rounded <= UInt128(Int128.max) else { return (0, true) }
        let value = Int128(rounded)
        return (Work(truncatingIfNeeded: isNegative ? 0 - value : value), false)
    }

    /// `value` / 10^`digits`, halves away from zero.
    @inline(__always)
    static func rescaledDown<Value: ColumnInteger>(_ value: Value, unit: Value) -> Value {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        let distance = remainder < 0 ? 0 &- remainder : remainder
        if distance < unit &- distance { return quotient }
        return value < 0 ? quotient &- 1 : quotient &+ 1
    }
}

/// Negation, magnitude, sign and rounding of decimals, in their own type.
struct DecimalFunction: IntegerBody {
    let function: NumericFunction
    let operand: Operand
    let precision: Int
    let scale: Int
    let rows: RowScope
    let validity: MemoryRegion?

    func run<Value: ColumnInteger>(_ valueType: Value.Type) throws(StoaError) -> MemoryRegion {
        let region = MemoryRegion(of: Value.self, count: rows.count)
        let target = region.bound(to: Value.self)
        let values = OperandValues<Value>(operand)
        let unit = Value(truncatingIfNeeded: Decimals.powerOfTen(scale))
        switch function {
        case .negate: try loop(values, target) { 0 &- $0 }
        case .abs: try loop(values, target) { $0 < 0 ? 0 &- $0 : $0 }
        case .sign: try loop(values, target) { $0 > 0 ? unit : $0 < 0 ? 0 &- unit : 0 }
        case .truncate: try loop(values, target) { $0 &- $0 % unit }
        case .floor:
            try loop(values, target) { value in
                let rest = value % unit
                return value &- rest &- (rest < 0 ? unit : 0)
            }
        case .ceil:
            try loop(values, target) { value in
                let rest = value % unit
                return value &- rest &+ (rest > 0 ? unit : 0)
            }
        case .round:
            try loop(values, target) { value in
                let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
                let distance = rest < 0 ? 0 &- rest : rest
                let isUp = distance > unit &- distance || (distance == unit &- distance && whole & 1 != 0)
                return value &- rest &+ (isUp ? (value < 0 ? 0 &- unit : unit) : 0)
            }
        }
        return region
    }

    @inline(__always)
    private func loop<Value: ColumnInteger>(
        _ values: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>, _ operation: (Value) -> Value
    ) throws(StoaError) {
        let limit = Value(truncatingIfNeeded: Decimals.powerOfTen(precision))
        for row in 0..<rows.count {
            let value = values.value(at: operand.isConstant ? 0 : row)
            let result = operation(value)
            target[row] = result
            if result >= limit || result <= 0 &- limit, isJudged(row, rows, validity) {
                throw .overflow(
                    "\(function.rawValue)(\(Decimals.description(unscaled: Int128(truncatingIfNeeded: value), scale: scale)))",
                    type: operand.type, row: row)
            }
        }
    }
}
