import StoaColumns
import StoaKernels
import Testing

/// Keys whose bounds are known beforehand find the ids that they would find without.
@Suite struct BoundedKeysTests {
    private func ids(_ batches: [[Column]]) throws -> (ids: [[Int32]], keys: [Column]) {
        let table = KeyTable(types: batches[0].map(\.type))
        let ids = batches.map { keys in
            var ids = [Int32](repeating: -2, count: keys[0].count)
            ids.withUnsafeMutableBufferPointer { target in
                if let base = target.baseAddress { table.insert(keys, count: keys[0].count, into: base) }
            }
            return ids
        }
        let keys = table.keyColumns()
        for column in keys {
            try column.checkInvariants()
            // Bounds that the table gives hold: learning them again gives no wider ones.
            if let bounds = column.bounds, let values = Int64.values(of: column) {
                #expect(values.allSatisfy { $0.map(bounds.contains) ?? true })
            }
        }
        return (ids, keys)
    }

    /// Batches of two or six columns, whose ranges are small, beyond an array, and beyond 63 bits together.
    @Test(arguments: [[7, 9], [5_000, 5_000], [1 << 24, 1 << 24], [100, 100, 100_000, 100, 100, 100_000]])
    func boundsChangeNoId(_ ranges: [Int]) throws {
        var maker = ColumnMaker(seed: 50)
        for nulls in [NullPattern.none, .random] {
            var plain: [[Column]] = []
            for round in 0..<6 {
                let shape = Shape(count: 3_000, offset: round, nulls: nulls)
                // Later batches reach further, below and above.
                plain.append(
                    ranges.map { range in
                        maker.column(shape) {
                            Int64($0.below(max(2, range >> max(0, 3 - round)))) - Int64(round * round)
                        }
                        .column
                    })
            }
            let bounded = plain.map { $0.map { $0.withBounds() } }
            let mixed = zip(plain, bounded).enumerated().map { $0.offset % 2 == 0 ? $0.element.0 : $0.element.1 }
            let expected = try ids(plain)
            for other in [bounded, mixed] {
                let found = try ids(other)
                #expect(found.ids == expected.ids)
                #expect(found.keys == expected.keys)
            }
        }
    }
}
