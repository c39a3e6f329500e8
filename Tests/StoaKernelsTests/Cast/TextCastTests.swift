import StoaColumns
import StoaKernels
import Testing

/// Text to values and back.
@Suite struct TextCastTests {
    private func parsed(_ texts: [String?], _ type: DataType) throws(StoaError) -> Column {
        try Cast.cast(Operand(Column(texts)), to: type, nullOnFailure: true, in: RowScope(count: texts.count))
    }

    @Test func integers() throws {
        let texts = [
            "0", "-0", "+7", "127", "128", "-128", "-129", "", "+", "-", "1.0", " 1", "1 ", "0x1", "٣", "1_000",
            "00012",
        ]
        #expect(
            Int8.values(of: try parsed(texts, .int8))
                == [0, 0, 7, 127, nil, -128, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, 12])
        #expect(
            UInt64.values(of: try parsed(["18446744073709551615", "18446744073709551616", "-1", "-0"], .uint64))
                == [.max, nil, nil, 0])
        #expect(
            Int64.values(of: try parsed(["-9223372036854775808", "9223372036854775808", nil], .int64))
                == [.min, nil, nil])
    }

    @Test func floats() throws {
        var maker = ColumnMaker(seed: 61)
        var texts: [String] = [
            "1", "-1.5", "+2.", ".5", "1e3", "1E-3", "1e400", "-1e-400", "0.1", "123456789012345678901234567890",
            "9007199254740993", "1.7976931348623157e308", "2.2250738585072011e-308", "5e-324", "0.000001",
            "1e22", "1e23", "179769313486231580793728971405301e276",
        ]
        for _ in 0..<2_000 { texts.append("\(Double(bitPattern: maker.next()))") }
        for _ in 0..<500 { texts.append("\(maker.below(1_000_000)).\(maker.below(1_000_000))") }
        let finite = texts.filter { Double($0)?.isFinite ?? false }
        let values = Double.values(of: try parsed(finite, .float64)) ?? []
        for (text, value) in zip(finite, values) { #expect(value?.bitPattern == Double(text)?.bitPattern, "\(text)") }
        let narrow = Float.values(of: try parsed(finite, .float32)) ?? []
        for (text, value) in zip(finite, narrow) { #expect(value?.bitPattern == Float(text)?.bitPattern, "\(text)") }
        let special =
            Double.values(of: try parsed(["nan", "NaN", "inf", "-Infinity", "+INF", "1e400"], .float64)) ?? []
        #expect(special[0]?.isNaN == true && special[1]?.isNaN == true)
        #expect(special[2...] == [.infinity, -.infinity, .infinity, .infinity])
        for text in ["", ".", "e3", "1e", "1e+", "0x1p3", "1,5", " 1", "nan(1)", "infinit", "1.2.3", "--1", "1e1.5"] {
            #expect(try parsed([text], .float64).nullCount == 1, "\(text)")
        }
    }

    @Test func decimals() throws {
        let type = DataType.decimal(precision: 6, scale: 2)
        let texts = [
            "1", "-1.5", "1.005", "1.004999", "-1.005", "9999.99", "9999.994", "9999.995", "10000", "0.001", ".5",
            "1e2",
            "12e-3", "1e-9", "1e9", "-0.004", "abc", "", "1.5x", "00001.10", "125e-3", "0e99",
        ]
        #expect(
            try parsed(texts, type).integers
                == [
                    100, -150, 101, 100, -101, 999_999, 999_999, nil, nil, 0, 50, 10_000, 1, 0, nil, 0, nil, nil, nil,
                    110, 13, 0,
                ])
        let widest = String(repeating: "9", count: 38)
        #expect(
            try parsed([widest, "-" + widest, widest + "9"], .decimal(precision: 38, scale: 0)).integers
                == [Decimals.powerOfTen(38) - 1, 1 - Decimals.powerOfTen(38), nil])
    }

    @Test func dates() throws {
        let texts = [
            "1970-01-01", "2013-02-28", "2013-02-29", "2012-02-29", "0001-01-01", "13-01-01", "2013-1-1", "2013-01-01 ",
            "-0001-12-31", "+12345-01-01", "",
        ]
        let days = try parsed(texts, .date32).reinterpreted(as: .int32)
        #expect(
            Int32.values(of: days)
                == [0, 15_764, nil, 15_399, -719_162, nil, nil, nil, -719_529, 3_789_391, nil])
    }

    @Test func timestamps() throws {
        let texts = [
            "1970-01-01", "1970-01-01T00:00:01", "1970-01-01 00:01", "1970-01-01T00:00:00.5",
            "1970-01-01T00:00:00.000001Z",
            "1970-01-01T01:00:00+01:00", "1969-12-31T23:59:59-00:30", "1970-01-01T24:00:00",
            "1970-01-01T00:00:00.1234567",
            "1970-01-01T", "1970-01-01T00:00:60", "1970-01-01T00:00:00 Z", "290000-01-01",
        ]
        let moments = try parsed(texts, .timestamp).reinterpreted(as: .int64)
        #expect(
            Int64.values(of: moments)
                == [
                    0, 1_000_000, 60_000_000, 500_000, 1, 0, 1_799_000_000, nil, nil, nil, nil, nil,
                    9_089_348_860_800_000_000,
                ])
    }

    @Test func booleans() throws {
        #expect(
            Bool.values(of: try parsed(["true", "False", "TRUE", "1", "yes", "", nil], .bool))
                == [true, false, true, nil, nil, nil, nil])
    }

    /// What is printed is read back as the same value, for every type.
    @Test func roundTrips() throws {
        var maker = ColumnMaker(seed: 63)
        func check<Value: MadeValue>(_: Value.Type, type: DataType? = nil) throws {
            for shape in Shape.few {
                let made: ([Value?], Column) = maker.column(shape, type: type)
                let rows = RowScope(count: shape.count)
                let text = try Cast.cast(Operand(made.1), to: .utf8, nullOnFailure: false, in: rows)
                try text.checkInvariants()
                let back = try Cast.cast(Operand(text), to: made.1.type, nullOnFailure: false, in: rows)
                #expect(back.nullCount == made.1.nullCount)
                for row in 0..<shape.count {
                    #expect(back.formatted(at: row) == made.1.formatted(at: row))
                    if !made.1.isNull(at: row) { #expect(text.string(at: row) == made.1.formatted(at: row)) }
                }
            }
        }
        try check(Int8.self)
        try check(UInt64.self)
        try check(Int64.self)
        try check(Float.self)
        try check(Double.self)
        try check(Bool.self)
        try check(Int128.self)
        try check(Int32.self, type: .date32)
        try check(Int64.self, type: .timestamp)
        try check(Int64.self, type: .timestamp(zone: "UTC"))
        try check(String.self)
    }

    @Test func errorsNameRowAndText() {
        do {
            _ = try Cast.cast(
                Operand(Column(["1", nil, "x1", "y"])), to: .int32, nullOnFailure: false, in: RowScope(count: 4))
            Issue.record("'x1' was read as a number")
        } catch {
            #expect(error.code == .castFailed && error.location.row == 2)
            #expect(error.message == "the text 'x1' cannot be read as int32")
        }
    }
}
