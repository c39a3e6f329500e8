import StoaColumns
import StoaKernels
import Testing

/// Decimals against arithmetic on digits in an array: no integer of a fixed width takes part.
@Suite struct DecimalArithmeticTests {
    /// Schoolbook integers, most of all wide enough for 76 digits.
    private struct Digits: Equatable {
        var isNegative: Bool
        var digits: [UInt8]  // least first

        init(_ value: Int128) {
            isNegative = value < 0
            digits = String(value.magnitude).reversed().map { UInt8($0.wholeNumberValue ?? 0) }
        }

        static func * (left: Digits, right: Digits) -> Digits {
            var sum = [Int](repeating: 0, count: left.digits.count + right.digits.count)
            for (i, a) in left.digits.enumerated() {
                for (j, b) in right.digits.enumerated() { sum[i + j] += Int(a) * Int(b) }
            }
            for index in 0..<sum.count - 1 {
                sum[index + 1] += sum[index] / 10
                sum[index] %= 10
            }
            var product = left
            product.digits = sum.map { UInt8($0) }
            product.isNegative = left.isNegative != right.isNegative
            return product
        }

        /// Without the last digits, halves away from zero; nil beyond 38 digits.
        func dropping(_ count: Int) -> Int128? {
            var kept = Array(digits.dropFirst(count))
            let isUp = count > 0 && digits.count >= count && digits[count - 1] >= 5
            while let last = kept.last, last == 0 { kept.removeLast() }
            guard kept.count <= 38 else { return nil }
            let magnitude = kept.reversed().reduce(Int128(0)) { $0 * 10 + Int128($1) } + (isUp ? 1 : 0)
            return isNegative ? -magnitude : magnitude
        }
    }

    private static let limit38 = Decimals.powerOfTen(38)

    private func draw(_ maker: inout ColumnMaker, precision: Int) -> Int128 {
        let limit = Decimals.powerOfTen(precision)
        switch maker.below(4) {
        case 0: return maker.pick([0, 1, -1, limit - 1, 1 - limit, limit / 2, 5, -5])
        case 1: return Int128(maker.below(2_000)) - 1_000
        default:
            let magnitude = Int128(maker.next() >> 1) * Int128(maker.next() >> 2)
            return (maker.below(2) == 0 ? 1 : -1) * (magnitude % limit)
        }
    }

    private func column(_ maker: inout ColumnMaker, _ shape: Shape, precision: Int, scale: Int) -> ([Int128?], Column) {
        let type = DataType.decimal(precision: precision, scale: scale)
        if type.storageType == .int64 {
            let (values, column): ([Int64?], Column) = maker.column(shape, type: type) { maker in
                Int64(draw(&maker, precision: precision))
            }
            return (values.map { $0.map { Int128($0) } }, column)
        }
        return maker.column(shape, type: type) { maker in draw(&maker, precision: precision) }
    }

    private func check(
        _ operation: ArithmeticOperator, _ left: (Int, Int), _ right: (Int, Int), result: (Int, Int), seed: UInt64
    ) {
        var maker = ColumnMaker(seed: seed)
        let type = DataType.decimal(precision: result.0, scale: result.1)
        let limit = Decimals.powerOfTen(result.0)
        for shape in Shape.few {
            let (a, aColumn) = column(&maker, shape, precision: left.0, scale: left.1)
            let (b, bColumn) = column(
                &maker, Shape(count: shape.count, offset: 2, nulls: .random), precision: right.0, scale: right.1)
            let outcomes = zip(a, b).map { a, b -> Outcome<Int128> in
                guard let a, let b else { return .null }
                let exact: Int128?
                switch operation {
                case .add: exact = a.addingReportingOverflow(b).overflow ? nil : a + b
                case .subtract: exact = a.subtractingReportingOverflow(b).overflow ? nil : a - b
                case .multiply: exact = (Digits(a) * Digits(b)).dropping(left.1 + right.1 - result.1)
                case .remainder:
                    if b == 0 { return .fails(.divisionByZero) }
                    exact = a % b
                default: exact = nil
                }
                guard let exact, exact.magnitude < limit.magnitude else { return .fails(.overflow) }
                return .value(exact)
            }
            expectOutcomes(outcomes, "decimal\(left) \(operation) decimal\(right) \(shape)", rows: \.integers) {
                scope throws(StoaError) in
                try Arithmetic.binary(operation, Operand(aColumn), Operand(bColumn), type: type, in: scope)
            }
        }
    }

    @Test func sums() {
        for operation in [ArithmeticOperator.add, .subtract, .remainder] {
            check(operation, (10, 2), (10, 2), result: (11, 2), seed: 1)
            check(operation, (18, 4), (18, 4), result: (18, 4), seed: 2)
            check(operation, (18, 4), (18, 4), result: (19, 4), seed: 3)
            check(operation, (38, 4), (38, 4), result: (38, 4), seed: 4)
            check(operation, (38, 0), (18, 0), result: (38, 0), seed: 5)
        }
    }

    @Test func products() {
        check(.multiply, (9, 2), (9, 3), result: (18, 5), seed: 6)
        check(.multiply, (9, 2), (9, 3), result: (19, 5), seed: 7)
        check(.multiply, (18, 2), (18, 2), result: (37, 4), seed: 8)
        check(.multiply, (18, 2), (18, 2), result: (18, 4), seed: 9)
        check(.multiply, (20, 2), (12, 3), result: (33, 5), seed: 10)
        check(.multiply, (30, 10), (30, 10), result: (38, 20), seed: 11)
        check(.multiply, (38, 20), (38, 20), result: (38, 6), seed: 12)
        check(.multiply, (38, 37), (38, 38), result: (38, 38), seed: 13)
        check(.multiply, (12, 6), (12, 6), result: (18, 6), seed: 14)
    }

    @Test func functions() {
        var maker = ColumnMaker(seed: 15)
        for (precision, scale) in [(5, 2), (18, 18), (18, 0), (38, 10), (2, 2)] {
            let limit = Decimals.powerOfTen(precision)
            let unit = Decimals.powerOfTen(scale)
            for shape in Shape.few {
                let (values, made) = column(&maker, shape, precision: precision, scale: scale)
                for function in NumericFunction.allCases {
                    let outcomes = values.map { value -> Outcome<Int128> in
                        guard let value else { return .null }
                        var floor = value / unit
                        if value % unit < 0 { floor -= 1 }
                        let rest = value - floor * unit
                        let result: Int128 =
                            switch function {
                            case .negate: -value
                            case .abs: value < 0 ? -value : value
                            case .sign: value.signum() * unit
                            case .floor: floor * unit
                            case .ceil: rest == 0 ? value : (floor + 1) * unit
                            case .truncate: value / unit * unit
                            case .round:
                                (rest * 2 > unit || (rest * 2 == unit && floor % 2 != 0) ? floor + 1 : floor) * unit
                            }
                        return result.magnitude < limit.magnitude ? .value(result) : .fails(.overflow)
                    }
                    expectOutcomes(outcomes, "\(function) \(made.type) \(shape)", rows: \.integers) {
                        scope throws(StoaError) in try Arithmetic.unary(function, Operand(made), in: scope)
                    }
                }
            }
        }
    }

    @Test func errorsPrintDecimals() {
        do {
            let column = try Column(decimals: [999], precision: 3, scale: 2)
            _ = try Arithmetic.binary(
                .add, Operand(column), Operand(column), type: .decimal(precision: 3, scale: 2), in: RowScope(count: 1))
            Issue.record("no overflow")
        } catch {
            #expect(error.message == "9.99 + 9.99 does not fit decimal(3, 2)", "\(error)")
        }
    }
}
