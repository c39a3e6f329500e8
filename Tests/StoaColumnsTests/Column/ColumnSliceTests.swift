import StoaColumns
import Testing

/// Columns of every type, every offset from 0 to 7 and every length from 0 to three words plus one.
@Suite struct ColumnSliceTests {
    private static let rows = 7 + 3 * 64 + 1

    @Test(arguments: RandomColumns.types)
    func slicesShowTheirRows(type: DataType) throws {
        var random = RandomColumns(seed: 11)
        let patterns: [[Bool]] = [
            Array(repeating: true, count: Self.rows), Array(repeating: false, count: Self.rows),
            (0..<Self.rows).map { $0 % 2 == 0 },
            (0..<Self.rows).map { _ in Bool.random(using: &random.generator) },
        ]
        for valid in patterns {
            var column = random.column(type, valid: valid)
            for isEncoded in type == .utf8 ? [false, true] : [false] {
                if isEncoded { column = column.dictionaryEncoded() }
                try column.checkInvariants()
                let text = (0..<Self.rows).map { column.formatted(at: $0) }
                for offset in 0..<8 {
                    for length in 0...(3 * 64 + 1) where length < 4 || length % 7 == 0 || length > 190 {
                        let slice = column.slice(offset..<offset + length)
                        try slice.checkInvariants()
                        #expect(slice.nullCount == valid[offset..<offset + length].count { !$0 })
                        #expect((0..<length).map { slice.formatted(at: $0) } == Array(text[offset..<offset + length]))
                        for row in stride(from: 0, to: length, by: 64) {
                            let count = Swift.min(64, length - row)
                            let wanted = (0..<count).reduce(UInt64(0)) {
                                $0 | (valid[offset + row + $1] ? 1 << UInt64($1) : 0)
                            }
                            #expect(slice.validityWord(at: row) == wanted)
                        }
                    }
                }
                let nested = column.slice(3..<150).slice(5..<100)
                #expect(nested == column.slice(8..<103))
                #expect(nested.byteCount > 0)
            }
        }
    }

    @Test func slicesShareMemory() throws {
        let column = Column([1, 2, 3, 4])
        #expect(column.slice(1..<3).values(as: Int64.self) == column.values(as: Int64.self) + 1)
    }
}
