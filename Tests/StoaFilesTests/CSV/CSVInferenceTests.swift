import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("CSV: types from samples")
struct CSVInferenceTests {
    let folder = TemporaryFolder()

    @Test(arguments: [
        (["1", "-2", "+3"], DataType.int64), (["1", "2.5"], .float64), (["1e3"], .float64), (["1", "nan"], .float64),
        (["true", "False"], .bool), (["1", "0"], .int64), (["true", "1"], .utf8), (["2020-01-31"], .date32),
        (["2020-01-31", "2020-01-31 10:00"], .timestamp), (["2020-01-31T10:00:00.123456"], .timestamp),
        (["2020-01-31T10:00:00Z", "2020-01-31T10:00+02:00"], .timestamp(zone: "UTC")),
        (["2020-01-31T10:00:00Z", "2020-01-31T10:00:00"], .utf8), (["2020-02-30"], .utf8), (["x"], .utf8),
        (["", "NA"], .utf8), (["NA", "7"], .int64), (["9223372036854775807"], .int64),
        (["9223372036854775808"], .utf8), (["9223372036854775808", "0.5"], .float64), (["\"1\"", "\"2\""], .int64),
        (["\"\"", "5"], .int64), (["1 000"], .utf8), (["0x10"], .utf8),
    ])
    func kinds(values: [String], expected: DataType) throws {
        let path = folder.write("v,w\n" + values.map { $0 + ",1\n" }.joined(), to: "file.csv")
        #expect(try FileCatalog().schema(of: FileScan(path: path))["v"]?.type == expected)
    }

    @Test func columnsDoNotInfluenceEachOther() throws {
        let path = folder.write("a,b,c\n1,x,2020-01-01\n2,1,2021-01-01\n", to: "file.csv")
        let schema = try FileCatalog().schema(of: FileScan(path: path))
        #expect(schema.fields.map(\.type) == [.int64, .utf8, .date32])
    }

    @Test func samplesReachAcrossTheFile() throws {
        // Null for most of the file, then decimals near its end; and quoted line ends everywhere, so that a block's
        // start cannot be told from its text alone.
        let lines = (0..<200_000).map { row in
            "\(row),\(row < 190_000 ? "" : "0.5"),\"two\nlines, \"\"and quotes\"\"\""
        }
        let path = folder.write("a,b,c\n" + lines.joined(separator: "\n") + "\n", to: "file.csv")
        let schema = try FileCatalog().schema(of: FileScan(path: path))
        #expect(schema.fields.map(\.type) == [.int64, .float64, .utf8])
        let result = try readCSV(path)
        #expect(result.rowCount == 200_000)
    }

    @Test func typesOfTheCallerWin() throws {
        let path = folder.write("zip,n\n00501,1\n10001,2\n", to: "file.csv")
        let result = try readCSV(path, types: ["zip": .utf8, "n": .float32])
        #expect(result.schema.fields.map(\.type) == [.utf8, .float32])
        #expect(result.rows[0][0] == "00501")
    }

    @Test func headerNames() throws {
        let path = folder.write("\"a,b\",,\"say \"\"hi\"\"\"\n1,2,3\n", to: "file.csv")
        #expect(try FileCatalog().schema(of: FileScan(path: path)).names == ["a,b", "column_1", "say \"hi\""])
    }
}
