import Glibc
import StoaColumns
import StoaKernels
import StoaTestSupport
import Testing

/// Mathematical functions: the bits of the C library, or for our own those of the value alone, wherever it stands in its
/// column; and the error of our own against extended precision.
@Suite struct MathFunctionTests {
    private let functions: [(MathFunction, (Double) -> Double)] = [
        (.sqrt, { $0.squareRoot() }), (.cbrt, { cbrt($0) }), (.exp, { alone(.exp, $0) }), (.expm1, { expm1($0) }),
        (.log, { alone(.log, $0) }), (.log2, { log2($0) }), (.log10, { log10($0) }), (.log1p, { log1p($0) }),
        (.sin, { alone(.sin, $0) }), (.cos, { alone(.cos, $0) }), (.tan, { tan($0) }), (.asin, { asin($0) }),
        (.acos, { acos($0) }),
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

/// The function of one value in a column of its own.
private func alone(_ function: MathFunction, _ value: Double) -> Double {
    let column = MathFunctions.apply(function, Operand(Column([value])), count: 1)
    return withExtendedLifetime(column) { column.values(as: Double.self)[0] }
}

/// Our own functions by themselves.
@Suite struct ElementaryFunctionTests {
    private static let functions: [MathFunction] = [.exp, .log, .sin, .cos]

    private static func fromLibrary(_ function: MathFunction, _ value: Double) -> Double {
        switch function {
        case .exp: exp(value)
        case .log: log(value)
        case .sin: sin(value)
        default: cos(value)
        }
    }

    @Test(arguments: functions) func specialValuesAreIEEE(_ function: MathFunction) {
        let values: [Double] = [
            0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
            .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 709.782712893384,
            709.7827128933841, -745.13321910194, -745.1332191019412, -745.2, 1e22, -1e300, 1_000_000, 1_000_000.5,
        ]
        for value in values {
            let expected = Self.fromLibrary(function, value)
            let found = alone(function, value)
            if expected.isNaN {
                #expect(found.isNaN, "\(function)(\(value)) is \(found)")
            } else if expected == 0 || expected.isInfinite {
                #expect(found.bitPattern == expected.bitPattern, "\(function)(\(value)) is \(found), not \(expected)")
            } else {
                #expect(abs(found - expected) <= expected.ulp, "\(function)(\(value)) is \(found), not \(expected)")
            }
        }
    }

    #if arch(x86_64)
        /// Float80 has eleven bits more than float64, so its functions tell the error to about a thousandth of an ulp.
        private static func exact(_ function: MathFunction, _ value: Double) -> Float80 {
            switch function {
            case .exp: expl(Float80(value))
            case .log: logl(Float80(value))
            case .sin: sinl(Float80(value))
            default: cosl(Float80(value))
            }
        }

        /// Ranges in which a method could go wrong each in its own way.
        private static let ranges: [MathFunction: [ClosedRange<Double>]] = [
            .exp: [-1...1, -708...709, -745 ... -708],
            .log: [0.9...1.1, 0.5...2, 0...1e6, 0...1e-305, 0...1e300],
            .sin: [-3.2...3.2, -1e6...1e6, -1e-5...1e-5],
            .cos: [-3.2...3.2, -1e6...1e6, -1e-5...1e-5],
        ]

        @Test(arguments: functions) func errorStaysBelowNineTenths(_ function: MathFunction) {
            var generator = SplitMix64(seed: 7)
            for range in Self.ranges[function] ?? [] {
                var values: [Double] = (0..<200_000).map { _ in Double.random(in: range, using: &generator) }
                // Multiples of pi/2 and their neighbours, where sine and cosine vanish.
                if function == .sin || function == .cos {
                    for quarter in 0..<2_000 { values.append(Double(quarter * 317) * (Double.pi / 2)) }
                }
                let column = MathFunctions.apply(function, Operand(Column(values)), count: values.count)
                defer { withExtendedLifetime(column) {} }
                let results = column.values(as: Double.self)
                var worst: (error: Float80, value: Double) = (0, 0)
                for (row, value) in values.enumerated() {
                    let expected = Self.exact(function, value)
                    let ulp = max(Double(expected).ulp, .leastNonzeroMagnitude)
                    let error = abs(Float80(results[row]) - expected) / Float80(ulp)
                    if !(error <= worst.error) { worst = (error, value) }
                }
                #expect(worst.error < 0.9, "\(function)(\(worst.value)) is off by \(worst.error) ulp")
                #expect(worst.error > 0.4, "an oracle that agrees to \(worst.error) ulp is none")
            }
        }
    #endif
}
