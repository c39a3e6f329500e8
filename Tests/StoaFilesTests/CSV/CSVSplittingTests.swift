import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("CSV: the same rows however the file is cut")
struct CSVSplittingTests {
    let folder = TemporaryFolder()

    /// Text that is hard to cut: delimiters, quotes and line ends of both kinds inside of fields.
    private struct Generator {
        var random: SplitMix64
        let pieces = ["a", "bc", ",", "\"", "\n", "\r\n", "\r", "é", "😀", " ", "NA", "0", ""]

        mutating func value() -> String? {
            if Int.random(in: 0..<6, using: &random) == 0 { return nil }
            let count = Int.random(in: 0..<5, using: &random)
            return (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }

        mutating func field(_ value: String?) -> String {
            guard let value else { return Bool.random(using: &random) ? "" : "NA" }
            let special = value.unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
            let mustQuote = special || value.isEmpty || value == "NA"
            guard mustQuote || Int.random(in: 0..<4, using: &random) == 0 else { return value }
            var quoted = "\""
            for scalar in value.unicodeScalars { quoted += scalar == "\"" ? "\"\"" : String(scalar) }
            return quoted + "\""
        }
    }

    @Test(arguments: 0..<6)
    func splitInvariance(seed: Int) throws {
        var generator = Generator(random: SplitMix64(seed: UInt64(seed)))
        let columnCount = seed % 3 + 1
        let lineEnd = seed % 2 == 0 ? "\n" : "\r\n"
        var expected: [[String]] = []
        var text = (0..<columnCount).map { "c\($0)" }.joined(separator: ",") + lineEnd
        for _ in 0..<3_000 {
            let values = (0..<columnCount).map { _ in generator.value() }
            text += values.map { generator.field($0) }.joined(separator: ",") + lineEnd
            expected.append(values.map { $0 ?? "∅" })
            if columnCount > 1, Int.random(in: 0..<50, using: &generator.random) == 0 { text += lineEnd }
        }
        if seed < 3 {
            text.unicodeScalars.removeLast(lineEnd.unicodeScalars.count)
            // Without its line end an empty last line of one column is no record.
            if columnCount == 1, text.hasSuffix(lineEnd) { expected.removeLast() }
        }
        let path = folder.write(text, to: "file.csv")
        let types = Dictionary(uniqueKeysWithValues: (0..<columnCount).map { ("c\($0)", DataType.utf8) })
        for (target, multiple) in [(1, 1), (2, 7), (63, 1), (64, 1), (1_000, 1_024), (5_000, 1), (1 << 30, 1)] {
            let catalog = FileCatalog(textPartitions: TextPartitions(targetBytes: target, rowMultiple: multiple))
            let result = try readCSV(path, types: types, catalog: catalog)
            #expect(result.rows == expected, "target \(target), seed \(seed)")
            #expect(result.partitions.rowCount == expected.count)
            for (index, slice) in result.partitions.slices.enumerated().dropLast() {
                #expect((slice.rowCount ?? 0) % multiple == 0, "partition \(index)")
            }
        }
    }

    @Test func recordNumbersDoNotDependOnTheCut() throws {
        var lines = (0..<5_000).map { "\($0),\"line\nend\",\($0 % 7)" }
        lines[4_321] = "4321,x,bad"
        let path = folder.write("a,b,c\n" + lines.joined(separator: "\n") + "\n", to: "file.csv")
        for target in [100, 10_000, 1 << 30] {
            let catalog = FileCatalog(textPartitions: TextPartitions(targetBytes: target, rowMultiple: 1))
            let error = stoaError { _ = try readCSV(path, types: ["c": .int64], catalog: catalog) }
            #expect(error.location.row == 4_323)
            #expect(error.location.column == "c")
        }
    }

    @Test func recordsLongerThanABlock() throws {
        // The reader's blocks have 256 KiB, the splitter's 1 MiB.
        let long = String(repeating: "x,\"\"\n", count: 400_000)
        let path = folder.write("a,b\n1,\"\(long)\"\n2,y\n", to: "file.csv")
        for target in [1, 1 << 30] {
            let catalog = FileCatalog(textPartitions: TextPartitions(targetBytes: target, rowMultiple: 1))
            let result = try readCSV(path, catalog: catalog)
            #expect(result.rowCount == 2)
            #expect(result.rows[0][1].utf8.count == 400_000 * 4)
            #expect(result.rows[1] == ["2", "y"])
        }
    }

    @Test func batchesHaveAFixedNumberOfRows() throws {
        let path = folder.write("a,b\n" + (0..<150_000).map { "\($0),v\($0 % 3)\n" }.joined(), to: "file.csv")
        let result = try readCSV(path)
        #expect(result.batches.flatMap { $0.map(\.rowCount) } == [65_536, 65_536, 18_928])
        let codes = result.batches[0].map { $0.columns[1].dictionaryCodes }
        #expect(codes.allSatisfy { $0?.dictionary === codes[0]?.dictionary }, "batches share a dictionary")
    }

    @Test func dictionariesGiveWayToPlainText() throws {
        // Few strings at first, then all different: the column must read the same through the change.
        let values = (0..<70_000).map { $0 < 30_000 ? "few\($0 % 5)" : "many\($0)" }
        let path = folder.write("a,b\n" + values.map { "1,\($0)\n" }.joined(), to: "file.csv")
        let batches = try readCSV(path).batches[0]
        #expect(batches.map { $0.columns[1].isDictionaryEncoded } == [false, false])
        #expect(try batches.flatMap { try $0.columns[1].array(of: String.self) } == values)
    }
}
