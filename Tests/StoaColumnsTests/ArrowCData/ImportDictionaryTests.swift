import StoaColumns
import StoaTestSupport
import Testing

/// Imported dictionaries keep the promises of StringDictionary whatever the producer sends.
@Suite struct ImportDictionaryTests {
    private func text(_ values: [String?]) -> ProducedArray {
        var offsets: [Int32] = [0]
        var bytes: [UInt8] = []
        for value in values {
            bytes += Array((value ?? "").utf8)
            offsets.append(Int32(bytes.count))
        }
        return ProducedArray(
            length: values.count, nullCount: values.count { $0 == nil },
            buffers: [ProducedArray.bits(values.map { $0 != nil }), ProducedArray.bytes(offsets), bytes])
    }

    private func array<Code: FixedWidthInteger & BitwiseCopyable>(
        _ codes: [Code], valid: [Bool]? = nil, of dictionary: [String?]
    ) -> ProducedArray {
        ProducedArray(
            length: codes.count, nullCount: valid == nil ? 0 : -1,
            buffers: [valid.map { ProducedArray.bits($0) }, ProducedArray.bytes(codes)], dictionary: [text(dictionary)])
    }

    private func check<Code: FixedWidthInteger & BitwiseCopyable>(_ type: Code.Type, _ format: String) throws {
        let dictionaries: [[String?]] = [["a", "bb", "", "dddd"], ["a", "a", nil, "bb"], [nil, nil, "x", "x"]]
        var generator = SplitMix64(seed: 7)
        for dictionary in dictionaries {
            for hasNulls in [false, true] {
                let rows = (0..<40).map { _ in Int.random(in: 0..<4, using: &generator) }
                let valid = (0..<40).map { _ in !hasNulls || Bool.random(using: &generator) }
                // A null row's code may be anything.
                let codes = zip(rows, valid).map { $1 ? Code($0) : Code(99) }
                let column = try importColumn(
                    array(codes, valid: hasNulls ? valid : nil, of: dictionary), format, dictionary: "u")
                #expect(column.isDictionaryEncoded)
                #expect(try column.array(of: String?.self) == zip(rows, valid).map { $1 ? dictionary[$0] : nil })
            }
        }
        let error = #expect(throws: StoaError.self) {
            try importColumn(array([0, 4] as [Code], of: dictionaries[0]), format, dictionary: "u")
        }
        #expect(error?.code == .schemaMismatch)
        #expect(error?.message.contains("code 4") == true)
    }

    @Test func codesOfEveryTypeAndDictionariesOfEveryKind() throws {
        try check(Int8.self, "c")
        try check(UInt8.self, "C")
        try check(Int16.self, "s")
        try check(UInt16.self, "S")
        try check(Int32.self, "i")
        try check(UInt32.self, "I")
        try check(Int64.self, "l")
        try check(UInt64.self, "L")
    }

    @Test func negativeCodesAreErrors() throws {
        for format in ["i", "l"] {
            let codes = array([-1] as [Int32], of: ["a"])
            let wide = array([-1] as [Int64], of: ["a"])
            #expect(throws: StoaError.self) {
                try importColumn(format == "i" ? codes : wide, format, dictionary: "u")
            }
        }
    }

    @Test func cleanInt32CodesAreShared() throws {
        let counter = ReleaseCounter()
        let column = try importColumn(
            array([1, 0, 0] as [Int32], valid: [true, false, true], of: ["a", "b"]), "i", dictionary: "u",
            counter: counter)
        #expect(try column.array(of: String?.self) == ["b", nil, "a"])
        withExtendedLifetime(column) { #expect(counter.made - counter.released == 2) }
    }

    @Test(arguments: [[], [nil], [nil, nil]] as [[String?]])
    func rowsWithoutAnyStringAreNull(dictionary: [String?]) throws {
        let column = try importColumn(
            array([0, 0, 0] as [Int32], valid: [false, false, false], of: dictionary), "i", dictionary: "u")
        #expect(try column.array(of: String?.self) == [nil, nil, nil])
        #expect(column.dictionaryCodes?.dictionary.count == 1)
    }

    @Test func dictionariesMayBeLargeTextOrViews() throws {
        let large = ProducedArray(
            length: 2, buffers: [nil, ProducedArray.bytes([0, 1, 3] as [Int64]), Array("abb".utf8)])
        let codes = ProducedArray(
            length: 2, buffers: [nil, ProducedArray.bytes([1, 0] as [Int16])], dictionary: [large])
        #expect(try importColumn(codes, "s", dictionary: "U").array(of: String.self) == ["bb", "a"])
        let views = ProducedArray(
            length: 1, buffers: [nil, ProducedArray.bytes([1] as [Int32]) + [97] + Array(repeating: 0, count: 11), []])
        let viewed = ProducedArray(length: 1, buffers: [nil, [0]], dictionary: [views])
        #expect(try importColumn(viewed, "C", dictionary: "vu").array(of: String.self) == ["a"])
    }
}
