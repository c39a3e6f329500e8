import StoaColumns
import StoaKernels
import Testing

/// Comparisons against the total order, written out.
@Suite struct ComparisonTests {
    /// -1, 0 or 1.
    private func order<Value: BinaryFloatingPoint>(_ a: Value, _ b: Value) -> Int {
        if a.isNaN || b.isNaN { return a.isNaN ? (b.isNaN ? 0 : 1) : -1 }
        return a < b ? -1 : a > b ? 1 : 0
    }

    private func order<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a > b ? 1 : 0 }

    private func answer(_ comparison: ComparisonOperator, _ order: Int) -> Bool {
        switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    private func check<Value: MadeValue>(
        _: Value.Type, type: DataType? = nil, shapes: [Shape] = Shape.few, encode: (Column) -> Column = { $0 },
        constant: ((Value) -> Column)? = nil, order: (Value, Value) -> Int
    ) throws {
        var maker = ColumnMaker(seed: 21)
        for shape in shapes {
            let (left, leftPlain): ([Value?], Column) = maker.column(shape, type: type)
            let (right, rightPlain): ([Value?], Column) = maker.column(
                Shape(count: shape.count, offset: (shape.offset + 5) % 8, nulls: .random), type: type)
            let leftColumn = encode(leftPlain)
            let rightColumn = encode(rightPlain)
            for comparison in ComparisonOperator.allCases {
                let result = Comparison.compare(
                    comparison, Operand(leftColumn), Operand(rightColumn), count: shape.count)
                try result.checkInvariants()
                let expected = zip(left, right).map { a, b in
                    a.flatMap { a in b.map { answer(comparison, order(a, $0)) } }
                }
                #expect(Bool.values(of: result) == expected, "\(Value.self) \(comparison) \(shape)")
                if let constant {
                    let value = Value.draw(&maker)
                    let operand = Operand(constant: constant(value))
                    #expect(
                        Bool.values(
                            of: Comparison.compare(comparison, Operand(leftColumn), operand, count: shape.count))
                            == left.map { $0.map { answer(comparison, order($0, value)) } },
                        "\(comparison) \(value) \(shape)")
                    #expect(
                        Bool.values(
                            of: Comparison.compare(comparison, operand, Operand(leftColumn), count: shape.count))
                            == left.map { $0.map { answer(comparison, order(value, $0)) } })
                }
            }
            let same = Comparison.nullSafeEqual(Operand(leftColumn), Operand(rightColumn), count: shape.count)
            #expect(
                Bool.values(of: same)
                    == zip(left, right).map { a, b in
                        guard let a, let b else { return a == nil && b == nil }
                        return order(a, b) == 0
                    })
        }
    }

    @Test func floats() throws {
        try check(Double.self, shapes: Shape.some, constant: { Column([$0]) }) { order($0, $1) }
        try check(Float.self, constant: { Column([$0]) }) { order($0, $1) }
    }

    @Test func integers() throws {
        try check(Int8.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(Int16.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(Int32.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(Int64.self, shapes: Shape.some, constant: { Column([$0]) }) { order($0, $1) }
        try check(UInt8.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(UInt16.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(UInt32.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(UInt64.self, constant: { Column([$0]) }) { order($0, $1) }
        try check(Int128.self) { order($0, $1) }
    }

    @Test func booleansAndText() throws {
        try check(Bool.self, shapes: Shape.some, constant: { Column([$0]) }) { order($0 ? 1 : 0, $1 ? 1 : 0) }
        let byBytes = { (a: String, b: String) in
            a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        }
        try check(String.self, constant: { Column([$0]) }, order: byBytes)
        try check(String.self, encode: { $0.encoded() }, constant: { Column([$0]) }, order: byBytes)
    }

    @Test func columnsOfOneDictionary() {
        let column = Column(["a", "b", nil, "a", "c"]).encoded()
        let result = Comparison.compare(
            .equal, Operand(column.slice(0..<4)), Operand(column.slice(1..<5)), count: 4)
        #expect(Bool.values(of: result) == [false, nil, nil, false])
    }

    @Test func membership() throws {
        var maker = ColumnMaker(seed: 23)
        for size in [0, 1, 3, 8, 9, 40] {
            for shape in Shape.few {
                let constants = (0..<size).map { _ in Double.draw(&maker) }
                let (values, column): ([Double?], Column) = maker.column(shape)
                let found = try ConstantSet(Column(constants)).contains(Operand(column), count: shape.count)
                try found.checkInvariants()
                #expect(
                    Bool.values(of: found)
                        == values.map { $0.map { value in constants.contains { order($0, value) == 0 } } })
                let integers = (0..<size).map { _ in Int8.draw(&maker) }
                let (small, smallColumn): ([Int8?], Column) = maker.column(shape)
                #expect(
                    Bool.values(
                        of: try ConstantSet(Column(integers)).contains(Operand(smallColumn), count: shape.count))
                        == small.map { $0.map { integers.contains($0) } })
                let texts = (0..<size).map { _ in String.draw(&maker) }
                let (words, wordColumn): ([String?], Column) = maker.column(shape)
                for column in [wordColumn, wordColumn.encoded()] {
                    #expect(
                        Bool.values(of: try ConstantSet(Column(texts)).contains(Operand(column), count: shape.count))
                            == words.map { $0.map { texts.contains($0) } })
                }
            }
        }
        let flags = try ConstantSet(Column([true, nil])).contains(Operand(Column([true, false, nil])), count: 3)
        #expect(Bool.values(of: flags) == [true, false, nil])
    }
}
