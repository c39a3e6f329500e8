import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct BlockStoreTests {
    private func id(_ partition: Int) -> BlockID {
        .stage(JobID(1), StageID(0), partition: partition, bucket: nil)
    }

    @Test func countsRowsAndBytes() throws {
        let store = BlockStore()
        let five = Block(rows: [try Batch(["a": Column([1, 2, 3])]), try Batch(["a": Column([4, 5])])])
        let one = Block(rows: [try Batch(["a": Column([1])])])
        store.put(five, as: id(0))
        store.put(one, as: id(1))
        #expect(store.rowCount == 6 && store.byteCount == 48)
        store.put(one, as: id(0))
        #expect(store.rowCount == 2 && store.byteCount == 16)
        #expect(Set(store.ids) == [id(0), id(1)])
        #expect(store.get(id(0))?.rowCount == 1 && store.get(id(2)) == nil)
        store.drop([id(0), id(7), id(0)])
        #expect(store.ids == [id(1)] && store.rowCount == 1 && store.byteCount == 8)
        store.drop([id(1)])
        #expect(store.ids.isEmpty && store.rowCount == 0 && store.byteCount == 0)
    }

    /// Against a dictionary, with ids of all kinds.
    @Test func keepsWhatADictionaryKeeps() throws {
        let store = BlockStore()
        let blocks = try (0..<5).map { Block(rows: [try Batch(["a": Column(Array(0...$0))])]) }
        var expected: [BlockID: Int] = [:]
        var state: UInt64 = 1
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        func randomID() -> BlockID {
            let partition = random(40)
            switch random(3) {
            case 0: return .dataset(DatasetID(random(2)), partition: partition)
            case 1: return .stage(JobID(random(2)), StageID(random(2)), partition: partition, bucket: random(5))
            default: return .stage(JobID(random(2)), StageID(random(2)), partition: partition, bucket: nil)
            }
        }
        for round in 0..<20_000 {
            // Fuller and emptier in turns, so that shelves come and go.
            let isFilling = round / 1_000 % 2 == 0
            let id = randomID()
            if random(10) < (isFilling ? 7 : 2) {
                let block = blocks[random(blocks.count)]
                store.put(block, as: id)
                expected[id] = block.rowCount
            } else {
                store.drop([id])
                expected[id] = nil
            }
            #expect(store.get(id)?.rowCount == expected[id])
            let other = randomID()
            #expect(store.get(other)?.rowCount == expected[other])
            if round % 500 == 0 {
                #expect(Set(store.ids) == Set(expected.keys) && store.ids.count == expected.count)
                #expect(store.rowCount == expected.values.reduce(0, +))
                #expect(store.byteCount == expected.values.reduce(0, +) * 8)
            }
        }
        store.drop(store.ids)
        #expect(store.ids.isEmpty && store.rowCount == 0 && store.byteCount == 0)
    }

    @Test func aSharedDictionaryCountsOnce() throws {
        let text = Column((0..<1_000).map { "text \($0 % 50)" }).dictionaryEncoded()
        let batch = try Batch(["text": text])
        let whole = Block(rows: [batch])
        let parts = Block(rows: [batch.slice(0..<300), batch.slice(300..<300), batch.slice(300..<1_000)])
        #expect(parts.byteCount == whole.byteCount && parts.rowCount == 1_000)
        #expect(try parts.rows().count == 2, "batches without rows are left away")
    }

    @Test func rowsAndStatesAreToldApart() throws {
        #expect(throws: StoaError.self) { try Block(state: 1).rows() }
        #expect(throws: StoaError.self) { try Block(rows: []).state() }
        #expect(try Block(state: 1).state() as? Int == 1)
    }

    @Test func manyThreadsAtOnce() throws {
        let store = BlockStore()
        let batch = try Batch(["a": Column([1, 2, 3])])
        let running = try (0..<4).map { thread in
            try Background { [id] in
                for round in 0..<500 {
                    store.put(Block(rows: [batch]), as: id(thread * 1_000 + round))
                    _ = store.get(id(round))
                    if round % 2 == 0 { store.drop([id(thread * 1_000 + round)]) }
                }
            }
        }
        for thread in running { thread.wait() }
        #expect(store.ids.count == 1_000 && store.rowCount == 3_000 && store.byteCount == 24_000)
    }
}
