import Glibc
import StoaColumns
import StoaKernels
import Testing

/// Mathematical functions: the bits of the C library wherever a value stands in its column.
@Suite struct MathFunctionTests {
    private let functions: [(MathFunction, (Double) -> Double)] = [
        (.sqrt, { $0.squareRoot() }), (.cbrt, { cbrt($0) }), (.exp, { exp($0) }), (.expm1, { expm1($0) }),
        (.log, { log($0) }), (.log2, { log2($0) }), (.log10, { log10($0) }), (.log1p, { log1p($0) }),
        (.sin, { sin($0) }), (.cos, { cos($0) }), (.tan, { tan($0) }), (.asin, { asin($0) }), (.acos, { acos($0) }),
        (.atan, { atan($0) }), (.sinh, { sinh($0) }), (.cosh, { cosh($0) }), (.tanh, { tanh($0) }),
    ]
    private let functions2: [(MathFunction2, (Double, Double) -> Double)] = [
        (.atan2, { atan2($0, $1) }), (.power, { pow($0, $1) }), (.hypot, { hypot($0, $1) }),
    ]

    @Test func everyFunction() {
        #expect(functions.count == MathFunction.allCases.count && functions2.count == MathFunction2.allCases.count)
        var maker = ColumnMaker(seed: 91)
        for shape in Shape.few {
            let (values, column): ([Double?], Column) = maker.column(shape)
            let (others, otherColumn): ([Double?], Column) = maker.column(
                Shape(count: shape.count, offset: 1, nulls: .random))
            for (function, body) in functions {
                expectOutcomes(
                    values.map { $0.map { .value(body($0)) } ?? .null }, "\(function)", isEqual: isSame,
                    rows: Double.values(of:)
                ) { scope throws(StoaError) in
                    MathFunctions.apply(function, Operand(column), count: scope.count)
                }
            }
            for (function, body) in functions2 {
                expectOutcomes(
                    zip(values, others).map { a, b in a.flatMap { a in b.map { .value(body(a, $0)) } } ?? .null },
                    "\(function)", isEqual: isSame, rows: Double.values(of:)
                ) { scope throws(StoaError) in
                    MathFunctions.apply(function, Operand(column), Operand(otherColumn), count: scope.count)
                }
                expectOutcomes(
                    values.map { $0.map { .value(body($0, 2)) } ?? .null }, "\(function)", isEqual: isSame,
                    rows: Double.values(of:)
                ) { scope throws(StoaError) in
                    MathFunctions.apply(
                        function, Operand(column), Operand(constant: Column([2.0])), count: scope.count)
                }
            }
        }
    }
}
