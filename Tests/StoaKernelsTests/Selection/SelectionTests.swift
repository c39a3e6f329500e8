import StoaColumns
import StoaKernels
import Testing

/// Selection moves bits: values are compared by their bits, so that NaN and -0 count.
@Suite struct SelectionTests {
    private func bits<Value>(_ value: Value?) -> [UInt8]? {
        value.map { value in withUnsafeBytes(of: value) { Array($0) } }
    }

    private func rows<Value: MadeValue>(_ column: Column, of type: Value.Type) -> [[UInt8]?] {
        if let text = String.values(of: column) { return text.map { $0.map { Array($0.utf8) } } }
        if let flags = Bool.values(of: column) { return flags.map { $0.map { [$0 ? 1 : 0] } } }
        let width = MemoryLayout<Value>.size
        guard case .fixed(let buffer) = column.storage else { return [] }
        return (0..<column.count).map { row in
            column.isNull(at: row)
                ? nil
                : Array(UnsafeRawBufferPointer(start: buffer.base + (column.offset + row) * width, count: width))
        }
    }

    private func check<Value: MadeValue>(_ type: Value.Type, shapes: [Shape], encoded: Bool = false) throws {
        var maker = ColumnMaker(seed: 7)
        for shape in shapes {
            let made: (values: [Value?], column: Column) = maker.column(shape)
            let column = encoded ? made.column.encoded() : made.column
            let expected = rows(column, of: Value.self)

            let density = [0, 1, 2, 2, 3, 40][maker.below(6)]
            let (flags, mask) = maker.mask(shape.count, outOf: density)
            let filtered = column.filtered(by: BitMask(trueRowsOf: mask.column))
            #expect(rows(filtered, of: Value.self) == zip(expected, flags).filter(\.1).map(\.0), "\(shape)")
            #expect(filtered.nullCount == zip(expected, flags).filter { $0.1 && $0.0 == nil }.count)

            let numbers = (0..<maker.below(150)).map { _ in
                Int32(shape.count == 0 || maker.below(9) == 0 ? -1 : maker.below(shape.count))
            }
            for wanted in [numbers, numbers.map { shape.count == 0 ? $0 : max(0, $0) }] {
                let taken = column.taking(wanted)
                #expect(rows(taken, of: Value.self) == wanted.map { $0 < 0 ? nil : expected[Int($0)] }, "\(shape)")
            }

            let cut = maker.below(shape.count + 1)
            let joined = try Column.concatenated([
                column.slice(cut..<shape.count), column.slice(0..<cut), column, column.slice(0..<0),
            ])
            #expect(
                rows(joined, of: Value.self) == Array(expected[cut...]) + Array(expected[..<cut]) + expected,
                "\(shape) cut at \(cut)")
            #expect(rows(column.compacted(), of: Value.self) == expected)
        }
    }

    @Test func fixedWidths() throws {
        try check(Double.self, shapes: Shape.all)
        try check(Int8.self, shapes: Shape.some)
        try check(UInt16.self, shapes: Shape.some)
        try check(Int32.self, shapes: Shape.some)
        try check(Int64.self, shapes: Shape.some)
        try check(Int128.self, shapes: Shape.some)
    }

    @Test func bitsAndText() throws {
        try check(Bool.self, shapes: Shape.all)
        try check(String.self, shapes: Shape.some)
        try check(String.self, shapes: Shape.some, encoded: true)
    }

    @Test func masks() {
        var maker = ColumnMaker(seed: 3)
        for shape in Shape.all {
            let (values, column): ([Bool?], Column) = maker.column(shape)
            let mask = BitMask(trueRowsOf: column)
            let expected = values.indices.filter { values[$0] == true }
            #expect(mask.rows().map(Int.init) == expected)
            #expect(mask.ones == expected.count)
            let valid = BitMask(validRowsOf: column)
            #expect(valid.rows().map(Int.init) == values.indices.filter { values[$0] != nil })
            let rest = valid.intersection(mask, inverted: true)
            #expect(rest.rows().map(Int.init) == values.indices.filter { values[$0] == false })
        }
    }

    @Test func dictionariesOfConcatenatedColumns() throws {
        let first = Column(["a", "b", nil, "a"]).encoded()
        let second = Column(["b", "c"]).encoded()
        let same = try Column.concatenated([first, first.slice(1..<3)])
        #expect(same.dictionaryCodes?.dictionary === first.dictionaryCodes?.dictionary)
        let unified = try Column.concatenated([first, second])
        #expect(unified.dictionaryCodes?.dictionary.count == 3)
        #expect(String.values(of: unified) == ["a", "b", nil, "a", "b", "c"])
        let mixed = try Column.concatenated([first, Column(["x", nil])])
        #expect(!mixed.isDictionaryEncoded)
        #expect(String.values(of: mixed) == ["a", "b", nil, "a", "x", nil])
        let many = (0..<40_000).map { "left \($0)" }
        let others = (0..<40_000).map { "right \($0)" }
        let decoded = try Column.concatenated([Column(many).encoded(), Column(others).encoded()])
        #expect(!decoded.isDictionaryEncoded)
        #expect(String.values(of: decoded) == many + others)
    }

    @Test func allNullEncodedColumnsDecode() throws {
        let empty = Column(
            type: .utf8, count: 3, validity: Bitmap.filled(false, count: 3).buffer,
            storage: .dictionary(
                codes: MemoryRegion(of: Int32.self, count: 3, zeroed: true).buffer,
                StringDictionary(values: Column([String]()))))
        #expect(String.values(of: try empty.decoded()) == [nil, nil, nil])
        #expect(String.values(of: try Column.concatenated([empty, Column(["q"])])) == [nil, nil, nil, "q"])
    }

    @Test func typesMustAgree() {
        #expect(throws: StoaError.self) { try Column.concatenated([Column([1]), Column(["a"])]) }
    }

    @Test func batches() throws {
        let batch = try Batch(["n": Column([1, 2, 3, 4]), "s": Column(["a", nil, "c", "d"])])
        let filtered = batch.filtered(by: BitMask(trueRowsOf: Column([true, true, nil, false])))
        #expect(filtered.rowCount == 2)
        #expect(String.values(of: filtered.columns[1]) == ["a", nil])
        let joined = try Batch.concatenated([filtered, batch.taking([3, 0])], schema: batch.schema)
        #expect(Int.values(of: joined.columns[0]) == [1, 2, 4, 1])
        #expect(try Batch.concatenated([], schema: batch.schema).rowCount == 0)
    }

    /// Rows chosen out of a column lie within its bounds, and so do those of several columns together.
    @Test func boundsAreKept() throws {
        let column = Column([4, nil, 9, 2] as [Int64?]).withBounds()
        let other = Column([7, -3] as [Int64?]).withBounds()
        let nulls = Column([nil, nil] as [Int64?])
        #expect(column.taking([2, -1, 0]).bounds == 2...9)
        #expect(column.filtered(by: BitMask(trueRowsOf: Column([true, false, true, false]))).bounds == 2...9)
        #expect(try Column.concatenated([column, nulls, other]).bounds == -3...9)
        #expect(try Column.concatenated([column, Column([1] as [Int64])]).bounds == nil)
        #expect(column.nulled(exceptAt: BitMask(trueRowsOf: Column([true, false, true, false]))).bounds == nil)
    }

    @Test func columnsOfOneFamilyKeepItsCodes() throws {
        let encoder = SharedDictionaryEncoder(SharedStringDictionary())
        let parts = [["a", "b"], ["b", nil, "c"], ["a"]].map { encoder.encode(Column($0 as [String?])) }
        let joined = try Column.concatenated(parts)
        #expect(try joined.array(of: String?.self) == ["a", "b", "b", nil, "c", "a"])
        #expect(joined.dictionaryCodes?.dictionary === parts[1].dictionaryCodes?.dictionary)
    }

    /// A text taken so often that it does not fit a column chunk as plain text.
    @Test func takenTextBeyondTwoGibibytesIsEncoded() throws {
        let column = Column([String(repeating: "y", count: 1 << 20), "short", nil])
        let rows = (0..<2_200).map { Int32($0 % 100 == 7 ? 1 : $0 % 100 == 9 ? -1 : $0 % 100 == 11 ? 2 : 0) }
        let taken = column.taking(rows)
        #expect(taken.isDictionaryEncoded && taken.count == 2_200 && taken.nullCount == 44)
        let lengths = (0..<2_200).map { taken.isNull(at: $0) ? -1 : taken.textBytes(at: $0).count }
        #expect(lengths == rows.map { $0 < 0 || $0 == 2 ? -1 : $0 == 1 ? 5 : 1 << 20 })
    }
}
