import StoaColumns
import StoaKernels
import Testing

@Suite struct DistinctCounterTests {
    private func count(_ columns: [Column]) -> Int {
        let counter = DistinctCounter()
        for column in columns { counter.take(column) }
        return counter.count()
    }

    @Test func differentValuesAreCountedOnce() {
        var maker = ColumnMaker(seed: 61)
        for rows in [0, 1, 2, 63, 1_023, 1_025, 20_000, 70_000] {
            for nulls in NullPattern.allCases {
                let shape = Shape(count: rows, offset: rows % 8, nulls: nulls)
                for bound in [1, 7, 1_000, 1 << 40] {
                    let (values, column) = maker.column(shape) { Int64($0.below(bound)) }
                    #expect(count([column]) == Set(values.compactMap { $0 }).count)
                }
                let (bytes, narrow) = maker.column(shape) { Int8.draw(&$0) }
                #expect(count([narrow]) == Set(bytes.compactMap { $0 }).count)
                let (flags, bools) = maker.column(shape) { Bool.draw(&$0) }
                #expect(count([bools]) == Set(flags.compactMap { $0 }).count)
            }
        }
    }

    /// Ranges that one bit a value can stand for, and such that are one value too wide or have no bounds.
    @Test func rangesOfIntegersEndAnywhere() {
        #expect(count([Column([Int64.min, .max, -1, 0, .min])]) == 4)
        #expect(count([Column([Int64.min, .min + 3, nil, .min + 3])]) == 2)
        #expect(count([Column([Int64.max, .max - 3, nil])]) == 2)
        #expect(count([Column([UInt64.max, 0, .max - 1, .max])]) == 3)
        #expect(count([Column([UInt64(1) << 63, (1 << 63) + 5, nil])]) == 2)
        #expect(
            count([Column([-5 as Int32, 5, 6, -5]), Column([nil, 7, -5] as [Int32?]), Column([nil] as [Int32?])]) == 4)
        #expect(count([Column([nil, nil] as [Int64?])]) == 0)
        var maker = ColumnMaker(seed: 62)
        for last in [(1 << 18) - 1, 1 << 18, (1 << 19) - 1, 1 << 19] {
            for nulls in NullPattern.allCases {
                let shape = Shape(count: 1 << 16, offset: 3, nulls: nulls)
                let (values, column) = maker.column(shape) { Int32($0.below(last + 1)) - 1_000 }
                let ends = Column([-1_000 as Int32, Int32(last) - 1_000])
                let expected = Set(values.compactMap { $0 }).union([-1_000, Int32(last) - 1_000])
                #expect(count([column, ends, column.slice(7..<column.count)]) == expected.count)
            }
        }
    }

    @Test func zerosAreOneValueAndSoAreNaN() {
        #expect(count([Column([0.0, -0.0, 1, .nan, -.nan, .signalingNaN, .infinity, -.infinity])]) == 5)
        #expect(count([Column([0 as Float, -0.0, .nan, -.nan])]) == 2)
        #expect(count([Column([1.0, 2]), Column([2.0, 3, 3])]) == 3)
        // The hash of 0 is 0, which also marks a free slot.
        #expect(count([Column([0, 0, 0] as [UInt64])]) == 1)
        #expect(count([]) == 0)
    }
}
