import StoaColumns
import Testing

@Suite struct ColumnElementTests {
    private func check<Element: ColumnElement & Equatable>(_ values: [Element]) throws {
        for rows in [0, 1, values.count] {
            let plain = Array(values.prefix(rows))
            let column = Column(plain)
            try column.checkInvariants()
            #expect(column.type == Element.dataType && column.count == rows && column.nullCount == 0)
            #expect(try column.array(of: Element.self) == plain)
            #expect(try column.array(of: Element?.self) == plain.map(Optional.some))
        }
        let gaps = values.enumerated().map { $0.offset % 3 == 1 ? nil : $0.element }
        let column = Column(gaps)
        try column.checkInvariants()
        #expect(column.nullCount == gaps.count { $0 == nil })
        #expect(try column.array(of: Element?.self) == gaps)
        let error = #expect(throws: StoaError.self) { try column.array(of: Element.self) }
        #expect(error?.code == .nullFound && error?.location.row == 1)
        #expect(error?.advice.contains("\(Element.self)?.self") == true)
        let constant = Column.constant(values[0], count: 5)
        try constant.checkInvariants()
        #expect(try constant.array(of: Element.self) == Array(repeating: values[0], count: 5))
    }

    @Test func everyElementComesBack() throws {
        try check([true, false, true, true])
        try check([Int8.min, 0, .max, 5])
        try check([Int16.min, 0, .max, 5])
        try check([Int32.min, 0, .max, 5])
        try check([Int64.min, 0, .max, 5])
        try check([Int.min, 0, .max, 5])
        try check([UInt8.min, 0, .max, 5])
        try check([UInt16.min, 0, .max, 5])
        try check([UInt32.min, 0, .max, 5])
        try check([UInt64.min, 0, .max, 5])
        try check([Float.infinity, -0.0, 1.5, .leastNonzeroMagnitude])
        try check([Double.infinity, -0.0, 1.5, .greatestFiniteMagnitude])
        try check(["", "a", "ä€😀", "zero\0inside"])
        try check([CivilDate(daysSinceEpoch: .min), CivilDate(daysSinceEpoch: 0), CivilDate(daysSinceEpoch: .max)])
    }

    @Test func theWrongTypeIsNamed() throws {
        let error = #expect(throws: StoaError.self) { try Column([1, 2]).array(of: Double.self) }
        #expect(error?.code == .typeMismatch)
        #expect(error?.message.contains("int64") == true && error?.message.contains("float64") == true)
        #expect(error?.advice.contains("Int64") == true)
        #expect(throws: StoaError.self) { try Column(["a"]).array(of: Bool?.self) }
        let decimals = try Column(decimals: [1], precision: 5, scale: 2)
        #expect(throws: StoaError.self) { try decimals.array(of: Int64.self) }
        #expect(throws: StoaError.self) { try Column([1]).unscaledDecimals() }
    }

    @Test func daysAndTimestampsAreAlsoIntegers() throws {
        let days = Column([CivilDate(daysSinceEpoch: 7), nil])
        #expect(try days.array(of: Int32?.self) == [7, nil])
        #expect(throws: StoaError.self) { try Column([1 as Int32]).array(of: CivilDate.self) }
        let times = Column([5]).reinterpreted(as: .timestamp(zone: "UTC"))
        #expect(try times.array(of: Int64.self) == [5])
    }

    @Test(arguments: RandomColumns.types, [0, 1, 65])
    func nullsOfEveryType(type: DataType, rows: Int) throws {
        let column = Column.nulls(type, count: rows)
        try column.checkInvariants()
        #expect(column.type == type && column.count == rows && column.nullCount == rows)
        #expect((0..<rows).allSatisfy { column.formatted(at: $0, null: "-") == "-" })
    }
}
