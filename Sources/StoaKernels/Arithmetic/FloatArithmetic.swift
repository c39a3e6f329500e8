import StoaColumns

/// Arithmetic of two float operands of one type, IEEE 754 without errors.
struct FloatArithmetic: FloatBody {
    let operation: ArithmeticOperator
    let left: Operand
    let right: Operand
    let count: Int

    func run<Value: ColumnFloat>(_ valueType: Value.Type) throws(StoaError) -> MemoryRegion {
        let region = MemoryRegion(of: Value.self, count: count)
        let target = region.bound(to: Value.self)
        let a = OperandValues<Value>(left)
        let b = OperandValues<Value>(right)
        switch operation {
        case .add, .wrappingAdd: forBlocks(a, b, target) { $0 + $1 }
        case .subtract, .wrappingSubtract: forBlocks(a, b, target) { $0 - $1 }
        case .multiply, .wrappingMultiply: forBlocks(a, b, target) { $0 * $1 }
        case .divide: forBlocks(a, b, target) { $0 / $1 }
        case .quotient: forBlocks(a, b, target) { ($0 / $1).rounded(.towardZero) }
        case .remainder: forBlocks(a, b, target) { Value.remainder($0, $1) }
        }
        return region
    }

    @inline(__always)
    private func forBlocks<Value: ColumnFloat>(
        _ left: OperandValues<Value>, _ right: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>,
        _ operation: (Value, Value) -> Value
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let a = left.block(at: start)
            let b = right.block(at: start)
            let result = target + start
            for index in 0..<min(Operand.constantRows, count &- start) { result[index] = operation(a[index], b[index]) }
        }
    }
}

/// A sign change of floats on blocks of a program; nil for the functions that the kernels of columns compute.
extension LaneArithmetic {
    package static func unary(_ function: NumericFunction, _ type: DataType) -> LaneKernel? {
        switch (function, type) {
        case (.negate, .float64):
            LaneKernel { arguments in
                LaneLoops.unary(FloatNegation.self, arguments)
                return true
            }
        case (.abs, .float64):
            LaneKernel { arguments in
                LaneLoops.unary(FloatMagnitude.self, arguments)
                return true
            }
        default: nil
        }
    }
}

private enum FloatNegation: UnaryLaneOperation {
    @inline(__always) static func apply(_ value: Double) -> Double { -value }
}

private enum FloatMagnitude: UnaryLaneOperation {
    @inline(__always) static func apply(_ value: Double) -> Double { value.magnitude }
}

/// Negation, magnitude, sign and rounding of floats.
struct FloatFunction: FloatBody {
    let function: NumericFunction
    let operand: Operand
    let count: Int

    func run<Value: ColumnFloat>(_ valueType: Value.Type) throws(StoaError) -> MemoryRegion {
        let region = MemoryRegion(of: Value.self, count: count)
        let target = region.bound(to: Value.self)
        let values = OperandValues<Value>(operand)
        switch function {
        case .negate: forBlocks(values, target) { -$0 }
        case .abs: forBlocks(values, target) { $0.magnitude }
        case .sign: forBlocks(values, target) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 == 0 ? 0 : $0 }
        case .floor: forBlocks(values, target) { $0.rounded(.down) }
        case .ceil: forBlocks(values, target) { $0.rounded(.up) }
        case .round: forBlocks(values, target) { $0.rounded(.toNearestOrEven) }
        case .truncate: forBlocks(values, target) { $0.rounded(.towardZero) }
        }
        return region
    }

    @inline(__always)
    private func forBlocks<Value: ColumnFloat>(
        _ values: OperandValues<Value>, _ target: UnsafeMutablePointer<Value>, _ operation: (Value) -> Value
    ) {
        for start in stride(from: 0, to: count, by: Operand.constantRows) {
            let block = values.block(at: start)
            let result = target + start
            for index in 0..<min(Operand.constantRows, count &- start) { result[index] = operation(block[index]) }
        }
    }
}
