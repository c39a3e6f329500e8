import StoaColumns

/// One checked operation on integers: what it gives when it wraps, and whether it had to.
protocol CheckedOperation<Value> {
    associatedtype Value: ColumnInteger
    static func wrapped(_ left: Value, _ right: Value) -> Value
    /// The top bit is set where the wrapped result is not the true one.
    static func overflowFlag(_ left: Value, _ right: Value, _ result: Value) -> Value
}

enum Addition<Value: ColumnInteger>: CheckedOperation {
    @inline(__always)
    static func wrapped(_ left: Value, _ right: Value) -> Value { left &+ right }

    @inline(__always)
    static func overflowFlag(_ left: Value, _ right: Value, _ result: Value) -> Value {
        Value.isSigned ? (left ^ result) & (right ^ result) : (left & right) | ((left | right) & ~result)
    }
}

enum Subtraction<Value: ColumnInteger>: CheckedOperation {
    @inline(__always)
    static func wrapped(_ left: Value, _ right: Value) -> Value { left &- right }

    @inline(__always)
    static func overflowFlag(_ left: Value, _ right: Value, _ result: Value) -> Value {
        Value.isSigned ? (left ^ right) & (left ^ result) : (~left & right) | ((~left | right) & result)
    }
}

/// Arithmetic of two integer operands of one type.
struct IntegerArithmetic: IntegerBody {
    let operation: ArithmeticOperator
    let left: Operand
    let right: Operand
    let type: DataType
    let rows: RowScope
    let validity: MemoryRegion?

    func run<Value: ColumnInteger>(_ valueType: Value.Type) throws(StoaError) -> MemoryRegion {
        let region = MemoryRegion(of: Value.self, count: rows.count)
        let target = region.bound(to: Value.self)
        let a = OperandValues<Value>(left)
        let b = OperandValues<Value>(right)
        switch operation {
        case .add: try checked(Addition<Value>.self, a, b, target)
        case .subtract: try checked(Subtraction<Value>.self, a, b, target)
        case .multiply: try multiply(a, b, target)
        case .wrappingAdd: forBlocks(a, b, target) { $0 &+ $1 }
        case .wrappingSubtract: forBlocks(a, b, target) { $0 &- $1 }
        case .wrappingMultiply: forBlocks(a, b, target) { $0 &* $1 }
        case .quotient: try divide(a, b, target) { $0.dividedReportingOverflow(by: $1) }
        case .remainder:
            try divide(a, b, target) { ($0.remainderReportingOverflow(dividingBy: $1).partialValue, false) }
        case .divide: preconditionFailure("division gives float64: its operands must have been cast")
        }
        return region
    }

    /// A loop without checks; the closure is inlined.
    @inline(__always)
    private func forBlocks<Value: ColumnInteger>(
        _ left: OperandValues<Value>, _ right: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>,
        _ operation: (Value, Value) -> Value
    ) {
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            for index in 0..<min(Operand.constantRows, rows.count &- start) {
                result[index] = operation(a[index], b[index])
            }
        }
    }

    private func checked<Operation: CheckedOperation>(
        _: Operation.Type, _ left: OperandValues<Operation.Value>, _ right: OperandValues<Operation.Value>,
        _ target: UnsafeMutablePointer<Operation.Value>
    ) throws(StoaError) {
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let length = min(Operand.constantRows, rows.count &- start)
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            var flags: Operation.Value = 0
            for index in 0..<length {
                let value = Operation.wrapped(a[index], b[index])
                flags |= Operation.overflowFlag(a[index], b[index], value)
                result[index] = value
            }
            if flags.leadingZeroBitCount == 0 {
                for index in 0..<length
                where Operation.overflowFlag(a[index], b[index], result[index]).leadingZeroBitCount == 0 {
                    try judge(a[index], b[index], at: start + index)
                }
            }
        }
    }

    /// A block whose factors are so small that no product can overflow multiplies in vectors; others value by value.
    private func multiply<Value: ColumnInteger>(
        _ left: OperandValues<Value>, _ right: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>
    ) throws(StoaError) {
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let length = min(Operand.constantRows, rows.count &- start)
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            if Self.magnitudeBits(a, length) + Self.magnitudeBits(b, length) <= Value.bitWidth - 2 {
                for index in 0..<length { result[index] = a[index] &* b[index] }
                continue
            }
            var failed = false
            for index in 0..<length {
                let (value, overflow) = a[index].multipliedReportingOverflow(by: b[index])
                failed = failed || overflow
                result[index] = value
            }
            if failed {
                for index in 0..<length where a[index].multipliedReportingOverflow(by: b[index]).overflow {
                    try judge(a[index], b[index], at: start + index)
                }
            }
        }
    }

    /// The number p for which every value lies in -2^p ..< 2^p.
    @inline(__always)
    private static func magnitudeBits<Value: ColumnInteger>(_ values: UnsafePointer<Value>, _ count: Int) -> Int {
        var union: Value = 0
        for index in 0..<count {
            let value = values[index]
            union |= Value.isSigned ? value ^ (value &>> Value(truncatingIfNeeded: Value.bitWidth - 1)) : value
        }
        return Value.bitWidth - union.leadingZeroBitCount
    }

    @inline(__always)
    private func divide<Value: ColumnInteger>(
        _ left: OperandValues<Value>, _ right: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>,
        _ operation: (Value, Value) -> (partialValue: Value, overflow: Bool)
    ) throws(StoaError) {
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let length = min(Operand.constantRows, rows.count &- start)
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            var failed = false
            for index in 0..<length {
                let divisor = b[index]
                let (value, overflow) = operation(a[index], divisor == 0 ? 1 : divisor)
                failed = failed || overflow || divisor == 0
                result[index] = value
            }
            if failed {
                for index in 0..<length {
                    if b[index] == 0 || operation(a[index], b[index]).overflow {
                        try judge(a[index], b[index], at: start + index)
                    }
                }
            }
        }
    }

    /// Throws when the failed row is one whose errors count.
    @inline(never)
    private func judge<Value: ColumnInteger>(_ left: Value, _ right: Value, at row: Int) throws(StoaError) {
        guard isJudged(row, rows, validity) else { return }
        let text = "\(left) \(operation.symbol) \(right)"
        let isDivision = operation == .quotient || operation == .remainder
        throw isDivision && right == 0 ? .divisionByZero(text, row: row) : .overflow(text, type: type, row: row)
    }
}

/// Negation, magnitude and sign of integers; rounding leaves them as they are.
struct IntegerFunction: IntegerBody {
    let function: NumericFunction
    let operand: Operand
    let type: DataType
    let rows: RowScope
    let validity: MemoryRegion?

    func run<Value: ColumnInteger>(_ valueType: Value.Type) throws(StoaError) -> MemoryRegion {
        let region = MemoryRegion(of: Value.self, count: rows.count)
        let target = region.bound(to: Value.self)
        let values = OperandValues<Value>(operand)
        switch function {
        case .negate:
            try checked(values, target) {
                0 &- $0
            } fails: {
                Value.isSigned ? $0 == .min : $0 != 0
            }
        case .abs:
            try checked(values, target) {
                $0 < 0 ? 0 &- $0 : $0
            } fails: {
                Value.isSigned && $0 == .min
            }
        case .sign:
            try checked(values, target) {
                ($0 > 0 ? 1 : 0) &- ($0 < 0 ? 1 : 0)
            } fails: { _ in
                false
            }
        case .floor, .ceil, .round, .truncate:
            try checked(values, target) {
                $0
            } fails: { _ in
                false
            }
        }
        return region
    }

    @inline(__always)
    private func checked<Value: ColumnInteger>(
        _ values: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>, _ operation: (Value) -> Value,
        fails: (Value) -> Bool
    ) throws(StoaError) {
        for start in stride(from: 0, to: rows.count, by: Operand.constantRows) {
            let length = min(Operand.constantRows, rows.count &- start)
            let block = values.block(at: start)
            let result = target + start
            var failures: Value = 0
            for index in 0..<length {
                failures |= fails(block[index]) ? 1 : 0
                result[index] = operation(block[index])
            }
            if failures != 0 {
                for index in 0..<length where fails(block[index]) && isJudged(start + index, rows, validity) {
                    throw .overflow("\(function.rawValue)(\(block[index]))", type: type, row: start + index)
                }
            }
        }
    }
}
