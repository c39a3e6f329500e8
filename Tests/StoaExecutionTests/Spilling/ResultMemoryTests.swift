import StoaColumns
import StoaExecution
import StoaPlan
import StoaTasks
import Testing

/// What results that the user has taken count, and what they share with persisted partitions.
@Suite struct ResultMemoryTests {
    private static let schema = Schema([
        Field("x", .int64, isNullable: false), Field("text", .utf8, isNullable: false),
    ])

    /// Rows in the memory of an executor.
    private func rows(_ count: Int, on harness: TaskHarness) throws -> Batch {
        try harness.executor.memory.whileCurrent {
            let columns = [Column((0..<count).map { Int64($0) }), Column((0..<count).map { "row \($0)" })]
            return try Batch(schema: Self.schema, columns: columns)
        }
    }

    private func memory(of harness: TaskHarness) -> Int { harness.executor.memory.allocatedBytes }

    /// The block that a task leaves which passes a partition on, and its id.
    private func passed(_ location: BlockLocation, on harness: TaskHarness) throws -> (block: Block, id: BlockID) {
        let report = try harness.report(.input(0, Self.schema), [.blocks([location])])
        let id = report.blocks[0].id
        return (try #require(harness.executor.store.get(id)), id)
    }

    private func persist(_ count: Int, on harness: TaskHarness) throws -> BlockLocation {
        let id = BlockID.dataset(DatasetID(5), partition: 0)
        harness.executor.store.put(Block(rows: [try rows(count, on: harness)]), as: id, level: .memory)
        return BlockLocation(block: id, executor: harness.executor.id)
    }

    @Test(arguments: [10, 100_000])
    func rowsThatTheUserHasTakenCountNoMore(_ count: Int) throws {
        let harness = TaskHarness()
        let location = harness.put([try rows(count, on: harness)], stage: 0)
        let block = try #require(harness.executor.store.get(location.block))
        #expect(memory(of: harness) > 8 * count)
        for _ in 0..<2 { block.handOver() }
        #expect(memory(of: harness) == 0)
        harness.executor.drop([location.block])
        #expect(try block.joined(Self.schema).columns[0].values(as: Int64.self)[5] == 5)
        withExtendedLifetime(block) {}
        #expect(memory(of: harness) == 0)
    }

    @Test func whatPersistedPartitionsShareCountsUntilTheyGo() throws {
        let harness = TaskHarness()
        let location = try persist(100_000, on: harness)
        let bytes = memory(of: harness)
        let result = try passed(location, on: harness)
        #expect(memory(of: harness) == bytes)
        result.block.handOver()
        #expect(memory(of: harness) == bytes)
        harness.executor.drop([result.id, location.block])
        #expect(memory(of: harness) == 0)
        withExtendedLifetime(result) {}
    }

    @Test func whatIsGivenUpForRoomCountsNoMoreThoughTheUserHasIt() throws {
        let harness = TaskHarness()
        let location = try persist(100_000, on: harness)
        let result = try passed(location, on: harness)
        result.block.handOver()
        harness.executor.drop([result.id])
        try harness.executor.giveBack(1)
        #expect(harness.executor.store.get(location.block) == nil && memory(of: harness) == 0)
        withExtendedLifetime(result) {}
    }

    @Test func partitionsOfOtherExecutorsStillCount() throws {
        let first = TaskHarness()
        let another = TaskExecutor(id: ExecutorID(1), name: "another") { (location) throws(StoaError) -> Block in
            guard let block = first.executor.store.get(location.block) else {
                throw StoaError(.blockLost, source: .environment, "gone", isRetryable: true)
            }
            return block
        }
        let second = TaskHarness(executor: another)
        let location = try persist(100_000, on: first)
        let bytes = memory(of: first)
        let result = try passed(location, on: second)
        #expect(memory(of: second) == 0)
        result.block.handOver()
        #expect(memory(of: first) == bytes)
        // A partition that two executors have counts until both have let go of it.
        second.executor.store.put(result.block, as: location.block)
        first.executor.dropAll()
        #expect(memory(of: first) == bytes)
        second.executor.dropAll()
        #expect(memory(of: first) == 0)
        withExtendedLifetime(result) {}
    }
}
