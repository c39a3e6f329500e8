import StoaColumns
import Testing

@Suite struct ColumnEqualityTests {
    @Test(arguments: RandomColumns.types, 0..<5)
    func oneChangedRowMakesADifference(type: DataType, seed: Int) throws {
        let rows = 130
        var random = RandomColumns(seed: UInt64(seed))
        let column = random.column(type, valid: (0..<rows).map { _ in Bool.random(using: &random.generator) })
        var again = RandomColumns(seed: UInt64(seed))
        #expect(again.column(type, valid: (0..<rows).map { _ in Bool.random(using: &again.generator) }) == column)
        #expect(column != column.slice(0..<rows - 1))
        // Another null in one row, all else being the same.
        for row in [0, 63, 64, rows - 1] {
            let bits = Bitmap.filled(true, count: rows)
            for other in 0..<rows where column.isNull(at: other) != (other == row) {
                Bitmap.set(bits.base, at: other, to: false)
            }
            let changed = Column(type: type, count: rows, validity: bits.buffer, storage: column.storage)
            #expect(changed != column)
        }
    }

    @Test func valuesCompareByBits() {
        #expect(Column([0.0]) != Column([-0.0]))
        #expect(Column([Double.nan]) == Column([Double.nan]))
        #expect(Column([1.0]) != Column([1]))
        #expect(Column([1 as Int32]) != Column([1 as Int32]).reinterpreted(as: .date32))
        #expect(Column([1, 2, 3]).slice(1..<3) == Column([2, 3]))
        #expect(Column([true, false, true]).slice(1..<3) == Column([false, true]))
        #expect(Column([true, false]) != Column([true, true]))
        #expect(Column(["a", "bc"]) != Column(["ab", "c"]))
        #expect(Column(["a", nil, "bc"]) == Column(["a", nil, "bc"]).dictionaryEncoded())
        #expect(Column(["x", "a", nil]).slice(1..<3) == Column(["a", nil]).dictionaryEncoded())
    }

    @Test func batchesCompareSchemaAndColumns() throws {
        let batch = try Batch(["a": Column([1, 2])])
        #expect(try batch == Batch(["a": Column([1, 2])]))
        #expect(try batch != Batch(["b": Column([1, 2])]))
        #expect(try batch != Batch(["a": Column([1, 3])]))
        #expect(
            Batch(unchecked: Schema(), columns: [], rowCount: 1) != Batch(unchecked: Schema(), columns: [], rowCount: 2)
        )
    }
}
