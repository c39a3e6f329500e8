import StoaColumns
import Testing

@Suite struct MemoryPoolTests {
    @Test func regionsAreCountedWhereTheyWereMade() {
        let pool = MemoryPool(name: "outer")
        let other = MemoryPool(name: "inner")
        var kept: MemoryRegion?
        pool.whileCurrent {
            #expect(MemoryPool.current === pool)
            kept = MemoryRegion(byteCount: 1_000)
            other.whileCurrent { _ = MemoryRegion(byteCount: 100) }
            #expect(MemoryPool.current === pool)
        }
        #expect(MemoryPool.current === MemoryPool.unowned)
        #expect(pool.allocatedBytes >= 1_000 && pool.allocatedBytes <= 1_128)
        #expect(other.allocatedBytes == 0 && other.peakBytes >= 100)
        let peak = pool.peakBytes
        other.whileCurrent { kept = nil }
        #expect(kept == nil && pool.allocatedBytes == 0 && pool.peakBytes == peak && other.allocatedBytes == 0)
    }

    @Test(arguments: [0, 1, 63, 64, 65, (2 << 20) - 64, 2 << 20, 5 << 20])
    func regionsAreAlignedAndPadded(byteCount: Int) {
        let pool = MemoryPool(name: "test")
        pool.whileCurrent {
            let region = MemoryRegion(byteCount: byteCount, zeroed: true)
            #expect(region.byteCount == byteCount)
            #expect(Int(bitPattern: region.base) % (byteCount >= 2 << 20 ? 2 << 20 : 64) == 0)
            #expect(pool.allocatedBytes >= byteCount + 64)
            // The padding may be read and written.
            for index in byteCount..<(byteCount + 64) {
                #expect(region.base.load(fromByteOffset: index, as: UInt8.self) == 0)
                region.base.storeBytes(of: 1, toByteOffset: index, as: UInt8.self)
            }
        }
        #expect(pool.allocatedBytes == 0)
    }

    @Test func columnsGiveTheirMemoryBack() throws {
        let pool = MemoryPool(name: "test")
        try pool.whileCurrent {
            var random = RandomColumns(seed: 4)
            var slice: Batch? = random.batch(rows: 500).slice(3..<7)
            #expect(pool.allocatedBytes > 500 * 8)
            _ = try slice?.columns[19].array(of: String?.self)
            slice = nil
        }
        #expect(pool.allocatedBytes == 0)
    }

    @Test func errorsLeaveThePoolAsItWas() {
        let pool = MemoryPool(name: "test")
        #expect(throws: StoaError.self) {
            try pool.whileCurrent { () throws(StoaError) in throw StoaError(.cancelled, "stop") }
        }
        #expect(MemoryPool.current === MemoryPool.unowned)
    }
}
