import Glibc
import StoaColumns
import StoaKernels
import StoaTestSupport
import Testing

/// Mathematical functions: the bits of the C library, or for our own those of the value alone, wherever it stands in its
/// column; and the error of our own against extended precision.
@Suite struct MathFunctionTests {
    private let functions: [(MathFunction, (Double) -> Double)] = [
        (.sqrt, { $0.squareRoot() }), (.cbrt, { cbrt($0) }), (.exp, { alone(.exp, $0) }),
        (.expm1, { alone(.expm1, $0) }),
        (.log, { alone(.log, $0) }), (.log2, { alone(.log2, $0) }),
        (.log10, { alone(.log10, $0) }), (.log1p, { alone(.log1p, $0) }),
        (.sin, { alone(.sin, $0) }), (.cos, { alone(.cos, $0) }), (.tan, { alone(.tan, $0) }), (.asin, { asin($0) }),
        (.acos, { acos($0) }),
        (.atan, { atan($0) }), (.sinh, { sinh($0) }), (.cosh, { cosh($0) }), (.tanh, { alone(.tanh, $0) }),
    ]
    private let functions2: [(MathFunction2, (Double, Double) -> Double)] = [
        (.atan2, { atan2($0, $1) }), (.power, { alonePower($0, $1) }), (.hypot, { hypot($0, $1) }),
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

/// One power in a column of its own.
private func alonePower(_ base: Double, _ exponent: Double) -> Double {
    let column = MathFunctions.apply(.power, Operand(Column([base])), Operand(Column([exponent])), count: 1)
    return withExtendedLifetime(column) { column.values(as: Double.self)[0] }
}

/// Our own functions by themselves.
@Suite struct ElementaryFunctionTests {
    private static let functions: [MathFunction] = [
        .exp, .expm1, .log, .log2, .log10, .log1p, .sin, .cos, .tan, .tanh,
    ]

    private static func fromLibrary(_ function: MathFunction, _ value: Double) -> Double {
        switch function {
        case .exp: exp(value)
        case .expm1: expm1(value)
        case .log: log(value)
        case .log2: log2(value)
        case .log10: log10(value)
        case .log1p: log1p(value)
        case .sin: sin(value)
        case .cos: cos(value)
        case .tan: tan(value)
        default: tanh(value)
        }
    }

    /// All pairs of special values, and the borders between our own way and the C library's.
    @Test func specialPowersAreIEEE() {
        let values: [Double] = [
            0, -0.0, 1, -1, 2, -2, 3, 0.5, -0.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
            .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e300, 1e-300, 700, -745,
            1.0.nextUp, 1.0.nextDown, 1e16, -1e16,
        ]
        for base in values {
            for exponent in values {
                let expected = pow(base, exponent)
                let found = alonePower(base, exponent)
                if expected.isNaN {
                    #expect(found.isNaN, "\(base) to the power of \(exponent) is \(found)")
                } else if expected == 0 || expected.isInfinite {
                    #expect(found.bitPattern == expected.bitPattern, "\(base), \(exponent): \(found), not \(expected)")
                } else {
                    #expect(abs(found - expected) <= expected.ulp, "\(base), \(exponent): \(found), not \(expected)")
                }
            }
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
            case .expm1: expm1l(Float80(value))
            case .log: logl(Float80(value))
            case .log2: log2l(Float80(value))
            case .log10: log10l(Float80(value))
            case .log1p: log1pl(Float80(value))
            case .sin: sinl(Float80(value))
            case .cos: cosl(Float80(value))
            case .tan: tanl(Float80(value))
            default: tanhl(Float80(value))
            }
        }

        /// Ranges in which a method could go wrong each in its own way.
        private static let ranges: [MathFunction: [ClosedRange<Double>]] = [
            .exp: [-1...1, -708...709, -745 ... -708],
            .log: [0.9...1.1, 0.5...2, 0...1e6, 0...1e-305, 0...1e300],
            .sin: [-3.2...3.2, -1e6...1e6, -1e-5...1e-5],
            .cos: [-3.2...3.2, -1e6...1e6, -1e-5...1e-5],
            .tan: [-3.2...3.2, -1e6...1e6, -1e-5...1e-5],
            .expm1: [-1...1, -50...709, -1e-5...1e-5],
            .log2: [0.9...1.1, 0.5...2, 0...1e6, 0...1e-305, 0...1e300],
            .log10: [0.9...1.1, 0.5...2, 0...1e6, 0...1e-305, 0...1e300],
            .log1p: [-0.1...0.1, -1...1, 0...1e6, 0...1e300],
            .tanh: [-1...1, -25...25, -1e-5...1e-5],
        ]

        @Test func errorOfPowersStaysBelowOne() {
            var generator = SplitMix64(seed: 8)
            var worst: (error: Float80, base: Double, exponent: Double) = (0, 0, 0)
            for (range, limit) in [(0.5...2.0, 1000.0), (1e-300...1.0, 2.0), (1...1e300, 1.0), (0...100, 5.0)] {
                let bases = (0..<100_000).map { _ in Double.random(in: range, using: &generator) }
                let exponents = (0..<100_000).map { _ in Double.random(in: -limit...limit, using: &generator) }
                let column = MathFunctions.apply(
                    .power, Operand(Column(bases)), Operand(Column(exponents)), count: bases.count)
                defer { withExtendedLifetime(column) {} }
                let results = column.values(as: Double.self)
                for row in bases.indices {
                    let expected = powl(Float80(bases[row]), Float80(exponents[row]))
                    let ulp = max(Double(expected).ulp, .leastNonzeroMagnitude)
                    let error = abs(Float80(results[row]) - expected) / Float80(ulp)
                    if !(error <= worst.error) { worst = (error, bases[row], exponents[row]) }
                }
            }
            #expect(worst.error < 1, "\(worst.base) to \(worst.exponent) is off by \(worst.error) ulp")
            #expect(worst.error > 0.4, "an oracle that agrees to \(worst.error) ulp is none")
        }

        @Test(arguments: functions) func errorStaysBelowOne(_ function: MathFunction) {
            var generator = SplitMix64(seed: 7)
            for range in Self.ranges[function] ?? [] {
                var values: [Double] = (0..<200_000).map { _ in Double.random(in: range, using: &generator) }
                // Multiples of pi/2 and their neighbours, where sine and cosine vanish.
                if [.sin, .cos, .tan].contains(function) {
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
                #expect(worst.error < 1, "\(function)(\(worst.value)) is off by \(worst.error) ulp")
                #expect(worst.error > 0.4, "an oracle that agrees to \(worst.error) ulp is none")
            }
        }
    #endif
}
