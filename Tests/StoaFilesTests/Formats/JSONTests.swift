import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("Newline-delimited JSON")
struct JSONTests {
    let folder = TemporaryFolder()

    private func result(_ text: String, types: [String: DataType] = [:]) throws -> ReadResult {
        try read(FileScan(path: folder.write(text, to: "file.jsonl"), types: types))
    }

    @Test func typesFromSamples() throws {
        let text = """
            {"i": 1, "f": 1, "b": true, "s": "x", "d": "2020-01-31", "t": "2020-01-31T10:00:00.5", "z": "2020-01-31T10:00Z", "n": null}
            {"f": 2.5, "i": null, "s": "naïve \\u00e9 \\"q\\"", "d": null}

            {"i": 3, "b": false, "t": "2020-01-31"}
            """
        let result = try result(text)
        #expect(
            result.schema.fields.map { "\($0.name): \($0.type)" } == [
                "i: int64", "f: float64", "b: bool", "s: utf8", "d: date32", "t: timestamp", "z: timestamp(UTC)",
                "n: utf8",
            ])
        #expect(result.rowCount == 3)
        #expect(result.rows.map { $0[3] } == ["x", "naïve é \"q\"", "∅"])
        #expect(result.rows.map { $0[0] } == ["1", "∅", "3"])
        #expect(result.rows.map { $0[4] } == ["2020-01-31", "∅", "∅"])
        let times = try result.batches[0][0].column("t").array(of: Int64?.self)
        #expect(times == [1_580_464_800_500_000, nil, 1_580_428_800_000_000])
    }

    @Test func typesOfTheCaller() throws {
        let types: [String: DataType] = [
            "a": .int8, "m": .decimal(precision: 5, scale: 2), "late": .utf8, "d": .timestamp, "f": .float32,
        ]
        let result = try result("{\"a\":1,\"m\":1.5,\"d\":\"2020-01-31\",\"f\":1}\n{\"late\":\"x\"}\n", types: types)
        #expect(result.rows[0] == ["1", "1.50", result.rows[0][2], "1.0", "∅"])
        #expect(result.rows[1] == ["∅", "∅", "∅", "∅", "x"])
        #expect(result.schema["d"]?.type == .timestamp)
    }

    @Test func splitInvariance() throws {
        let text = (0..<30_000).map { "{\"i\":\($0),\"s\":\"line \\n \($0)\"}\n" + ($0 % 97 == 0 ? "\n" : "") }.joined()
        let path = folder.write(text, to: "file.jsonl")
        let whole = try read(FileScan(path: path))
        #expect(whole.rowCount == 30_000)
        for target in [1_000, 65_536, 300_000] {
            let catalog = FileCatalog(textPartitions: TextPartitions(targetBytes: target))
            let cut = try read(FileScan(path: path), catalog: catalog)
            #expect(cut.partitions.slices.count > 1)
            #expect(cut.rows == whole.rows)
        }
        #expect(try read(FileScan(path: path), projection: ["s"]).rows[29_999] == ["line \n 29999"])
    }

    @Test(
        arguments: [
            ("{\"i\":\"x\"}", "i"), ("{\"i\":1.5}", "i"), ("{\"d\":\"2020-02-30\"}", "d"), ("{\"i\":", nil),
            ("[1]", nil),
            ("{\"i\":1,\"new\":2}", nil), ("x", nil),
        ] as [(String, String?)])
    func badLinesAreNamed(line: String, column: String?) {
        // Far enough behind the sample's first block, and not in its others.
        var lines = (0..<80_000).map { "{\"i\":\($0),\"d\":\"2020-01-31\"}" }
        lines[9_000] = ""
        lines[12_344] = line
        let path = folder.write(lines.joined(separator: "\n"), to: "file.jsonl")
        let error = stoaError { _ = try read(FileScan(path: path)) }
        #expect(error.code == .malformedFile)
        #expect(error.location.file == path)
        #expect(error.location.row == 12_345)
        #expect(error.location.column == column)
    }

    @Test func filesThatHoldNothing() {
        for text in ["", "\n\n"] {
            #expect(stoaError { _ = try result(text) }.code == .malformedFile)
        }
        #expect(stoaError { _ = try result("{\"a\":[1,2]}\n") }.location.column == "a")
    }
}
