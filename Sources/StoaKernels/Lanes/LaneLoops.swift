import StoaColumns

/// One operation on two values.
protocol BinaryLaneOperation<Value> {
    associatedtype Value: BitwiseCopyable
    static func apply(_ left: Value, _ right: Value) -> Value
}

/// One operation on a value.
protocol UnaryLaneOperation<Value> {
    associatedtype Value: BitwiseCopyable
    static func apply(_ value: Value) -> Value
}

/// The loops over a block. Each is compiled for its operation and for the forms of its operands.
enum LaneLoops {
    @inline(__always)
    static func unary<Operation: UnaryLaneOperation>(_: Operation.Type, _ arguments: LaneArguments) {
        let values = arguments.first.pointee.lanes(Operation.Value.self)
        let target = arguments.result.pointee.lanes(Operation.Value.self)
        for row in 0..<arguments.count { target[row] = Operation.apply(values[row]) }
    }

    @inline(__always)
    static func binary<Operation: BinaryLaneOperation, Left: LaneSource, Right: LaneSource>(
        _: Operation.Type, _: Left.Type, _: Right.Type, _ arguments: LaneArguments
    ) where Left.Value == Operation.Value, Right.Value == Operation.Value {
        let left = Left(arguments.first.pointee)
        let right = Right(arguments.second.pointee)
        let target = arguments.result.pointee.lanes(Operation.Value.self)
        let whole = arguments.count & ~63
        var start = 0
        while start < whole {
            left.prefetch(start)
            right.prefetch(start)
            for row in start..<start &+ 64 { target[row] = Operation.apply(left[row], right[row]) }
            start &+= 64
        }
        for row in whole..<arguments.count { target[row] = Operation.apply(left[row], right[row]) }
    }

    /// The loop for stored operands, one of which may be a constant; nil for two constants.
    @inline(__always)
    static func kernel<Operation: BinaryLaneOperation>(
        _: Operation.Type, _ left: LaneForm, _ right: LaneForm
    ) -> LaneKernel? {
        typealias Value = Operation.Value
        switch (left, right) {
        case (.stored, .stored):
            return LaneKernel { arguments in
                binary(Operation.self, StoredLanes<Value>.self, StoredLanes<Value>.self, arguments)
                return true
            }
        case (.stored, .constant):
            return LaneKernel { arguments in
                binary(Operation.self, StoredLanes<Value>.self, ConstantLane<Value>.self, arguments)
                return true
            }
        case (.constant, .stored):
            return LaneKernel { arguments in
                binary(Operation.self, ConstantLane<Value>.self, StoredLanes<Value>.self, arguments)
                return true
            }
        default: return nil
        }
    }

    /// The same with int32 and int64 operands, which are converted on the way.
    @inline(__always)
    static func converting<Operation: BinaryLaneOperation<Double>>(
        _: Operation.Type, _ left: LaneForm, _ right: LaneForm
    ) -> LaneKernel? {
        switch (left, right) {
        case (.stored, .int32): converting(Operation.self, StoredLanes<Double>.self, ConvertedLanes<Int32, Double>.self)
        case (.stored, .int64): converting(Operation.self, StoredLanes<Double>.self, ConvertedLanes<Int64, Double>.self)
        case (.int32, .stored): converting(Operation.self, ConvertedLanes<Int32, Double>.self, StoredLanes<Double>.self)
        case (.int64, .stored): converting(Operation.self, ConvertedLanes<Int64, Double>.self, StoredLanes<Double>.self)
        case (.constant, .int32):
            converting(Operation.self, ConstantLane<Double>.self, ConvertedLanes<Int32, Double>.self)
        case (.constant, .int64):
            converting(Operation.self, ConstantLane<Double>.self, ConvertedLanes<Int64, Double>.self)
        case (.int32, .constant):
            converting(Operation.self, ConvertedLanes<Int32, Double>.self, ConstantLane<Double>.self)
        case (.int64, .constant):
            converting(Operation.self, ConvertedLanes<Int64, Double>.self, ConstantLane<Double>.self)
        case (.int32, .int32):
            converting(Operation.self, ConvertedLanes<Int32, Double>.self, ConvertedLanes<Int32, Double>.self)
        case (.int64, .int64):
            converting(Operation.self, ConvertedLanes<Int64, Double>.self, ConvertedLanes<Int64, Double>.self)
        default: kernel(Operation.self, left, right)
        }
    }

    @inline(__always)
    private static func converting<Operation: BinaryLaneOperation, Left: LaneSource, Right: LaneSource>(
        _: Operation.Type, _: Left.Type, _: Right.Type
    ) -> LaneKernel where Left.Value == Operation.Value, Right.Value == Operation.Value {
        LaneKernel { arguments in
            binary(Operation.self, Left.self, Right.self, arguments)
            return true
        }
    }

    /// The smallest known bound of a register's integers: a power of two less one when it is found here.
    @inline(__always)
    static func bound<Value: ColumnInteger>(
        of register: UnsafeMutablePointer<LaneRegister>, as: Value.Type, count: Int
    ) -> UInt64 {
        if register.pointee.bound != .max { return register.pointee.bound }
        let values = register.pointee.lanes(Value.self)
        var union: Value = 0
        for row in 0..<count {
            let value = values[row]
            union |= value ^ (value &>> Value(truncatingIfNeeded: Value.bitWidth - 1))
        }
        // -2^p has the magnitude 2^p.
        let bits = Value.bitWidth - union.leadingZeroBitCount
        let bound = UInt64(1) &<< UInt64(truncatingIfNeeded: bits)
        register.pointee.bound = bound
        return bound
    }

    /// Clears the places of a bool register past its last row.
    @inline(__always)
    static func clearTail(_ words: UnsafeMutablePointer<UInt64>, _ count: Int) {
        if count & 63 != 0 { words[count &>> 6] &= (1 &<< UInt64(truncatingIfNeeded: count & 63)) &- 1 }
    }
}
