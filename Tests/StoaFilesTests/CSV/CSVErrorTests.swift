import StoaColumns
import StoaPlan
import Testing

@Suite("CSV: malformed files name the place")
struct CSVErrorTests {
    let folder = TemporaryFolder()

    private func error(_ text: String, types: [String: DataType] = [:]) -> StoaError {
        let path = folder.write(text, to: "file.csv")
        let error = stoaError { _ = try readCSV(path, types: types) }
        #expect(error.code == .malformedFile)
        #expect(error.location.file == path)
        return error
    }

    @Test(arguments: [
        (DataType.int64, "x"), (.int64, "1.5"), (.int64, "9223372036854775808"), (.int8, "128"), (.uint8, "-1"),
        (.uint64, "18446744073709551616"), (.float64, "1,5"), (.float64, "--1"), (.float32, "abc"), (.bool, "yes"),
        (.date32, "2021-02-29"), (.date32, "2021-13-01"), (.date32, "2021-1-1"), (.date32, "01/02/2021"),
        (.timestamp, "2021-01-01T25:00"), (.timestamp, "2021-01-01T00:00:00Z"),
        (.timestamp, "2021-01-01T00:00:00.0000001"),
        (.timestamp(zone: "UTC"), "2021-01-01T00:00:00"), (.decimal(precision: 4, scale: 2), "123.45"),
        (.decimal(precision: 4, scale: 2), "1.234"), (.decimal(precision: 4, scale: 2), "."),
    ])
    func badValue(type: DataType, text: String) {
        let found = error("k,v\n1,\n2,\"\(text)\"\n", types: ["v": type])
        #expect(found.location.row == 3)
        #expect(found.location.column == "v")
        #expect(found.message.contains(text))
        #expect(found.message.contains("\(type)") || found.message.contains("offset"))
    }

    @Test func recordsAreCountedAsLines() {
        // Two empty lines and a line end within quotes before the bad value.
        let found = error("k,v\n\n1,\"a\nb\"\n\n2,c\nx,d\n", types: ["k": .int64])
        #expect(found.location.row == 6)
        #expect(found.location.column == "k")
    }

    @Test func wrongNumberOfFields() {
        let short = error("a,b,c\n1,2,3\n4,5\n")
        #expect(short.location.row == 3)
        #expect(short.message == "2 fields where 3 are expected: '4,5'")
        let wide = error("a,b\n1,2\n\n1,2,3\n")
        #expect(wide.location.row == 4)
        #expect(wide.message.hasPrefix("3 fields where 2 are expected"))
        #expect(error("a\n1\n1,2\n").message.hasPrefix("2 fields where 1 is expected"))
    }

    @Test func theFirstMistakeIsReported() {
        let types: [String: DataType] = ["a": .int64, "b": .int64]
        let found = error("a,b\n1,1\n2,x\ny,2\n1,2,3\n", types: types)
        #expect(found.location.row == 3)
        #expect(found.location.column == "b")
        #expect(error("a,b\n1,1\n1,2,3\nx,y\n", types: types).location.row == 3)
    }

    @Test func quotesThatDoNotClose() {
        let open = error("a,b\n1,x\n2,\"y\n3,z\n")
        #expect(open.location.row == 3)
        #expect(open.message.contains("inside quotes"))
        let trailing = error("a,b\n1,x\n2,\"y\"z\n")
        #expect(trailing.location.row == 3)
        #expect(trailing.location.column == "b")
    }

    @Test func textThatIsNotUTF8() {
        let path = folder.write(bytes: Array("a,b\n1,x\n2,".utf8) + [0xE9, 0x0A], to: "latin.csv")
        let found = stoaError { _ = try readCSV(path) }
        #expect(found.code == .malformedFile)
        #expect(found.location.row == 3)
        #expect(found.location.column == "b")
        let wide = folder.write(bytes: [0xFF, 0xFE, 0x61, 0x00], to: "wide.csv")
        #expect(stoaError { _ = try readCSV(wide) }.message.contains("UTF-16"))
    }

    @Test func valuesAgainstTheSampleTellHowLargeItWas() {
        // The sample reads the first 256 KiB and blocks of 128 KiB; the bad value stands between two of them.
        var lines = ["x,y"]
        lines += (0..<400_000).map { "\($0),abcdef" }
        lines[31_000] = "oops,abcdef"
        let path = folder.write(lines.joined(separator: "\n") + "\n", to: "file.csv")
        let found = stoaError { _ = try readCSV(path) }
        #expect(found.location.row == 31_001)
        #expect(found.location.column == "x")
        #expect(found.message.contains("'oops'"))
        #expect(found.advice.contains("taken as int64 from"))
        #expect(found.advice.contains("types:"))
        #expect(stoaError { _ = try readCSV(path, types: ["z": .utf8]) }.code == .unknownColumn)
    }
}
