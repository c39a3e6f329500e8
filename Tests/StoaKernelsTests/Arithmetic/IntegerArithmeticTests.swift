import StoaColumns
import StoaKernels
import Testing

/// Integer arithmetic against exact arithmetic in 128 bits.
@Suite struct IntegerArithmeticTests {
    private func exact(_ operation: ArithmeticOperator, _ a: Int128, _ b: Int128) -> Int128? {
        switch operation {
        case .add, .wrappingAdd: a + b
        case .subtract, .wrappingSubtract: a - b
        case .multiply, .wrappingMultiply: a.multipliedReportingOverflow(by: b).partialValue
        case .quotient: b == 0 ? nil : a / b
        case .remainder: b == 0 ? nil : a % b
        case .divide: nil
        }
    }

    private func outcome<Value: MadeValue & FixedWidthInteger>(
        _ operation: ArithmeticOperator, _ a: Value?, _ b: Value?
    ) -> Outcome<Int128> {
        guard let a, let b else { return .null }
        guard let result = exact(operation, Int128(a), Int128(b)) else { return .fails(.divisionByZero) }
        switch operation {
        case .wrappingAdd, .wrappingSubtract, .wrappingMultiply:
            return .value(Int128(Value(truncatingIfNeeded: result)))
        case .multiply where Int128(a).multipliedReportingOverflow(by: Int128(b)).overflow: return .fails(.overflow)
        default: return Value(exactly: result) == nil ? .fails(.overflow) : .value(result)
        }
    }

    private func check<Value: MadeValue & FixedWidthInteger & ColumnElement>(
        _: Value.Type, shapes: [Shape] = Shape.few, draw: @escaping (inout ColumnMaker) -> Value = { Value.draw(&$0) }
    ) {
        var maker = ColumnMaker(seed: 11)
        for (index, shape) in shapes.enumerated() {
            let (left, leftColumn): ([Value?], Column) = maker.column(shape, draw)
            let other = Shape(
                count: shape.count, offset: (shape.offset + 3) % 8, nulls: NullPattern.allCases[index % 4])
            let (right, rightColumn): ([Value?], Column) = maker.column(other, draw)
            let constant = draw(&maker)
            let constantOperand = Operand(constant: Column([constant]))
            let nullOperand = Operand(constant: Column([Value?.none]))
            for operation in ArithmeticOperator.allCases where operation != .divide {
                expectOutcomes(
                    zip(left, right).map { outcome(operation, $0, $1) }, "\(Value.self) \(operation) \(shape)",
                    rows: \.integers
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(
                        operation, Operand(leftColumn), Operand(rightColumn), type: Value.madeType, in: scope)
                }
                expectOutcomes(
                    left.map { outcome(operation, $0, constant) }, "\(Value.self) \(operation) \(constant) \(shape)",
                    rows: \.integers
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(
                        operation, Operand(leftColumn), constantOperand, type: Value.madeType, in: scope)
                }
                expectOutcomes(
                    right.map { outcome(operation, constant, $0) }, "\(constant) \(operation) \(Value.self) \(shape)",
                    rows: \.integers
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(
                        operation, constantOperand, Operand(rightColumn), type: Value.madeType, in: scope)
                }
                expectOutcomes(
                    left.map { _ in Outcome<Int128>.null }, "\(Value.self) \(operation) null", rows: \.integers
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(operation, Operand(leftColumn), nullOperand, type: Value.madeType, in: scope)
                }
            }
            for function in NumericFunction.allCases {
                let outcomes = left.map { value -> Outcome<Int128> in
                    guard let value else { return .null }
                    let wide = Int128(value)
                    let result =
                        switch function {
                        case .negate: -wide
                        case .abs: wide < 0 ? -wide : wide
                        case .sign: wide.signum()
                        default: wide
                        }
                    return Value(exactly: result) == nil ? .fails(.overflow) : .value(result)
                }
                expectOutcomes(outcomes, "\(function) \(Value.self) \(shape)", rows: \.integers) {
                    scope throws(StoaError) in
                    try Arithmetic.unary(function, Operand(leftColumn), in: scope)
                }
            }
        }
    }

    @Test func signed() {
        check(Int8.self)
        check(Int16.self)
        check(Int32.self)
        check(Int64.self, shapes: Shape.some)
    }

    @Test func unsigned() {
        check(UInt8.self, shapes: Shape.some)
        check(UInt16.self)
        check(UInt32.self)
        check(UInt64.self)
    }

    /// Factors around the bound below which a block multiplies without checking each product.
    @Test func factorsNearTheVectorBound() {
        check(Int64.self) { Int64($0.below(1 << 31)) - (1 << 30) }
        check(Int64.self) { $0.pick([Int64(1) << 31, -(Int64(1) << 31), (Int64(1) << 32) - 1, 3, -1]) }
        check(UInt64.self) { $0.pick([UInt64(1) << 31, (UInt64(1) << 32) - 1, UInt64(1) << 32, 2]) }
    }

    @Test func errorsNameOperandsAndAdvise() {
        let column = Operand(Column([1, Int64.max, 5]))
        do {
            _ = try Arithmetic.binary(
                .add, column, Operand(constant: Column([Int64(1)])), type: .int64, in: RowScope(count: 3))
            Issue.record("no overflow")
        } catch {
            #expect(error.description.contains("9223372036854775807 + 1 does not fit int64"), "\(error)")
            #expect(error.location.row == 1)
        }
        do {
            _ = try Arithmetic.binary(
                .remainder, column, Operand(Column([1, 1, Int64(0)])), type: .int64, in: RowScope(count: 3))
            Issue.record("no division by zero")
        } catch {
            #expect(error.code == .divisionByZero && error.location.row == 2)
            #expect(error.message == "5 % 0 divides by zero")
        }
    }
}
