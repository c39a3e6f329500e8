import StoaColumns
import StoaKernels
import Testing

/// Text functions against the standard library.
@Suite struct TextFunctionTests {
    @Test func functions() throws {
        var maker = ColumnMaker(seed: 71)
        for shape in Shape.some {
            let (texts, plain): ([String?], Column) = maker.column(shape)
            let (others, otherColumn): ([String?], Column) = maker.column(
                Shape(count: shape.count, offset: 3, nulls: .random))
            let pattern = maker.pick(["", "a", "b", "to", "ü", "本", "longer", "word", "zzz", "a\u{0}b"])
            for column in [plain, plain.encoded()] {
                let text = Operand(column)
                let count = shape.count
                #expect(
                    Int64.values(of: TextFunctions.length(text, count: count))
                        == texts.map { $0.map { Int64($0.unicodeScalars.count) } })
                for upper in [true, false] {
                    let changed = try TextFunctions.changeCase(text, toUpper: upper, count: count)
                    try changed.checkInvariants()
                    #expect(
                        String.values(of: changed) == texts.map { $0.map { upper ? $0.uppercased() : $0.lowercased() } }
                    )
                }
                let joined = try TextFunctions.concatenate(
                    [text, Operand(constant: Column(["-"])), Operand(otherColumn)], count: count)
                #expect(
                    String.values(of: joined)
                        == zip(texts, others).map { a, b in a.flatMap { a in b.map { a + "-" + $0 } } })
                for search in TextSearch.allCases {
                    func found(_ text: String, _ pattern: String) -> Bool {
                        let text = Array(text.utf8)
                        let pattern = Array(pattern.utf8)
                        switch search {
                        case .startsWith: return text.starts(with: pattern)
                        case .endsWith: return text.reversed().starts(with: pattern.reversed())
                        case .contains:
                            return pattern.count <= text.count
                                && (0...(text.count - pattern.count)).contains {
                                    text[$0...].starts(with: pattern)
                                }
                        }
                    }
                    #expect(
                        Bool.values(
                            of: TextFunctions.search(
                                search, text, for: Operand(constant: Column([pattern])), count: count))
                            == texts.map { $0.map { found($0, pattern) } }, "\(search) \(pattern)")
                    #expect(
                        Bool.values(of: TextFunctions.search(search, text, for: Operand(otherColumn), count: count))
                            == zip(texts, others).map { a, b in a.flatMap { a in b.map { found(a, $0) } } })
                }
            }
        }
    }

    @Test func containsLooksPastFalseStarts() {
        let texts = ["aab", "aaab", "ab", "ababac", "x", ""]
        let result = TextFunctions.search(
            .contains, Operand(Column(texts)), for: Operand(constant: Column(["aab"])), count: 6)
        #expect(Bool.values(of: result) == [true, true, false, false, false, false])
    }

    @Test func valuesOfEntriesGoThroughCodes() {
        let column = Column(["b", nil, "a", "b"]).encoded()
        #expect(Int.values(of: column.mappedThroughCodes(Column([10, 20]))) == [10, nil, 20, 10])
        #expect(Int.values(of: column.mappedThroughCodes(Column([nil, 20]))) == [nil, nil, 20, nil])
    }
}
