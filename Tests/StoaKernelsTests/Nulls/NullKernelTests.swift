import StoaColumns
import StoaKernels
import Testing

@Suite struct NullKernelTests {
    @Test func tests() {
        var maker = ColumnMaker(seed: 41)
        for shape in Shape.all {
            let (values, column): ([Double?], Column) = maker.column(shape)
            let operand = Operand(column)
            let count = shape.count
            #expect(Bool.values(of: NullTests.isNull(operand, count: count)) == values.map { $0 == nil })
            #expect(Bool.values(of: NullTests.isNotNull(operand, count: count)) == values.map { $0 != nil })
            #expect(Bool.values(of: NullTests.isNaN(operand, count: count)) == values.map { $0.map(\.isNaN) })
            #expect(Bool.values(of: NullTests.isFinite(operand, count: count)) == values.map { $0.map(\.isFinite) })
        }
        let null = Operand(constant: Column([Double?.none]))
        #expect(Bool.values(of: NullTests.isNull(null, count: 3)) == [true, true, true])
    }

    private func checkChoice<Value: MadeValue & ColumnElement>(
        _: Value.Type, encode: (Column) -> Column = { $0 }, isEqual: @escaping (Value, Value) -> Bool = { $0 == $1 }
    ) throws {
        var maker = ColumnMaker(seed: 43)
        for shape in Shape.some {
            let count = shape.count
            var columns: [([Value?], Operand)] = (0..<3).map { index in
                let (values, column): ([Value?], Column) = maker.column(
                    Shape(count: count, offset: index + shape.offset % 4, nulls: maker.pick(NullPattern.allCases)))
                return (values, Operand(encode(column)))
            }
            let constant = Value.draw(&maker)
            columns.append(([Value?](repeating: constant, count: count), Operand(constant: Column([constant]))))
            let choices = (0..<count).map { _ in maker.below(5) }
            func mask(_ source: Int) -> BitMask { BitMask(trueRowsOf: Column(choices.map { $0 == source })) }
            for otherwise in [nil, 3, 2] as [Int?] {
                let sources: [Int] = [0, 1, 3].filter { otherwise != $0 }
                expectOutcomes(
                    (0..<count).map { row in
                        let source = sources.contains(choices[row]) ? choices[row] : otherwise
                        return source.flatMap { (index: Int) in columns[index].0[row] }.map { .value($0) } ?? .null
                    }, "\(Value.self) \(shape)", isEqual: isEqual, rows: Value.values(of:)
                ) { _ throws(StoaError) in
                    try Choice.select(
                        sources.map { (mask($0), columns[$0].1) }, otherwise: otherwise.map { columns[$0].1 },
                        type: Value.madeType, count: count)
                }
            }
            for used in [[0, 1, 2], [0, 1, 3], [2]] {
                expectOutcomes(
                    (0..<count).map { row in
                        used.lazy.compactMap { columns[$0].0[row] }.first.map { .value($0) } ?? .null
                    }, "first of \(used) \(shape)", isEqual: isEqual, rows: Value.values(of:)
                ) { _ throws(StoaError) in
                    try Choice.firstValue(used.map { columns[$0].1 }, type: Value.madeType, count: count)
                }
            }
        }
    }

    @Test func choices() throws {
        try checkChoice(Double.self, isEqual: isSame)
        try checkChoice(Int8.self)
        try checkChoice(UInt16.self)
        try checkChoice(Int32.self)
        try checkChoice(Bool.self)
        try checkChoice(String.self)
        try checkChoice(String.self, encode: { $0.encoded() })
    }

    @Test func extremes() throws {
        var maker = ColumnMaker(seed: 47)
        for shape in Shape.some {
            let made: [([Double?], Column)] = (0..<3).map {
                maker.column(Shape(count: shape.count, offset: $0, nulls: maker.pick(NullPattern.allCases)))
            }
            for isLeast in [true, false] {
                expectOutcomes(
                    (0..<shape.count).map { row in
                        let values = made.compactMap { $0.0[row] }
                        guard var best = values.first else { return .null }
                        for value in values.dropFirst() {
                            let isLess = best.isNaN ? !value.isNaN : value < best
                            let isGreater = value.isNaN ? !best.isNaN : !best.isNaN && value > best
                            if isLeast ? isLess : isGreater { best = value }
                        }
                        return .value(best)
                    }, "\(shape)", isEqual: isSame, rows: Double.values(of:)
                ) { _ throws(StoaError) in
                    try Choice.extreme(
                        made.map { Operand($0.1) }, isLeast: isLeast, type: .float64, count: shape.count)
                }
            }
        }
    }

    @Test func nulledColumnsKeepTheirValues() throws {
        var maker = ColumnMaker(seed: 49)
        for shape in Shape.all {
            let (values, column): ([Bool?], Column) = maker.column(shape)
            let (flags, mask) = maker.mask(shape.count)
            let result = column.nulled(exceptAt: BitMask(trueRowsOf: mask.column))
            try result.checkInvariants()
            #expect(Bool.values(of: result) == zip(values, flags).map { $1 ? $0 : nil })
        }
    }
}
