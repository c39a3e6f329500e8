import StoaColumns

enum FloatAddition<Value: ColumnFloat>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left + right }
}

enum FloatSubtraction<Value: ColumnFloat>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left - right }
}

enum FloatMultiplication<Value: ColumnFloat>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left * right }
}

enum FloatDivision<Value: ColumnFloat>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left / right }
}

enum WrappingAddition<Value: ColumnInteger>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left &+ right }
}

enum WrappingSubtraction<Value: ColumnInteger>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left &- right }
}

enum WrappingMultiplication<Value: ColumnInteger>: BinaryLaneOperation {
    @inline(__always) static func apply(_ left: Value, _ right: Value) -> Value { left &* right }
}

/// Arithmetic on blocks of a program: float64 and float32, integers of 32 and 64 bits, and decimals whose values are known
/// to need no more than 64 bits.
///
/// Overflow: integers are checked in the loop, products and decimals by the magnitudes of the block's values: a block whose
/// values are so small that nothing can overflow is not checked row by row.
package enum LaneArithmetic {
    /// The kernel for operands of these types held in these forms; nil when the kernels of columns must do it.
    package static func binary(
        _ operation: ArithmeticOperator, _ left: DataType, _ leftForm: LaneForm, _ right: DataType,
        _ rightForm: LaneForm, type: DataType
    ) -> LaneKernel? {
        if type.isDecimal { return decimal(operation, left, right, type) }
        switch type.storageType {
        case .float64: return doubles(operation, leftForm, rightForm)
        case .float32: return floats(operation, leftForm, rightForm)
        case .int32 where left == type && right == type: return integers(Int32.self, operation, leftForm, rightForm)
        case .int64 where left == type && right == type: return integers(Int64.self, operation, leftForm, rightForm)
        default: return nil
        }
    }

    private static func doubles(_ operation: ArithmeticOperator, _ left: LaneForm, _ right: LaneForm) -> LaneKernel? {
        switch operation {
        case .add, .wrappingAdd: LaneLoops.converting(FloatAddition<Double>.self, left, right)
        case .subtract, .wrappingSubtract: LaneLoops.converting(FloatSubtraction<Double>.self, left, right)
        case .multiply, .wrappingMultiply: LaneLoops.converting(FloatMultiplication<Double>.self, left, right)
        case .divide: LaneLoops.converting(FloatDivision<Double>.self, left, right)
        case .quotient, .remainder: nil
        }
    }

    private static func floats(_ operation: ArithmeticOperator, _ left: LaneForm, _ right: LaneForm) -> LaneKernel? {
        switch operation {
        case .add, .wrappingAdd: LaneLoops.kernel(FloatAddition<Float>.self, left, right)
        case .subtract, .wrappingSubtract: LaneLoops.kernel(FloatSubtraction<Float>.self, left, right)
        case .multiply, .wrappingMultiply: LaneLoops.kernel(FloatMultiplication<Float>.self, left, right)
        case .divide: LaneLoops.kernel(FloatDivision<Float>.self, left, right)
        case .quotient, .remainder: nil
        }
    }

    @inline(__always)
    private static func integers<Value: ColumnInteger>(
        _: Value.Type, _ operation: ArithmeticOperator, _ left: LaneForm, _ right: LaneForm
    ) -> LaneKernel? {
        switch operation {
        case .wrappingAdd: return LaneLoops.kernel(WrappingAddition<Value>.self, left, right)
        case .wrappingSubtract: return LaneLoops.kernel(WrappingSubtraction<Value>.self, left, right)
        case .wrappingMultiply: return LaneLoops.kernel(WrappingMultiplication<Value>.self, left, right)
        case .add: return checked(Addition<Value>.self, left, right)
        case .subtract: return checked(Subtraction<Value>.self, left, right)
        case .multiply:
            guard let loop = LaneLoops.kernel(WrappingMultiplication<Value>.self, left, right) else { return nil }
            let limit = UInt64(truncatingIfNeeded: Value.max)
            return LaneKernel { arguments in
                guard let bound = productBound(Value.self, arguments), bound <= limit else { return false }
                arguments.result.pointee.bound = bound
                return loop.run(arguments)
            }
        case .divide, .quotient, .remainder: return nil
        }
    }

    /// Adds or subtracts and looks for an overflow in the same pass.
    @inline(__always)
    private static func checked<Operation: CheckedOperation>(
        _: Operation.Type, _ left: LaneForm, _ right: LaneForm
    ) -> LaneKernel? {
        typealias Value = Operation.Value
        switch (left, right) {
        case (.stored, .stored):
            return LaneKernel { checked(Operation.self, StoredLanes<Value>.self, StoredLanes<Value>.self, $0) }
        case (.stored, .constant):
            return LaneKernel { checked(Operation.self, StoredLanes<Value>.self, ConstantLane<Value>.self, $0) }
        case (.constant, .stored):
            return LaneKernel { checked(Operation.self, ConstantLane<Value>.self, StoredLanes<Value>.self, $0) }
        default: return nil
        }
    }

    @inline(__always)
    private static func checked<Operation: CheckedOperation, Left: LaneSource, Right: LaneSource>(
        _: Operation.Type, _: Left.Type, _: Right.Type, _ arguments: LaneArguments
    ) -> Bool where Left.Value == Operation.Value, Right.Value == Operation.Value {
        let left = Left(arguments.first.pointee)
        let right = Right(arguments.second.pointee)
        let target = arguments.result.pointee.lanes(Operation.Value.self)
        var flags: Operation.Value = 0
        for row in 0..<arguments.count {
            let a = left[row]
            let b = right[row]
            let value = Operation.wrapped(a, b)
            flags |= Operation.overflowFlag(a, b, value)
            target[row] = value
        }
        return flags.leadingZeroBitCount != 0
    }

    /// What no product exceeds; nil when it has more than 64 bits.
    @inline(__always)
    private static func productBound<Value: ColumnInteger>(_: Value.Type, _ arguments: LaneArguments) -> UInt64? {
        let left = LaneLoops.bound(of: arguments.first, as: Value.self, count: arguments.count)
        let right = LaneLoops.bound(of: arguments.second, as: Value.self, count: arguments.count)
        let (bound, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? nil : bound
    }

    // MARK: Decimals

    /// Decimals whose scaled integers are held in 64 bits and whose results fit 64 bits and their type, as the magnitudes of
    /// the block's values show.
    private static func decimal(
        _ operation: ArithmeticOperator, _ left: DataType, _ right: DataType, _ type: DataType
    ) -> LaneKernel? {
        guard case .decimal(_, let leftScale) = left, case .decimal(_, let rightScale) = right,
            case .decimal(let precision, let scale) = type
        else { return nil }
        let limit = min(
            Lanes.narrowLimit,
            UInt64(Decimals.powerOfTen(min(precision, DataType.maximumNarrowDecimalPrecision)) - 1))
        let isWide = (left: left.storageType == .int128, right: right.storageType == .int128)
        let isResultWide = type.storageType == .int128

        /// Runs the loop when both operands are held in 64 bits and the bound of the result allows it.
        @inline(__always)
        func guarded<Operation: BinaryLaneOperation<Int64>>(
            _: Operation.Type, _ bound: @escaping (UInt64, UInt64) -> (partialValue: UInt64, overflow: Bool)
        ) -> LaneKernel {
            LaneKernel { arguments in
                guard !isWide.left || arguments.first.pointee.isNarrow,
                    !isWide.right || arguments.second.pointee.isNarrow
                else { return false }
                let count = arguments.count
                let (result, overflow) = bound(
                    LaneLoops.bound(of: arguments.first, as: Int64.self, count: count),
                    LaneLoops.bound(of: arguments.second, as: Int64.self, count: count))
                guard !overflow, result <= limit else { return false }
                arguments.result.pointee.bound = result
                arguments.result.pointee.isNarrow = isResultWide
                switch (arguments.first.pointee.isConstant, arguments.second.pointee.isConstant) {
                case (false, true):
                    LaneLoops.binary(Operation.self, StoredLanes<Int64>.self, ConstantLane<Int64>.self, arguments)
                case (true, false):
                    LaneLoops.binary(Operation.self, ConstantLane<Int64>.self, StoredLanes<Int64>.self, arguments)
                default:
                    LaneLoops.binary(Operation.self, StoredLanes<Int64>.self, StoredLanes<Int64>.self, arguments)
                }
                return true
            }
        }
        switch operation {
        case .add where leftScale == scale && rightScale == scale:
            return guarded(WrappingAddition<Int64>.self) { $0.addingReportingOverflow($1) }
        case .subtract where leftScale == scale && rightScale == scale:
            return guarded(WrappingSubtraction<Int64>.self) { $0.addingReportingOverflow($1) }
        case .multiply where leftScale + rightScale == scale:
            return guarded(WrappingMultiplication<Int64>.self) { $0.multipliedReportingOverflow(by: $1) }
        default: return nil
        }
    }
}
