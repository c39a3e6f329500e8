import StoaColumns
import StoaKernels
import Testing

@Suite struct SortTests {
    private static let directions = [(false, false), (false, true), (true, false), (true, true)]

    private func check<Value: MadeValue & ReferenceComparable>(_ type: Value.Type, seed: UInt64) throws {
        var maker = ColumnMaker(seed: seed)
        for (index, shape) in Shape.some.enumerated() {
            let (values, column) = maker.column(shape) { Value.draw(&$0) }
            let (isDescending, nullsFirst) = Self.directions[index % 4]
            let key = ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            let expected = ReferenceKey.order([key], count: shape.count)
            #expect(try RowOrder.sorting([key.key], count: shape.count).array == expected, "\(shape)")
            if Value.self == String.self, let texts = values as? [String?] {
                let encoded = ReferenceKey(
                    texts, column.encoded(), isDescending: isDescending, nullsFirst: nullsFirst)
                #expect(try RowOrder.sorting([encoded.key], count: shape.count).array == expected, "\(shape) encoded")
            }
        }
    }

    @Test func everyTypeSortsAsTheReference() throws {
        try check(Int8.self, seed: 1)
        try check(Int16.self, seed: 2)
        try check(Int32.self, seed: 3)
        try check(Int64.self, seed: 4)
        try check(UInt8.self, seed: 5)
        try check(UInt16.self, seed: 6)
        try check(UInt32.self, seed: 7)
        try check(UInt64.self, seed: 8)
        try check(Int128.self, seed: 9)
        try check(Float.self, seed: 10)
        try check(Double.self, seed: 11)
        try check(Bool.self, seed: 12)
        try check(String.self, seed: 13)
    }

    /// Keys in which many rows tie, so that every further key decides somewhere.
    private func keys(_ maker: inout ColumnMaker, count: Int) -> [ReferenceKey] {
        (0...maker.below(3)).map { _ in
            let shape = Shape(count: count, offset: maker.below(8), nulls: maker.pick(NullPattern.allCases))
            let isDescending = maker.below(2) == 0
            let nullsFirst = maker.below(2) == 0
            switch maker.below(6) {
            case 0:
                let (values, column) = maker.column(shape) { Int64($0.below(4)) }
                return ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            case 1:
                let (values, column) = maker.column(shape) { $0.pick([Double.nan, -.nan, 0, -0.0, 1, -.infinity]) }
                return ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            case 2:
                let (values, column) = maker.column(shape) { Int128($0.below(3) - 1) << ($0.below(2) == 0 ? 70 : 0) }
                return ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            case 3:
                let (values, column) = maker.column(shape) { $0.below(2) == 0 }
                return ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            case 4:
                let (values, column) = maker.column(shape) { String.draw(&$0) }
                return ReferenceKey(values, column.encoded(), isDescending: isDescending, nullsFirst: nullsFirst)
            default:
                let (values, column) = maker.column(shape) { maker in
                    String(repeating: "Stoa ", count: maker.below(6)) + maker.pick(["", "\u{0}", "a", "\u{0}\u{0}"])
                }
                return ReferenceKey(values, column, isDescending: isDescending, nullsFirst: nullsFirst)
            }
        }
    }

    @Test(arguments: 0..<40)
    func severalKeysLimitsAndRuns(seed: Int) throws {
        var maker = ColumnMaker(seed: UInt64(seed) + 100)
        let count = maker.pick([0, 1, 2, 25, 300, 1_500, 3_000])
        let keys = keys(&maker, count: count)
        let expected = ReferenceKey.order(keys, count: count)
        let columns = keys.map(\.key)
        #expect(try RowOrder.sorting(columns, count: count).array == expected)
        for limit in [0, 1, 7, count / 10, count / 2, count, count + 5] {
            #expect(
                try RowOrder.sorting(columns, count: count, limit: limit).array == Array(expected.prefix(limit)),
                "limit \(limit)")
        }

        // Rows brought into order run by run, then merged: the same as all at once, stably.
        var runs: [Int] = []
        while runs.reduce(0, +) < count { runs.append(min(maker.below(count / 2 + 2), count - runs.reduce(0, +))) }
        var rows: [Int32] = []
        for length in runs {
            let range = rows.count..<(rows.count + length)
            let sliced = columns.map {
                SortColumn($0.column.slice(range), isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
            }
            rows += try RowOrder.sorting(sliced, count: length).array.map { $0 + Int32(range.lowerBound) }
        }
        let sortedRuns = columns.map {
            SortColumn($0.column.taking(rows), isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
        }
        for limit in [nil, 0, 1, 10, count / 2] as [Int?] {
            let merged = try RowOrder.merging(runLengths: runs, by: sortedRuns, limit: limit).array
            #expect(merged.map { rows[Int($0)] } == Array(expected.prefix(limit ?? count)), "limit \(limit ?? -1)")
        }
    }

    @Test func textThatSharesLongPrefixes() throws {
        var maker = ColumnMaker(seed: 7)
        let prefix = String(repeating: "x", count: 2_000)
        let texts: [String?] = (0..<200).map { _ in prefix + maker.pick(["", "a", "ab", "abcdefghij", "\u{0}"]) }
        let key = ReferenceKey(texts, Column(texts), isDescending: true, nullsFirst: false)
        #expect(try RowOrder.sorting([key.key], count: 200).array == ReferenceKey.order([key], count: 200))
    }

    @Test func dictionaryLargerThanItsRowsAndEmptyDictionary() throws {
        var maker = ColumnMaker(seed: 8)
        let (values, column) = maker.column(Shape(count: 2_000, offset: 0, nulls: .random)) { "text \($0.below(900))" }
        let part = column.encoded().slice(1_000..<1_040)
        let key = ReferenceKey(Array(values[1_000..<1_040]), part, isDescending: false, nullsFirst: true)
        #expect(try RowOrder.sorting([key.key], count: 40).array == ReferenceKey.order([key], count: 40))

        let nulls = Column([String?](repeating: nil, count: 30)).encoded()
        #expect(try RowOrder.sorting([SortColumn(nulls)], count: 30).array == (0..<30).map(Int32.init))
    }

    @Test func withoutKeysRowsKeepTheirOrder() throws {
        #expect(try RowOrder.sorting([], count: 5).array == [0, 1, 2, 3, 4])
        #expect(try RowOrder.merging(runLengths: [2, 3], by: [], limit: 4).array == [0, 1, 2, 3])
    }

    @Test func aCheckpointEndsTheWork() throws {
        var maker = ColumnMaker(seed: 9)
        let (_, column) = maker.column(Shape(count: 200_000, offset: 0, nulls: .none)) { Int64(bitPattern: $0.next()) }
        let stop = StoaError(.cancelled, "stop")
        for allowed in [0, 3, 10] {
            var calls = 0
            let checkpoint = { () throws(StoaError) in
                calls += 1
                if calls > allowed { throw stop }
            }
            #expect(throws: stop) {
                try RowOrder.sorting([SortColumn(column)], count: 200_000, checkpoint: checkpoint)
            }
            #expect(calls == allowed + 1)
        }
    }
}
