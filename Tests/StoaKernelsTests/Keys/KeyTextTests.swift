import StoaColumns
import StoaKernels
import Testing

/// Text keys in all encodings at once: dictionaries that grow and are shared, dictionaries of their own, plain text.
@Suite struct KeyTextTests {
    /// Columns of one kind of dataset: what a task may meet.
    private struct Source {
        let shared = [SharedStringDictionary(), SharedStringDictionary()]
        let encoders: [SharedDictionaryEncoder]

        init() { encoders = shared.map(SharedDictionaryEncoder.init) }

        /// The column in one of its forms: 0 and 1 by a dictionary that grows, 2 by one of its own, 3 plain.
        func form(_ kind: Int, of column: Column) -> Column {
            switch kind {
            case 0, 1: encoders[kind].encode(column)
            case 2: column.encoded()
            default: column
            }
        }
    }

    private func texts(_ maker: inout ColumnMaker, _ batch: Int, nulls: NullPattern) -> Column {
        let shape = Shape(count: maker.below(900), offset: maker.below(8), nulls: nulls)
        return maker.column(shape) { maker in
            maker.below(4) == 0 ? String.draw(&maker) : "key \(maker.below(30 * (batch + 1)))"
        }.column
    }

    private func compare(forms: [Int], keys: Int, nulls: [NullPattern], seed: UInt64) {
        var maker = ColumnMaker(seed: seed)
        let sources = (0..<keys).map { _ in Source() }
        let table = KeyTable(types: Array(repeating: .utf8, count: keys))
        var reference = KeyReference()
        for batch in 0..<14 {
            let first = texts(&maker, batch, nulls: maker.pick(nulls))
            let plain =
                [first]
                + (1..<keys).map { _ in
                    maker.column(Shape(count: first.count, offset: 1, nulls: maker.pick(nulls))) { "b\($0.below(9))" }
                        .column
                }
            let columns = zip(sources, plain).map { $0.form(maker.pick(forms), of: $1) }
            let values = KeyValue.rows(of: plain)
            #expect(KeyValue.rows(of: columns) == values)
            let other = zip(sources, plain).map { $0.form(maker.below(4), of: $1) }
            // What readers find changes nothing of what is inserted later.
            if batch % 3 == 1 {
                #expect(
                    table.finding(other) == values.map { reference.ids[$0] ?? -1 }, "find, seed \(seed) batch \(batch)")
            }
            let ids = table.inserting(columns)
            #expect(ids == reference.insert(values), "insert, \(forms) \(nulls) seed \(seed) batch \(batch)")
            #expect(table.finding(columns) == ids && table.count == reference.keys.count)
            if batch % 5 == 4 {
                #expect(table.finding(other) == ids)
                #expect(KeyValue.rows(of: table.keyColumns()) == reference.keys)
            }
        }
        #expect(table.fitting(0..<table.count) == 0..<table.count)
        for column in table.keyColumns() { #expect(throws: Never.self) { try column.checkInvariants() } }
        #expect(KeyValue.rows(of: table.keyColumns(3..<table.count / 2)) == Array(reference.keys[3..<table.count / 2]))
    }

    @Test(arguments: [[0], [2], [3], [0, 1], [0, 2], [0, 3], [2, 3], [0, 1, 2, 3]])
    func anyMixOfEncodings(_ forms: [Int]) {
        for (seed, nulls) in [[NullPattern.none], [.none, .random], NullPattern.allCases].enumerated() {
            for keys in 1...3 { compare(forms: forms, keys: keys, nulls: nulls, seed: UInt64(10 * seed + keys)) }
        }
    }

    /// Texts of every length around 4, 8 and 16 bytes whose ends are equal, and texts of zero bytes.
    @Test func textsOfEqualEndsAreDifferent() {
        var all: [String?] = []
        for length in 0...36 {
            all.append(String(repeating: "\0", count: length))
            for place in 0..<length {
                for letter in ["a", "b"] {
                    let before = String(repeating: "x", count: place)
                    all.append(before + letter + String(repeating: "x", count: length - place - 1))
                }
            }
            if length == 20 { all.append(nil) }
        }
        let column = Column(all + all.reversed() + all)
        for form in [column, column.encoded()] {
            let table = KeyTable(types: [.utf8])
            var reference = KeyReference()
            // A table of texts by their bytes, whatever comes afterwards.
            let first = Column(["first"] as [String?])
            #expect(table.inserting([first]) == reference.insert(KeyValue.rows(of: [first])))
            #expect(table.finding([form]) == KeyValue.rows(of: [form]).map { reference.ids[$0] ?? -1 })
            #expect(table.inserting([form]) == reference.insert(KeyValue.rows(of: [form])))
            #expect(table.finding([column]) == KeyValue.rows(of: [column]).map { reference.ids[$0] ?? -1 })
            #expect(KeyValue.rows(of: table.keyColumns()) == reference.keys)
        }
    }

    /// Keys that came by one family leave by it: whoever merges them compares codes.
    @Test func oneFamilyStaysItself() throws {
        let shared = SharedStringDictionary()
        let encoder = SharedDictionaryEncoder(shared)
        let table = KeyTable(types: [.utf8])
        let first = encoder.encode(Column(["b", nil, "a", "b"]))
        let second = encoder.encode(Column(["c", "a", "d"]))
        #expect(table.inserting([second.slice(1..<2)]) == [0])
        #expect(table.inserting([first]) == [1, 2, 0, 1])
        #expect(table.inserting([second]) == [3, 0, 4])
        let keys = table.keyColumns()[0]
        #expect(try keys.array(of: String?.self) == ["a", "b", nil, "c", "d"])
        #expect(keys.dictionaryCodes?.dictionary.family === shared.newest().family)
    }

    /// A dictionary much longer than the rows that use it is not walked through.
    @Test func fewRowsOfALongDictionary() {
        let long = Column((0..<50_000).map { "text \($0)" }).encoded()
        let table = KeyTable(types: [.utf8])
        #expect(table.inserting([Column(["text 7", "other"])]) == [0, 1])
        for start in stride(from: 0, to: 50_000, by: 5_000) {
            let rows = long.slice(start..<start + 3)
            let expected: [Int32] = start == 0 ? [2, 3, 4] : (0..<3).map { Int32(2 + start / 5_000 * 3 + $0) }
            #expect(table.inserting([rows]) == expected)
        }
        #expect(table.inserting([long.slice(7..<8)]) == [0])
    }

    @Test func manyThreadsFindInATableOfCodes() async {
        let shared = SharedStringDictionary()
        let texts = Column((0..<5_000).map { "text \($0 % 700)" })
        let table = KeyTable(types: [.utf8])
        let ids = table.inserting([SharedDictionaryEncoder(shared).encode(texts)])
        let areEqual = await withTaskGroup(of: Bool.self) { group in
            for thread in 0..<6 {
                group.addTask {
                    (0..<20).allSatisfy { round in
                        table.finding([(thread + round) % 3 == 0 ? texts : texts.encoded()]) == ids
                    }
                }
            }
            return await group.allSatisfy { $0 }
        }
        #expect(areEqual)
        #expect(table.inserting([Column(["new", "text 3"])]) == [700, 3])
    }

    /// From nothing to a megabyte, many of the same length and beginning.
    @Test func textsOfAllLengths() {
        let lengths = [0, 1, 3, 4, 7, 8, 15, 16, 17, 100, 5_000, 1 << 20]
        let texts = lengths.flatMap { length in
            ["a", "b"].map { String(repeating: "x", count: max(0, length - 1)) + (length == 0 ? "" : $0) }
        }
        let column = Column(texts + texts.reversed())
        for form in [column, column.encoded(), SharedDictionaryEncoder(SharedStringDictionary()).encode(column)] {
            let table = KeyTable(types: [.utf8])
            var reference = KeyReference()
            #expect(table.inserting([form]) == reference.insert(KeyValue.rows(of: [column])))
            #expect(KeyValue.rows(of: table.keyColumns()) == reference.keys)
        }
    }

    /// More text than the 2 GiB of a column chunk: keys come in parts that fit.
    @Test func keysBeyondTwoGibibytes() throws {
        let table = KeyTable(types: [.utf8])
        let length = 32 << 20
        var bytes = [UInt8](repeating: 0x61, count: length)
        for number in 0..<70 {
            bytes[0] = UInt8(0x21 + number)
            let ids = table.inserting([Column([String(decoding: bytes, as: UTF8.self)])])
            #expect(ids == [Int32(number)])
        }
        var position = 0
        var parts = 0
        while position < table.count {
            let range = table.fitting(position..<table.count)
            #expect(!range.isEmpty && range.lowerBound == position)
            let keys = table.keyColumns(range)[0]
            for row in 0..<range.count {
                let text = keys.textBytes(at: row)
                #expect(text.count == length && text[0] == UInt8(0x21 + range.lowerBound + row))
            }
            position = range.upperBound
            parts += 1
        }
        #expect(parts == 2)
    }
}
