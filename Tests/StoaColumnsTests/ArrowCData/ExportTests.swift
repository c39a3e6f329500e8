internal import CArrowABI
import StoaColumns
import Testing

/// Exported structs own what they show until they are released.
@Suite struct ExportTests {
    private func makeBatch() throws -> Batch {
        let text = Column(["a", nil, "ccc", "a"])
        return try Batch([
            "flag": Column([true, nil, false, true]), "number": Column([1.5, nil, -0.0, .nan]), "text": text,
            "code": text.dictionaryEncoded(), "price": try Column(decimals: [1, nil, -3, 4], precision: 9, scale: 2),
            "total": try Column(decimals: [1, nil, -3, 4], precision: 38, scale: 2),
        ])
    }

    @Test func batchComesBackAndSharesItsMemory() throws {
        let batch = try makeBatch()
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        let back = try Batch(importing: &array, schema: &schema)
        #expect(array.release == nil)
        #expect(schema.release == nil)
        #expect(back == batch)
        try back.checkInvariants()
        #expect(back.columns[1].values(as: Double.self) == batch.columns[1].values(as: Double.self))
        #expect(back.columns[2].text?.bytes == batch.columns[2].text?.bytes)
        #expect(back.columns[3].dictionaryCodes?.codes == batch.columns[3].dictionaryCodes?.codes)
        #expect(back.columns[5].values(as: Int128.self) == batch.columns[5].values(as: Int128.self))
    }

    @Test(arguments: 0..<4)
    func slicesComeBack(start: Int) throws {
        let batch = try makeBatch().slice(start..<4)
        var array = ArrowArray()
        var schema = ArrowSchema()
        batch.export(array: &array, schema: &schema)
        let back = try Batch(importing: &array, schema: &schema)
        #expect(back == batch)
        try back.checkInvariants()
    }

    @Test func importedMemoryCountsWhereItIsImported() throws {
        let pool = MemoryPool(name: "test")
        var array = ArrowArray()
        var schema = ArrowSchema()
        try Batch(["number": Column((0..<10_000).map { Int64($0) })]).export(array: &array, schema: &schema)
        func rows() throws -> Batch {
            try pool.whileCurrent { try Batch(importing: &array, schema: &schema) }.slice(3..<5)
        }
        try withExtendedLifetime(rows()) { #expect(pool.allocatedBytes >= 80_000) }
        #expect(pool.allocatedBytes == 0)
    }

    @Test func memoryLivesUntilTheArrayIsReleased() throws {
        let pool = MemoryPool(name: "test")
        var array = ArrowArray()
        var schema = ArrowSchema()
        try pool.whileCurrent { try makeBatch().export(array: &array, schema: &schema) }
        #expect(pool.allocatedBytes > 0)
        schema.release(&schema)
        #expect(schema.release == nil)
        #expect(pool.allocatedBytes > 0)
        array.release(&array)
        #expect(array.release == nil)
        #expect(pool.allocatedBytes == 0)
    }

    @Test func aChildMayBeMovedOutOfItsParent() throws {
        let pool = MemoryPool(name: "test")
        var array = ArrowArray()
        var schema = ArrowSchema()
        try pool.whileCurrent { try makeBatch().export(array: &array, schema: &schema) }
        schema.release(&schema)
        let child = try #require(array.children[3])
        var moved = child.pointee
        child.pointee.release = nil
        array.release(&array)
        #expect(pool.allocatedBytes > 0)
        #expect(moved.buffers[1]?.load(fromByteOffset: 8, as: Int32.self) == 1)
        moved.release(&moved)
        #expect(pool.allocatedBytes == 0)
    }

    @Test func schemasComeBack() throws {
        let schema = Schema([
            Field("a", .bool), Field("b", .int8, isNullable: false), Field("c", .int16), Field("d", .int32),
            Field("e", .int64), Field("f", .uint8), Field("g", .uint16), Field("h", .uint32), Field("i", .uint64),
            Field("j", .float32), Field("k", .float64), Field("ü", .utf8), Field("m", .date32),
            Field("n", .timestamp), Field("o", .timestamp(zone: "America/New_York")),
            Field("p", .decimal(precision: 18, scale: 0)), Field("q", .decimal(precision: 38, scale: 38)),
        ])
        var exported = ArrowSchema()
        schema.export(to: &exported)
        #expect(try Schema(importing: &exported) == schema)
    }
}
