import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Persisted and in-memory datasets: computed once, read where they are, dropped when nobody reads them.
@Suite struct DatasetTests {
    private let dataset = DatasetID(3)

    /// Persists three partitions, then reads them.
    private var persisting: StageGraph {
        StageGraph(stages: [
            Graphs.stage(0, Array(repeating: [Graphs.file], count: 3), output: .persist(dataset)),
            Graphs.stage(1, (0..<3).map { [.materialized(StageID(0), dataset, partition: $0)] }),
        ])
    }

    private var reading: StageGraph {
        StageGraph(stages: [Graphs.stage(0, (0..<3).map { [.dataset(dataset, partition: $0)] })])
    }

    private func finishAll(_ cluster: SimulatedCluster, _ count: Int) async {
        for _ in 0..<count {
            await cluster.waitForAttempts(1)
            cluster.finish(cluster.unanswered[0])
        }
    }

    @Test func aPersistedDatasetIsReadWhereItIs() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 4)
        let driver = try Driver(cluster: cluster)
        #expect(driver.heldDatasets.heldDataset(dataset) == nil)
        async let first = driver.run(persisting)
        await finishAll(cluster, 6)
        try await first.release()
        let held = try #require(driver.heldDatasets.heldDataset(dataset))
        #expect(held.rowCounts == [1, 8, 2])
        #expect(held.byteCounts == [8, 64, 16])
        _ = await driver.tables()
        let homes = cluster.heldBlocks
        #expect(homes.count == 3)
        async let second = driver.run(reading)
        await cluster.waitForAttempts(3)
        for attempt in cluster.unanswered {
            #expect(
                attempt.task.inputs == [
                    .blocks(homes.filter { $0.block == .dataset(dataset, partition: attempt.id.partition) })
                ])
            #expect(
                homes.contains(
                    .init(
                        block: .dataset(dataset, partition: attempt.id.partition), executor: attempt.executor)))
        }
        await finishAll(cluster, 3)
        try await second.release()
        driver.unpersist(dataset)
        driver.unpersist(dataset)
        #expect(driver.heldDatasets.heldDataset(dataset) == nil)
        try await expectEmpty(driver, cluster)
    }

    @Test func twoJobsComputeADatasetOnce() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 4)
        let driver = try Driver(cluster: cluster)
        async let first = driver.run(persisting)
        await cluster.waitForAttempts(3)
        async let second = driver.run(persisting)
        while try #require(await driver.tables()).stagesWaitingForDatasets == 0 {}
        // Three attempts for the dataset, three for each job's own reading.
        await finishAll(cluster, 9)
        let results = try await [first, second]
        #expect(cluster.history.count == 9)
        // One of the jobs did not compute anything in its first stage.
        #expect(results.count { $0.stages[0].metrics.rowsRead == 0 } == 1)
        for result in results { result.release() }
        driver.unpersist(dataset)
        try await expectEmpty(driver, cluster)
    }

    @Test func theNextJobComputesWhatAFailedOneDidNot() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 4)
        let driver = try Driver(cluster: cluster)
        let first = Task { try await driver.run(persisting) }
        await cluster.waitForAttempts(3)
        let second = Task { try await driver.run(persisting) }
        while try #require(await driver.tables()).stagesWaitingForDatasets == 0 {}
        let attempts = cluster.unanswered
        cluster.finish(attempts[0])
        cluster.fail(attempts[1], StoaError(.overflow, "too much"))
        await cluster.waitForCancellations(1)
        cluster.confirmCancellation(of: attempts[2])
        await #expect(throws: StoaError.self) { _ = try await first.value }
        await finishAll(cluster, 6)
        try await second.value.release()
        #expect(driver.heldDatasets.heldDataset(dataset)?.rowCounts.count == 3)
        driver.unpersist(dataset)
        try await expectEmpty(driver, cluster)
    }

    @Test func blocksStayWhileTheyAreRead() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 4)
        let driver = try Driver(cluster: cluster)
        async let first = driver.run(persisting)
        await finishAll(cluster, 6)
        try await first.release()
        async let second = driver.run(reading)
        await cluster.waitForAttempts(3)
        driver.unpersist(dataset)
        // New plans do not see it, and it is not computed anew while the old blocks are read.
        #expect(driver.heldDatasets.heldDataset(dataset) == nil)
        async let third = driver.run(persisting)
        while try #require(await driver.tables()).stagesWaitingForDatasets == 0 {}
        #expect(cluster.heldBlocks.count == 3)
        await finishAll(cluster, 3)
        try await second.release()
        await finishAll(cluster, 6)
        try await third.release()
        #expect(cluster.history.count == 15)
        driver.unpersist(dataset)
        try await expectEmpty(driver, cluster)
    }

    @Test func aResultKeepsItsDataset() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 4)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(StageGraph(stages: [persisting.stages[0]]))
        await finishAll(cluster, 3)
        let result = try await running
        #expect(result.blocks.map(\.location.block) == (0..<3).map { .dataset(dataset, partition: $0) })
        driver.unpersist(dataset)
        _ = await driver.tables()
        #expect(cluster.heldBlocks.count == 3)
        result.release()
        try await expectEmpty(driver, cluster)
    }

    @Test func unpersistingDuringTheComputation() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 4)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(persisting)
        await cluster.waitForAttempts(3)
        driver.unpersist(dataset)
        await finishAll(cluster, 6)
        try await running.release()
        #expect(driver.heldDatasets.heldDataset(dataset) == nil)
        try await expectEmpty(driver, cluster)
    }

    @Test func aPlanThatReadsAGoneDatasetIsRefused() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 4)
        let driver = try Driver(cluster: cluster)
        let error = await #expect(throws: StoaError.self) { _ = try await driver.run(reading) }
        #expect(error?.code == .unknownName)
        #expect(error?.isRetryable == true)
        try await expectEmpty(driver, cluster)
    }
}
