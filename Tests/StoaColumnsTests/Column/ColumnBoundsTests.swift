import StoaColumns
import StoaTestSupport
import Testing

@Suite struct ColumnBoundsTests {
    /// The least and the greatest value by Swift's own means.
    private func expected(_ column: Column) -> ClosedRange<Int64>? {
        let values: [Int128?]
        switch column.type.storageType {
        case .int8: values = (Int8.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .int16: values = (Int16.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .uint8: values = (UInt8.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .uint16: values = (UInt16.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .uint32: values = (UInt32.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .uint64: values = (UInt64.values(of: column) ?? []).map { $0.map { Int128($0) } }
        case .int32:
            values = (0..<column.count).map { column.isNull(at: $0) ? nil : Int128(column.values(as: Int32.self)[$0]) }
        case .int64:
            values = (0..<column.count).map { column.isNull(at: $0) ? nil : Int128(column.values(as: Int64.self)[$0]) }
        default: return nil
        }
        let present = values.compactMap { $0 }
        guard let least = present.min(), let greatest = present.max(), let lower = Int64(exactly: least),
            let upper = Int64(exactly: greatest)
        else { return nil }
        return lower...upper
    }

    @Test(arguments: RandomColumns.types)
    func boundsAreLeastAndGreatest(_ type: DataType) {
        for seed in 0..<30 {
            var random = RandomColumns(seed: UInt64(seed))
            let column = random.column(type, rows: [0, 1, 63, 64, 65, 1_000][seed % 6])
            #expect(column.bounds == nil, "nobody has learnt them")
            for part in [column, column.slice(column.count / 3..<column.count)] {
                let learnt = part.withBounds()
                #expect(learnt.bounds == expected(part), "\(type) seed \(seed)")
                #expect(learnt == part)
            }
        }
    }

    @Test func slicesKeepBoundsAndNullsHaveNone() {
        let column = Column([5, 1, nil, 9, 7] as [Int64?]).withBounds()
        #expect(column.bounds == 1...9)
        #expect(column.slice(3..<5).bounds == 1...9)
        #expect(column.slice(3..<5).withBounds().bounds == 1...9, "what is known is not learnt again")
        #expect(Column([nil, nil] as [Int64?]).withBounds().bounds == nil)
        #expect(Column([UInt64.max, 3]).withBounds().bounds == nil)
        #expect(Column([UInt64(Int64.max), 3]).withBounds().bounds == 3...Int64.max)
    }
}
