import StoaColumns
import Testing

/// `checkInvariants` finds each broken promise.
@Suite struct ColumnInvariantTests {
    private func buffer<Value: BitwiseCopyable>(_ values: [Value]) -> Buffer {
        let region = MemoryRegion(of: Value.self, count: values.count)
        for (index, value) in values.enumerated() { region.bound(to: Value.self)[index] = value }
        return region.buffer
    }

    private func expectBroken(_ column: Column, _ words: String, _ location: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: StoaError.self, sourceLocation: location) { try column.checkInvariants() }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: location)
    }

    @Test func brokenPromisesAreFound() throws {
        let bits = buffer([0b101 as UInt8])
        expectBroken(Column(type: .int64, count: 3, storage: .fixed(buffer([1, 2]))), "16 bytes of values")
        expectBroken(
            Column(type: .int64, count: 3, validity: bits, nullCount: 2, storage: .fixed(buffer([1, 2, 3]))),
            "1 cleared validity bits")
        expectBroken(Column(type: .int64, count: 3, nullCount: 1, storage: .fixed(buffer([1, 2, 3]))), "no validity")
        expectBroken(
            Column(
                type: .int64, count: 9, offset: 0, validity: bits, nullCount: 3, storage: .fixed(buffer(Array(0..<9)))),
            "bytes of validity")
        expectBroken(Column(type: .bool, count: 9, storage: .bits(bits)), "bytes of bits")
        expectBroken(Column(type: .utf8, count: 1, storage: .bits(bits)), "storage of bits")
        let text = buffer(Array("aé".utf8))
        expectBroken(
            Column(type: .utf8, count: 2, storage: .text(offsets: buffer([0, 2, 1] as [Int32]), bytes: text)),
            "row 1 ends")
        expectBroken(
            Column(type: .utf8, count: 1, storage: .text(offsets: buffer([0, 4] as [Int32]), bytes: text)),
            "byte 4 of 3")
        expectBroken(
            Column(type: .utf8, count: 2, storage: .text(offsets: buffer([0, 2, 3] as [Int32]), bytes: text)),
            "not UTF-8")
        expectBroken(
            Column(type: .utf8, count: 2, storage: .text(offsets: buffer([0, 2] as [Int32]), bytes: text)),
            "bytes of offsets")
        let dictionary = StringDictionary(values: Column(["a", "b"]))
        expectBroken(
            Column(type: .utf8, count: 1, storage: .dictionary(codes: buffer([2 as Int32]), dictionary)), "code 2 of 2")
        expectBroken(
            Column(
                type: .utf8, count: 2, validity: buffer([1 as UInt8]),
                storage: .dictionary(codes: buffer([0, 1] as [Int32]), dictionary)), "which is null, has code 1")
        expectBroken(
            Column(
                type: .utf8, count: 1,
                storage: .dictionary(codes: buffer([0 as Int32]), StringDictionary(values: Column(["a", "b", "a"])))),
            "entry 2 of the dictionary repeats")
        expectBroken(
            Column(type: .decimal(precision: 2, scale: 1), count: 1, storage: .fixed(buffer([100 as Int64]))),
            "holds 100")
        let fine = Column([1, nil])
        let batch = Batch(unchecked: Schema([Field("a", .int64, isNullable: false)]), columns: [fine], rowCount: 2)
        let error = #expect(throws: StoaError.self) { try batch.checkInvariants() }
        #expect(error?.code == .nullFound)
        #expect(throws: StoaError.self) {
            try Batch(unchecked: Schema([Field("a", .int64)]), columns: [fine], rowCount: 3).checkInvariants()
        }
    }
}
