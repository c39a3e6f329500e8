internal import CArrowABI
import StoaColumns
import Testing

@Suite struct RoundTripTests {
    @Test func batchComesBackAndSharesItsMemory() throws {
        let batch = try Batch([
            "flag": Column([true, nil, false]),
            "number": Column([1.5, nil, -0.0]),
            "text": Column(["a", nil, "ccc"]),
        ])
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        let back = try Batch(importing: &array, schema: &schema)
        #expect(array.release == nil)
        #expect(schema.release == nil)
        #expect(back.schema == batch.schema)
        #expect(Double.values(of: back.columns[1]) == [1.5, nil, -0.0])
        #expect(String.values(of: back.columns[2]) == ["a", nil, "ccc"])
        #expect(Bool.values(of: back.columns[0]) == [true, nil, false])
        #expect(back.columns[1].values(as: Double.self) == batch.columns[1].values(as: Double.self))
    }

    @Test func streamComesBack() throws {
        let text = Column(["a", "b", "a", nil])
        let first = try Batch(["text": text.dictionaryEncoded()])
        let second = try Batch(["text": text.slice(1..<4)])
        var stream = ArrowArrayStream()
        ArrowStream.export(schema: first.schema, batches: [first, second], to: &stream)
        let reader = try ArrowStream(importing: &stream)
        var rows: [[String?]?] = []
        while let batch = try reader.next() { rows.append(String.values(of: batch.columns[0])) }
        #expect(rows == [["a", "b", "a", nil], ["b", "a", nil]])
    }
}
