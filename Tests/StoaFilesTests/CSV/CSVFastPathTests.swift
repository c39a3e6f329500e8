import StoaColumns
import StoaPlan
import Testing

@Suite("CSV: values read many bytes at once")
struct CSVFastPathTests {
    let folder = TemporaryFolder()

    @Test func integersOfEveryLength() throws {
        var random = SplitMix64(seed: 21)
        var texts: [String] = ["0", "-0", "+0", "00000000", "0000000000000000000000007", "9223372036854775807"]
        texts += ["-9223372036854775808", "99999999", "-99999999", "100000000", "-1", "9"]
        for length in 1...18 {
            for sign in ["", "-", "+"] {
                for _ in 0..<4 {
                    texts.append(
                        sign + (0..<length).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined())
                }
            }
        }
        // Each also as the last field of a record, before LF and CRLF, where other bytes follow.
        for lineEnd in ["\n", "\r\n"] {
            let text = "a,b" + lineEnd + texts.map { "\($0),\($0)\(lineEnd)" }.joined()
            let result = try readCSV(folder.write(text, to: "file.csv"), types: ["a": .int64, "b": .int64])
            let expected = texts.map { Int64($0) }
            #expect(try result.batches[0][0].columns.map { try $0.array(of: Int64?.self) } == [expected, expected])
        }
    }

    @Test func anyByteThatIsNoDigitIsFound() {
        for length in 1...9 {
            for place in 0..<length {
                for wrong in ["/", ":", "a", " ", "@", "p", "\u{1}"] where length > 1 || wrong != " " {
                    var digits = (0..<length).map { _ in "7" }
                    digits[place] = wrong
                    // Spaces at the ends are passed over.
                    if wrong == " ", place == 0 || place == length - 1 { continue }
                    let text = "a,b\n\(digits.joined()),1\n"
                    let path = folder.write(text, to: "file.csv")
                    #expect(stoaError { _ = try readCSV(path, types: ["a": .int64]) }.location.row == 2, "\(text)")
                }
            }
        }
    }

    @Test func stringsThatDifferLittle() throws {
        var random = SplitMix64(seed: 22)
        var values: [String] = []
        for _ in 0..<6_000 {
            let length = Int.random(in: 0...19, using: &random)
            let prefix = String(repeating: "a", count: length)
            values.append(prefix + (["", "\0", "b", "\"", "é"].randomElement(using: &random) ?? ""))
        }
        let text =
            "a,b\n"
            + values.map {
                "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\",1\n"
            }
            .joined()
        let column = try readCSV(folder.write(text, to: "file.csv")).batches[0][0].columns[0]
        #expect(column.isDictionaryEncoded)
        #expect(try column.array(of: String.self) == values)
    }
}
