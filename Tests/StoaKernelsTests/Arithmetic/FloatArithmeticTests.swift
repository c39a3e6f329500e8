import Glibc
import StoaColumns
import StoaKernels
import Testing

/// Float arithmetic: the same bits as one operation at a time.
@Suite struct FloatArithmeticTests {
    private func exact<Value: BinaryFloatingPoint>(_ operation: ArithmeticOperator, _ a: Value, _ b: Value) -> Value {
        switch operation {
        case .add, .wrappingAdd: a + b
        case .subtract, .wrappingSubtract: a - b
        case .multiply, .wrappingMultiply: a * b
        case .divide: a / b
        case .quotient: (a / b).rounded(.towardZero)
        case .remainder: a.truncatingRemainder(dividingBy: b)
        }
    }

    private func exact<Value: BinaryFloatingPoint>(_ function: NumericFunction, _ a: Value) -> Value {
        switch function {
        case .negate: -a
        case .abs: a.magnitude
        case .sign: a.isNaN ? a : a > 0 ? 1 : a < 0 ? -1 : 0
        case .floor: a.rounded(.down)
        case .ceil: a.rounded(.up)
        case .round: a.rounded(.toNearestOrEven)
        case .truncate: a.rounded(.towardZero)
        }
    }

    private func check<Value: MadeValue & BinaryFloatingPoint & ColumnElement>(_: Value.Type) {
        var maker = ColumnMaker(seed: 5)
        for shape in Shape.some {
            let (left, leftColumn): ([Value?], Column) = maker.column(shape)
            let (right, rightColumn): ([Value?], Column) = maker.column(
                Shape(count: shape.count, offset: 7 - shape.offset, nulls: .random))
            let constant = Value.draw(&maker)
            for operation in ArithmeticOperator.allCases {
                expectOutcomes(
                    zip(left, right).map { a, b in
                        a.flatMap { a in b.map { .value(exact(operation, a, $0)) } } ?? .null
                    }, "\(Value.self) \(operation) \(shape)", isEqual: isSame, rows: Value.values(of:)
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(
                        operation, Operand(leftColumn), Operand(rightColumn), type: Value.madeType, in: scope)
                }
                expectOutcomes(
                    left.map { $0.map { .value(exact(operation, $0, constant)) } ?? .null },
                    "\(Value.self) \(operation) \(constant)", isEqual: isSame, rows: Value.values(of:)
                ) { scope throws(StoaError) in
                    try Arithmetic.binary(
                        operation, Operand(leftColumn), Operand(constant: Column([constant])), type: Value.madeType,
                        in: scope)
                }
            }
            for function in NumericFunction.allCases {
                expectOutcomes(
                    left.map { $0.map { .value(exact(function, $0)) } ?? .null }, "\(function) \(shape)",
                    isEqual: isSame, rows: Value.values(of:)
                ) { scope throws(StoaError) in try Arithmetic.unary(function, Operand(leftColumn), in: scope) }
            }
        }
    }

    @Test func bothWidths() {
        check(Double.self)
        check(Float.self)
    }

    @Test func roundTakesHalvesToEven() throws {
        let column = try Arithmetic.unary(.round, Operand(Column([0.5, 1.5, 2.5, -0.5, -1.5])), in: RowScope(count: 5))
        #expect(Double.values(of: column) == [0, 2, 2, -0.0, -2])
    }
}
