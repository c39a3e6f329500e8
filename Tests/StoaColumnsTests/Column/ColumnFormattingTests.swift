import StoaColumns
import Testing

@Suite struct ColumnFormattingTests {
    private func texts(_ column: Column) -> [String] { (0..<column.count).map { column.formatted(at: $0) } }

    @Test func numbersAreShortestThatReadBack() {
        let values: [Double] = [0.1, -0.0, 1, 1e20, .leastNonzeroMagnitude, .infinity, -.infinity, 1.0 / 3]
        #expect(
            texts(Column(values)) == ["0.1", "-0.0", "1.0", "1e+20", "5e-324", "inf", "-inf", "0.3333333333333333"])
        #expect(texts(Column([Double.nan, nil])) == ["nan", "null"])
        #expect(texts(Column([0.1, 16_777_216] as [Float])) == ["0.1", "16777216.0"])
        #expect(texts(Column([UInt64.max])) == ["18446744073709551615"])
        #expect(texts(Column([true, false, nil])) == ["true", "false", "null"])
    }

    @Test func decimalsShowTheirScale() throws {
        #expect(
            texts(try Column(decimals: [0, 5, -5, 12345, nil], precision: 9, scale: 2)) == [
                "0.00", "0.05", "-0.05", "123.45", "null",
            ])
        #expect(texts(try Column(decimals: [-7], precision: 30, scale: 0)) == ["-7"])
        let limit = Decimals.powerOfTen(38) - 1
        #expect(
            texts(try Column(decimals: [-limit], precision: 38, scale: 38)) == [
                "-0." + String(repeating: "9", count: 38)
            ])
    }

    @Test func timesAreISO() {
        let micros: [Int64] = [0, 1, 1_000, -1, 1_359_621_015_250_000, 253_402_300_800_000_000]
        #expect(
            texts(Column(micros).reinterpreted(as: .timestamp)) == [
                "1970-01-01T00:00:00", "1970-01-01T00:00:00.000001", "1970-01-01T00:00:00.001",
                "1969-12-31T23:59:59.999999", "2013-01-31T08:30:15.250", "+10000-01-01T00:00:00",
            ])
        #expect(texts(Column([0]).reinterpreted(as: .timestamp(zone: "Asia/Tokyo"))) == ["1970-01-01T00:00:00Z"])
        #expect(
            texts(Column([Int64.min, .max]).reinterpreted(as: .timestamp)).map { $0.prefix(7) } == [
                "-290308", "+294247",
            ])
    }

    @Test func textIsAsItIs() {
        #expect(texts(Column(["a\n", "", nil])) == ["a\n", "", "null"])
        #expect(Column(["x", nil]).dictionaryEncoded().formatted(at: 1, null: "NA") == "NA")
    }
}
