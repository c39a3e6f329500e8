import StoaColumns
import StoaPlan
import Testing

@Suite("CSV: what files mean")
struct CSVReadingTests {
    let folder = TemporaryFolder()

    private func rows(
        _ text: String, _ options: CSVOptions = CSVOptions(), types: [String: DataType] = [:]
    ) throws -> [[String]] {
        try readCSV(folder.write(text, to: "file.csv"), options, types: types).rows
    }

    @Test(arguments: [
        ("plain", "a,b\n1,x\n2,y\n", [["1", "x"], ["2", "y"]]),
        ("no line end at the end", "a,b\n1,x\n2,y", [["1", "x"], ["2", "y"]]),
        ("CRLF", "a,b\r\n1,x\r\n2,y\r\n", [["1", "x"], ["2", "y"]]),
        ("CRLF, no line end at the end", "a,b\r\n1,x\r\n2,y", [["1", "x"], ["2", "y"]]),
        ("byte order mark", "\u{FEFF}a,b\n1,x\n", [["1", "x"]]),
        ("quotes", "a,b\n\"1\",\"x\"\n2,\"y\"\n", [["1", "x"], ["2", "y"]]),
        ("delimiter in quotes", "a,b\n1,\"x,y\"\n", [["1", "x,y"]]),
        ("line end in quotes", "a,b\n1,\"x\ny\"\n2,\"\r\n\"\n", [["1", "x\ny"], ["2", "\r\n"]]),
        ("doubled quotes", "a,b\n1,\"x\"\"y\"\n2,\"\"\"\"\n", [["1", "x\"y"], ["2", "\""]]),
        ("quoted, CRLF", "a,b\r\n1,\"x\"\r\n", [["1", "x"]]),
        ("a quote inside a field is text", "a,b\n1,5\" pipe\n2,x\"y\"z\n", [["1", "5\" pipe"], ["2", "x\"y\"z"]]),
        ("null and empty", "a,b\n,\n1,\"\"\nNA,NA\n", [["∅", "∅"], ["1", ""], ["∅", "∅"]]),
        ("quoted NA is text", "a,b\n1,\"NA\"\n", [["1", "NA"]]),
        ("empty lines", "\n\na,b\n\n1,x\n\n\r\n2,y\n\n", [["1", "x"], ["2", "y"]]),
        ("Unicode", "a,b\n1,naïve 😀\n2,\"日本,語\"\n", [["1", "naïve 😀"], ["2", "日本,語"]]),
        ("spaces around numbers", "a,b\n 1 , x \n\t2\t,y\n", [["1", " x "], ["2", "y"]]),
        ("last field empty", "a,b\n1,\n2,\n3,x", [["1", "∅"], ["2", "∅"], ["3", "x"]]),
    ])
    func meaning(name: String, text: String, expected: [[String]]) throws {
        #expect(try rows(text) == expected, "\(name)")
    }

    @Test func oneColumnKeepsEmptyLines() throws {
        #expect(try rows("a\n1\n\n3\n") == [["1"], ["∅"], ["3"]])
        #expect(try rows("a\nx\n\"\"\n\n") == [["x"], [""], ["∅"]])
    }

    @Test func headerOnly() throws {
        for text in ["a,b\n", "a,b", "a,b\r\n"] {
            let result = try readCSV(folder.write(text, to: "file.csv"))
            #expect(result.schema.names == ["a", "b"])
            #expect(result.rows.isEmpty)
            #expect(result.partitions.rowCount == 0)
        }
    }

    @Test func emptyFileIsAnError() throws {
        for text in ["", "\u{FEFF}", "\n\n"] {
            let error = stoaError { _ = try rows(text) }
            #expect(error.code == .malformedFile)
            #expect(error.message.contains("empty"))
        }
    }

    @Test func withoutHeader() throws {
        let options = CSVOptions(hasHeader: false)
        let result = try readCSV(folder.write("1,x\n2,y\n", to: "file.csv"), options)
        #expect(result.schema == Schema([Field("column_0", .int64), Field("column_1", .utf8)]))
        #expect(result.rows == [["1", "x"], ["2", "y"]])
    }

    @Test func delimiters() throws {
        for delimiter in [";", "\t", "|", ":"] {
            let text =
                ["a", "b"].joined(separator: delimiter) + "\n" + ["1", "x,y"].joined(separator: delimiter) + "\n"
            #expect(try rows(text, CSVOptions(delimiter: delimiter)) == [["1", "x,y"]])
        }
        for delimiter in ["", ",,", "é", "\n", "\""] {
            #expect(stoaError { _ = try rows("a\n", CSVOptions(delimiter: delimiter)) }.code == .invalidArgument)
        }
    }

    @Test func nullStringsOfTheCaller() throws {
        let options = CSVOptions(nullStrings: ["-", "-999"])
        #expect(try rows("a,b\n-999,-\n1,\n", options) == [["∅", "∅"], ["1", ""]])
        #expect(try rows("a,b\n1,\n", CSVOptions(nullStrings: [])) == [["1", ""]])
        // In a column of numbers a quoted null string can only mean null.
        #expect(try rows("a,b\n\"\",x\n\"7\",y\n") == [["∅", "x"], ["7", "y"]])
    }

    @Test func everyType() throws {
        let types: [String: DataType] = [
            "i8": .int8, "i16": .int16, "i32": .int32, "i64": .int64, "u8": .uint8, "u16": .uint16, "u32": .uint32,
            "u64": .uint64, "f32": .float32, "f64": .float64, "b": .bool, "s": .utf8, "d": .date32, "t": .timestamp,
            "z": .timestamp(zone: "UTC"), "n": .decimal(precision: 5, scale: 2), "w": .decimal(precision: 38, scale: 0),
        ]
        let names = types.keys.sorted()
        let values = [
            "i8": "-128", "i16": "32767", "i32": "-2147483648", "i64": "-9223372036854775808", "u8": "255",
            "u16": "65535", "u32": "4294967295", "u64": "18446744073709551615", "f32": "0.1", "f64": "-1e-300",
            "b": "TRUE", "s": "text", "d": "1969-12-31", "t": "2020-02-29 23:59:59.000001",
            "z": "2020-01-01T00:30+01:00", "n": "-123.45", "w": String(repeating: "9", count: 38),
        ]
        let text =
            names.joined(separator: ",") + "\n" + names.map { values[$0] ?? "" }.joined(separator: ",") + "\n"
            + names.map { _ in "" }.joined(separator: ",") + "\n"
        let result = try readCSV(folder.write(text, to: "file.csv"), types: types)
        #expect(result.schema == Schema(names.map { Field($0, types[$0] ?? .bool) }))
        let row = Dictionary(uniqueKeysWithValues: zip(names, result.rows[0]))
        for name in names where !["b", "f64", "t", "z"].contains(name) { #expect(row[name] == values[name]) }
        #expect(row["b"] == "true")
        #expect(result.rows[1].allSatisfy { $0 == "∅" })
        let batch = try #require(result.batches.first?.first)
        #expect(try batch.column("f64").array(of: Double?.self)[0] == -1e-300)
        #expect(try batch.column("z").array(of: Int64?.self)[0] == 1_577_835_000_000_000)
        #expect(try batch.column("t").array(of: Int64?.self)[0] == 1_583_020_799_000_001)
    }

    @Test func floatsAreNearest() throws {
        var generator = SplitMix64(seed: 7)
        var expected: [Double] = [
            0, -0.0, 1e22, 1e23, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 0.1, 123456789012345680,
        ]
        var texts = ["0", "-0", "1e22", "1e23", "5e-324", "1.7976931348623157e308", ".1", "123456789012345678"]
        for _ in 0..<2_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            expected.append(value)
            texts.append("\(value)")
        }
        for _ in 0..<2_000 {
            let digits = Int.random(in: 1...17, using: &generator)
            let text = (0..<digits).map { _ in "\(Int.random(in: 0...9, using: &generator))" }.joined()
            let spelled = text + "." + "\(Int.random(in: 0...9999, using: &generator))"
            texts.append(spelled)
            expected.append(Double(spelled) ?? .nan)
        }
        texts += ["nan", "NaN", "inf", "-Infinity", "+1.5"]
        expected += [.nan, .nan, .infinity, -.infinity, 1.5]
        let path = folder.write("x,y\n" + texts.map { $0 + ",1\n" }.joined(), to: "file.csv")
        let result = try readCSV(path, types: ["x": .float64])
        let values = try result.batches[0][0].column("x").array(of: Double.self)
        #expect(values.count == expected.count)
        for (value, wanted) in zip(values, expected) {
            #expect(value.bitPattern == wanted.bitPattern || (value.isNaN && wanted.isNaN))
        }
    }

    @Test func projection() throws {
        let path = folder.write("a,b,c\n1,x,2.5\n2,y,3.5\n", to: "file.csv")
        let scan = FileScan(path: path)
        #expect(try read(scan, projection: ["c", "a"]).rows == [["2.5", "1"], ["3.5", "2"]])
        let none = try read(scan, projection: [])
        #expect(none.rowCount == 2)
        #expect(none.schema.count == 3)
    }
}
