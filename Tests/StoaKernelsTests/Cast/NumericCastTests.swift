import StoaColumns
import StoaKernels
import Testing

/// Casts between numbers, against exact conversions value by value.
@Suite struct NumericCastTests {
    private func cast(_ column: Column, _ type: DataType, orNull: Bool = false) -> (RowScope) throws(StoaError) ->
        Column
    {
        { scope throws(StoaError) in
            try Cast.cast(Operand(column), to: type, nullOnFailure: orNull, in: scope)
        }
    }

    private func integers<From: MadeValue & FixedWidthInteger>(_: From.Type) {
        func to<Target: MadeValue & FixedWidthInteger>(_: Target.Type) {
            var maker = ColumnMaker(seed: 51)
            for shape in Shape.few {
                let (values, column): ([From?], Column) = maker.column(shape)
                let outcomes = values.map { value -> Outcome<Int128> in
                    guard let value else { return .null }
                    return Target(exactly: value).map { .value(Int128($0)) } ?? .fails(.castFailed)
                }
                expectOutcomes(
                    outcomes, "\(From.self) to \(Target.self) \(shape)", rows: \.integers,
                    kernel: cast(column, Target.madeType))
                expectOutcomes(
                    outcomes.map { $0.isFailure ? .null : $0 }, "\(From.self) to \(Target.self) or null",
                    rows: \.integers, kernel: cast(column, Target.madeType, orNull: true))
            }
        }
        to(Int8.self)
        to(Int16.self)
        to(Int32.self)
        to(Int64.self)
        to(UInt8.self)
        to(UInt16.self)
        to(UInt32.self)
        to(UInt64.self)
        var maker = ColumnMaker(seed: 52)
        for shape in Shape.few {
            let (values, column): ([From?], Column) = maker.column(shape)
            expectOutcomes(
                values.map { $0.map { .value(Double($0)) } ?? .null }, "\(From.self)", rows: Double.values(of:),
                kernel: cast(column, .float64))
            expectOutcomes(
                values.map { $0.map { .value(Float($0)) } ?? .null }, "\(From.self)", rows: Float.values(of:),
                kernel: cast(column, .float32))
            expectOutcomes(
                values.map { $0.map { .value($0 != 0) } ?? .null }, "\(From.self)", rows: Bool.values(of:),
                kernel: cast(column, .bool))
            for (precision, scale) in [(3, 0), (5, 2), (18, 4), (38, 20)] {
                let limit = Decimals.powerOfTen(precision)
                expectOutcomes(
                    values.map { value -> Outcome<Int128> in
                        guard let value else { return .null }
                        let (result, overflow) = Int128(value).multipliedReportingOverflow(
                            by: Decimals.powerOfTen(scale))
                        return overflow || result.magnitude >= limit.magnitude ? .fails(.castFailed) : .value(result)
                    }, "\(From.self) to decimal(\(precision), \(scale))", rows: \.integers,
                    kernel: cast(column, .decimal(precision: precision, scale: scale)))
            }
        }
    }

    @Test func signedIntegers() {
        integers(Int8.self)
        integers(Int16.self)
        integers(Int32.self)
        integers(Int64.self)
    }

    @Test func unsignedIntegers() {
        integers(UInt8.self)
        integers(UInt16.self)
        integers(UInt32.self)
        integers(UInt64.self)
    }

    private func floats<From: MadeValue & BinaryFloatingPoint>(_: From.Type) {
        func to<Target: MadeValue & FixedWidthInteger>(_: Target.Type) {
            var maker = ColumnMaker(seed: 53)
            let bound = From(
                sign: .plus, exponent: From.Exponent(Target.bitWidth - (Target.isSigned ? 1 : 0)), significand: 1)
            let edges = [
                bound, bound.nextDown, -bound, (-bound).nextDown, bound / 2, -0.9, 0.9, -1, -bound - 0.5, bound - 0.5,
            ]
            for shape in Shape.few {
                let (values, column): ([From?], Column) = maker.column(shape) { maker in
                    maker.below(2) == 0 ? maker.pick(edges) : From.draw(&maker)
                }
                let outcomes = values.map { value -> Outcome<Int128> in
                    guard let value else { return .null }
                    return Target(exactly: value.rounded(.towardZero)).map { .value(Int128($0)) } ?? .fails(.castFailed)
                }
                expectOutcomes(
                    outcomes, "\(From.self) to \(Target.self) \(shape)", rows: \.integers,
                    kernel: cast(column, Target.madeType))
                expectOutcomes(
                    outcomes.map { $0.isFailure ? .null : $0 }, "\(From.self) to \(Target.self) or null",
                    rows: \.integers, kernel: cast(column, Target.madeType, orNull: true))
            }
        }
        to(Int8.self)
        to(Int16.self)
        to(Int32.self)
        to(Int64.self)
        to(UInt8.self)
        to(UInt16.self)
        to(UInt32.self)
        to(UInt64.self)
        var maker = ColumnMaker(seed: 54)
        for shape in Shape.few {
            let (values, column): ([From?], Column) = maker.column(shape)
            expectOutcomes(
                values.map { $0.map { .value(Double($0)) } ?? .null }, "\(From.self)", isEqual: isSame,
                rows: Double.values(of:), kernel: cast(column, .float64))
            expectOutcomes(
                values.map { $0.map { .value(Float($0)) } ?? .null }, "\(From.self)", isEqual: isSame,
                rows: Float.values(of:), kernel: cast(column, .float32))
        }
    }

    @Test func floatsToIntegersAndFloats() {
        floats(Double.self)
        floats(Float.self)
    }

    @Test func decimals() {
        let types = [(4, 0), (9, 4), (18, 2), (18, 18), (25, 6), (38, 0), (38, 30)]
        for (p, s) in types {
            for (q, t) in types {
                var maker = ColumnMaker(seed: 55)
                let source = DataType.decimal(precision: p, scale: s)
                let limit = Decimals.powerOfTen(p)
                let targetLimit = Decimals.powerOfTen(q)
                for shape in Shape.few {
                    func draw(_ maker: inout ColumnMaker) -> Int128 {
                        let near = [0, 1, -1, 5, -5, 15, 49, 50, -50, 51, limit - 1, 1 - limit, limit / 2]
                        return maker.below(2) == 0
                            ? maker.pick(near) % limit
                            : Int128(Int64(bitPattern: maker.next())) * Int128(maker.next() >> 2) % limit
                    }
                    let values: [Int128?]
                    let column: Column
                    if source.storageType == .int64 {
                        let made: ([Int64?], Column) = maker.column(shape, type: source) { Int64(draw(&$0)) }
                        values = made.0.map { $0.map { Int128($0) } }
                        column = made.1
                    } else {
                        (values, column) = maker.column(shape, type: source) { draw(&$0) }
                    }
                    expectOutcomes(
                        values.map { value -> Outcome<Int128> in
                            guard let value else { return .null }
                            var result = value
                            if t >= s {
                                let (scaled, overflow) = value.multipliedReportingOverflow(
                                    by: Decimals.powerOfTen(t - s))
                                if overflow { return .fails(.castFailed) }
                                result = scaled
                            } else {
                                let unit = Decimals.powerOfTen(s - t).magnitude
                                let magnitude =
                                    value.magnitude / unit + (value.magnitude % unit >= unit - unit / 2 ? 1 : 0)
                                result = value < 0 ? -Int128(magnitude) : Int128(magnitude)
                            }
                            return result.magnitude < targetLimit.magnitude ? .value(result) : .fails(.castFailed)
                        }, "decimal(\(p), \(s)) to decimal(\(q), \(t)) \(shape)", rows: \.integers,
                        kernel: cast(column, .decimal(precision: q, scale: t)))
                    expectOutcomes(
                        values.map { value -> Outcome<Int128> in
                            guard let value else { return .null }
                            return Int32(exactly: value / Decimals.powerOfTen(s)).map { .value(Int128($0)) }
                                ?? .fails(.castFailed)
                        }, "decimal(\(p), \(s)) to int32", rows: \.integers, kernel: cast(column, .int32))
                    expectOutcomes(
                        values.map { value in
                            value.flatMap { Double(Decimals.description(unscaled: $0, scale: s)) }.map { .value($0) }
                                ?? .null
                        }, "decimal(\(p), \(s)) to float64", rows: Double.values(of:), kernel: cast(column, .float64))
                }
            }
        }
    }

    @Test func floatsToDecimals() throws {
        let type = DataType.decimal(precision: 6, scale: 2)
        let values: [Double?] = [0.285, 1.005, -1.005, 0.004, 0.005, 9_999.994, 0, -0.0, nil, 1e-300, 1234, 2.5e2]
        let column = try Cast.cast(Operand(Column(values)), to: type, nullOnFailure: false, in: RowScope(count: 12))
        #expect(column.integers == [29, 101, -101, 0, 1, 999_999, 0, 0, nil, 0, 123_400, 25_000])
        for value in [9_999.995, .nan, .infinity, -1e300] {
            #expect(throws: StoaError.self) {
                try Cast.cast(Operand(Column([value])), to: type, nullOnFailure: false, in: RowScope(count: 1))
            }
            let null = try Cast.cast(Operand(Column([value])), to: type, nullOnFailure: true, in: RowScope(count: 1))
            #expect(null.nullCount == 1)
        }
    }

    @Test func booleans() throws {
        let column = Column([true, false, nil, true])
        let scope = RowScope(count: 4)
        #expect(
            Int16.values(of: try Cast.cast(Operand(column), to: .int16, nullOnFailure: false, in: scope)) == [
                1, 0, nil, 1,
            ])
        #expect(
            Double.values(of: try Cast.cast(Operand(column), to: .float64, nullOnFailure: false, in: scope))
                == [1, 0, nil, 1])
        #expect(
            try Cast.cast(Operand(column), to: .decimal(precision: 3, scale: 1), nullOnFailure: false, in: scope)
                .integers
                == [10, 0, nil, 10])
        #expect(
            Bool.values(
                of: try Cast.cast(Operand(Column([0, .nan, nil, -0.5])), to: .bool, nullOnFailure: false, in: scope))
                == [false, true, nil, true])
    }

    @Test func constants() throws {
        let scope = RowScope(count: 3)
        let one = Operand(constant: Column([Int64(1)]))
        #expect(Int8.values(of: try Cast.cast(one, to: .int8, nullOnFailure: false, in: scope)) == [1, 1, 1])
        #expect(String.values(of: try Cast.cast(one, to: .utf8, nullOnFailure: false, in: scope)) == ["1", "1", "1"])
        let null = Operand(constant: Column([Int64?.none]))
        #expect(try Cast.cast(null, to: .utf8, nullOnFailure: false, in: scope).nullCount == 3)
    }
}
