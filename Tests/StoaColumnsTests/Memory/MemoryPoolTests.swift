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

    @Test func freedBlocksServeTheNextRegions() {
        let pool = MemoryPool(name: "test")
        pool.whileCurrent {
            // Both sizes of a pair fall into one class of blocks.
            for byteCount in [150_000, 3_000_000, 8_000_000] {
                let first = UInt(bitPattern: MemoryRegion(byteCount: byteCount).base)
                let again = MemoryRegion(byteCount: byteCount - 1_000, zeroed: true)
                #expect(UInt(bitPattern: again.base) == first)
                #expect((0..<again.byteCount).allSatisfy { again.base.load(fromByteOffset: $0, as: UInt8.self) == 0 })
            }
        }
        #expect(pool.allocatedBytes == 0 && pool.keptBytes > 0)
    }

    @Test(arguments: [70_000, 1 << 20, 5_000_001])
    func whatIsKeptNeverMakesThePoolLarger(byteCount: Int) {
        let pool = MemoryPool(name: "test")
        pool.whileCurrent {
            var live: [MemoryRegion] = []
            for round in 0..<40 {
                live.append(MemoryRegion(byteCount: byteCount * (round % 7 + 1)))
                if round % 3 == 2 { live.removeFirst(2) }
                // A block is at most a quarter larger than what it serves.
                #expect(pool.allocatedBytes + pool.keptBytes <= pool.peakBytes + pool.peakBytes / 4)
            }
        }
        #expect(pool.allocatedBytes == 0 && pool.keptBytes <= pool.peakBytes / 4 * 5)
    }

    @Test(arguments: [(32, 24), (256, 192), (384, 320), (512, 448), (8_192, 7_168)])
    func memoryIsTightBeforeTheLimit(limit: Int, tight: Int) {
        let pool = MemoryPool(name: "test")
        #expect(!pool.isLimited && !pool.isTight && pool.limit == nil)
        pool.setLimit(limit << 20)
        #expect(pool.isLimited && pool.shortfall == -(tight << 20) && pool.excess == -(limit << 20))
        #expect(pool.hasRoom(for: limit << 20) && !pool.hasRoom(for: (limit << 20) + 1))
        let reservation = MemoryReservation(in: pool)
        reservation.set((tight << 20) + 1)
        #expect(pool.isTight && !pool.hasRoom(for: (limit - tight) << 20))
        reservation.set(0)
        #expect(!pool.isTight)
    }

    @Test func nearTheLimitNothingIsKept() {
        let pool = MemoryPool(name: "test")
        pool.setLimit(64 << 20)
        pool.whileCurrent {
            var live = (0..<9).map { _ in MemoryRegion(byteCount: 4 << 20) }
            for byteCount in [100_000, 1 << 20, (3 << 20) + 5, 9 << 20] {
                let region = MemoryRegion(byteCount: byteCount, zeroed: true)
                #expect(Int(bitPattern: region.base) % (byteCount >= 2 << 20 ? 2 << 20 : 64) == 0)
                for index in stride(from: 0, to: byteCount + 64, by: 63) {
                    #expect(region.base.load(fromByteOffset: index, as: UInt8.self) == 0)
                    region.base.storeBytes(of: 1, toByteOffset: index, as: UInt8.self)
                }
            }
            #expect(pool.keptBytes == 0)
            withExtendedLifetime(live) {}
            live.removeAll()
            #expect(pool.allocatedBytes + pool.keptBytes <= 40 << 20)
        }
        #expect(pool.allocatedBytes == 0)
    }

    @Test func mostOfALargeLimitIsHeldWithoutAskingTheSystemForEveryBlock() {
        let pool = MemoryPool(name: "test")
        pool.setLimit(8 << 30)
        pool.whileCurrent {
            // Nobody touches them.
            let most = MemoryRegion(byteCount: 6 << 30)
            let first = UInt(bitPattern: MemoryRegion(byteCount: 3_000_000).base)
            #expect(UInt(bitPattern: MemoryRegion(byteCount: 3_000_000).base) == first && pool.keptBytes > 3_000_000)
            let more = MemoryRegion(byteCount: 1 << 30)
            _ = MemoryRegion(byteCount: 3_000_000)
            #expect(pool.keptBytes == 0)
            withExtendedLifetime((most, more)) {}
        }
        #expect(pool.allocatedBytes == 0)
    }

    @Test func poolsThatEndGiveTheirBlocksBack() {
        weak var ended: MemoryPool?
        do {
            let pool = MemoryPool(name: "test")
            pool.whileCurrent { _ = MemoryRegion(byteCount: 1 << 20) }
            #expect(pool.keptBytes >= 1 << 20 && pool.allocatedBytes == 0)
            ended = pool
        }
        #expect(ended == nil)
    }
}
