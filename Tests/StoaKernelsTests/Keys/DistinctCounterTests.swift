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

    @Test func zerosAreOneValueAndSoAreNaN() {
        #expect(count([Column([0.0, -0.0, 1, .nan, -.nan, .signalingNaN, .infinity, -.infinity])]) == 5)
        #expect(count([Column([0 as Float, -0.0, .nan, -.nan])]) == 2)
        #expect(count([Column([1.0, 2]), Column([2.0, 3, 3])]) == 3)
        // The hash of 0 is 0, which also marks a free slot.
        #expect(count([Column([0, 0, 0] as [UInt64])]) == 1)
        #expect(count([]) == 0)
    }
}
