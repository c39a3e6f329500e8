internal import CArrowABI
import StoaColumns
import Testing

/// Both directions against Arrow C++.
@Suite(.serialized) struct ArrowOracleTests {
    /// Arrow format, values as Arrow C++ reads them from JSON, the same as Stoa prints them.
    static let cases: [(format: String, json: [String], text: [String])] = [
        ("b", ["true", "null", "false"], ["true", "null", "false"]),
        ("c", ["-128", "null", "127"], ["-128", "null", "127"]),
        ("C", ["0", "null", "255"], ["0", "null", "255"]),
        ("s", ["-32768", "null", "7"], ["-32768", "null", "7"]),
        ("S", ["0", "null", "65535"], ["0", "null", "65535"]),
        ("i", ["-2147483648", "null", "5"], ["-2147483648", "null", "5"]),
        ("I", ["0", "null", "4294967295"], ["0", "null", "4294967295"]),
        ("l", ["-9223372036854775808", "null", "1"], ["-9223372036854775808", "null", "1"]),
        ("L", ["0", "null", "18446744073709551615"], ["0", "null", "18446744073709551615"]),
        ("f", ["0.5", "null", "-1.25"], ["0.5", "null", "-1.25"]),
        ("g", ["0.1", "null", "-1e300"], ["0.1", "null", "-1e+300"]),
        ("u", [#""a""#, "null", #""""#, #""größer als zwölf Bytes""#], ["a", "null", "", "größer als zwölf Bytes"]),
        ("U", [#""a""#, "null", #""""#, #""größer als zwölf Bytes""#], ["a", "null", "", "größer als zwölf Bytes"]),
        ("vu", [#""a""#, "null", #""""#, #""größer als zwölf Bytes""#], ["a", "null", "", "größer als zwölf Bytes"]),
        ("tdD", ["0", "null", "-719162"], ["1970-01-01", "null", "0001-01-01"]),
        ("tdm", ["86400000", "null", "-86400000"], ["1970-01-02", "null", "1969-12-31"]),
        ("tss:", ["1", "null", "-1"], ["1970-01-01T00:00:01", "null", "1969-12-31T23:59:59"]),
        ("tsm:UTC", ["1", "null", "-1"], ["1970-01-01T00:00:00.001Z", "null", "1969-12-31T23:59:59.999Z"]),
        ("tsu:Asia/Tokyo", ["1", "null"], ["1970-01-01T00:00:00.000001Z", "null"]),
        ("tsn:", ["1000", "null", "-2000"], ["1970-01-01T00:00:00.000001", "null", "1969-12-31T23:59:59.999998"]),
        ("d:5,2,32", [#""123.45""#, "null", #""-0.01""#], ["123.45", "null", "-0.01"]),
        ("d:15,2,64", [#""123.45""#, "null", #""-0.01""#], ["123.45", "null", "-0.01"]),
        ("d:15,2", [#""123.45""#, "null", #""-0.01""#], ["123.45", "null", "-0.01"]),
        (
            "d:38,1", [#""-1234567890123456789012345678901234567.8""#, "null"],
            ["-1234567890123456789012345678901234567.8", "null"]
        ),
        ("n", ["null", "null"], ["null", "null"]),
    ]

    @Test(arguments: Self.cases)
    func importsWhatArrowMakes(format: String, json: [String], text: [String]) throws {
        for range in [0..<json.count, 1..<json.count, 0..<1, 1..<1] {
            var (array, schema) = try ArrowOracle.batch(format: format, json, range: range)
            let batch = try Batch(importing: &array, schema: &schema)
            try batch.checkInvariants()
            #expect(batch.rowCount == range.count)
            #expect((0..<batch.rowCount).map { batch.columns[0].formatted(at: $0) } == Array(text[range]))
        }
    }

    @Test(arguments: Self.cases)
    func arrowSeesWhatIsExported(format: String, json: [String], text: [String]) throws {
        var (array, schema) = try ArrowOracle.batch(format: format, json)
        let batch = try Batch(importing: &array, schema: &schema)
        // Arrow reads the JSON by the exported type: microseconds and days, not what came in.
        let converted = ["tdm", "tss:", "tsm:UTC", "tsn:"].contains(format)
        let stored = (0..<batch.rowCount).map { row in
            guard converted else { return json[row] }
            if batch.columns[0].isNull(at: row) { return "null" }
            return batch.columns[0].type == .date32
                ? "\(batch.columns[0].values(as: Int32.self)[row])" : "\(batch.columns[0].values(as: Int64.self)[row])"
        }
        try ArrowOracle.expect(batch, equals: stored)
        for start in 0..<batch.rowCount {
            try ArrowOracle.expect(batch.slice(start..<batch.rowCount), equals: Array(stored[start...]))
        }
        #expect(throws: (any Error).self) { try ArrowOracle.expect(batch, equals: stored + ["null"]) }
    }

    @Test(arguments: ["c", "C", "s", "S", "i", "I", "l", "L"], ["u", "U"])
    func importsDictionariesThatArrowMakes(codes: String, values: String) throws {
        var (array, schema) = try ArrowOracle.encoded(
            codeFormat: codes, valueFormat: values, codes: ["2", "0", "null", "1", "2"],
            dictionary: [#""x""#, "null", #""zz""#])
        let batch = try Batch(importing: &array, schema: &schema)
        try batch.checkInvariants()
        #expect(batch.columns[0].isDictionaryEncoded)
        #expect(try batch.columns[0].array(of: String?.self) == ["zz", "x", nil, nil, "zz"])
    }

    @Test(arguments: 0..<200)
    func randomBatchesGoThroughArrow(seed: Int) throws {
        var random = RandomColumns(seed: UInt64(seed))
        let batch = random.batch(rows: Int.random(in: 0...200, using: &random.generator))
        let start = Int.random(in: 0...batch.rowCount, using: &random.generator)
        let slice = batch.slice(start..<Int.random(in: start...batch.rowCount, using: &random.generator))
        for original in [batch, slice] {
            let back = try ArrowOracle.roundTrip(original)
            try back.checkInvariants()
            #expect(back == original)
        }
    }

    @Test func streamsGoThroughArrow() throws {
        var random = RandomColumns(seed: 1)
        let batch = random.batch(rows: 100)
        let batches = [batch, batch.slice(3..<40), batch.slice(40..<40), batch.slice(99..<100)]
        let stream = try ArrowOracle.roundTrip(batches, schema: batch.schema)
        #expect(stream.schema == batch.schema)
        var count = 0
        while let back = try stream.next() {
            try back.checkInvariants()
            #expect(back == batches[count])
            count += 1
        }
        #expect(count == batches.count)
    }

    @Test func nothingOfArrowsStaysBehind() throws {
        let before = ArrowOracle.allocatedBytes
        do {
            var (array, schema) = try ArrowOracle.batch(format: "g", Array(repeating: "1.5", count: 1_000))
            let batch = try Batch(importing: &array, schema: &schema)
            #expect(ArrowOracle.allocatedBytes - before >= 8_000)
            #expect(try batch.columns[0].array(of: Double.self).allSatisfy { $0 == 1.5 })
        }
        #expect(ArrowOracle.allocatedBytes == before)
    }
}
