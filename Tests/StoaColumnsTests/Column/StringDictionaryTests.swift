import StoaColumns
import StoaTestSupport
import Testing

@Suite struct StringDictionaryTests {
    @Test func equalStringsHaveEqualCodes() throws {
        var generator = SplitMix64(seed: 2)
        // Enough strings for several rounds of growth, many of them equal, some with a common start.
        let strings = (0..<50_000).map { _ in
            String(repeating: "long common start ", count: Int.random(in: 0...3, using: &generator))
                + String(Int.random(in: 0..<9_000, using: &generator))
        }
        var builder = StringDictionaryBuilder()
        var known: [String: Int32] = [:]
        for var string in strings {
            let code = string.withUTF8 { builder.code(for: UnsafeRawBufferPointer($0)) }
            #expect(code == known[string, default: Int32(known.count)])
            known[string] = code
        }
        #expect(builder.count == known.count)
        #expect(builder.byteCount == known.keys.reduce(0) { $0 + $1.utf8.count })
        let dictionary = builder.finished()
        try dictionary.values.checkInvariants()
        #expect(try dictionary.values.array(of: String.self).enumerated().allSatisfy { known[$1] == Int32($0) })
    }

    @Test func theEmptyStringIsAString() {
        var builder = StringDictionaryBuilder()
        #expect(builder.code(for: UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
        #expect("x".utf8.withContiguousStorageIfAvailable { builder.code(for: UnsafeRawBufferPointer($0)) } == 1)
        #expect(builder.code(for: UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
        #expect(builder.finished().count == 2)
    }

    @Test(arguments: 0..<20)
    func encodingKeepsTheRows(seed: Int) throws {
        var random = RandomColumns(seed: UInt64(seed))
        let column = random.column(.utf8, rows: 150)
        let encoded = column.slice(3..<149).dictionaryEncoded()
        try encoded.checkInvariants()
        #expect(encoded.isDictionaryEncoded)
        #expect(encoded == column.slice(3..<149))
        #expect(encoded.slice(2..<9).dictionaryEncoded() == column.slice(5..<12))
    }

    @Test func columnsWithoutStringsAreEncodedToo() throws {
        for column in [Column([nil, nil] as [String?]), Column([] as [String])] {
            try column.dictionaryEncoded().checkInvariants()
            #expect(column.dictionaryEncoded() == column)
        }
    }
}
