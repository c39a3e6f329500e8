import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Which attempt goes where, and what becomes of a job whose attempts fail.
@Suite struct SchedulingTests {
    static let lost = StoaError(.executorLost, source: .environment, "lost", isRetryable: true)

    @Test func aFailedTaskIsTriedOnAnotherExecutor() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 1)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.scan(1))
        await cluster.waitForAttempts(1)
        let first = cluster.unanswered[0]
        cluster.fail(first, Self.lost)
        await cluster.waitForAttempts(1)
        let second = cluster.unanswered[0]
        #expect(second.executor != first.executor)
        #expect((first.id.attempt, second.id.attempt) == (1, 2))
        cluster.finish(second)
        let result = try await running
        #expect(result.stages[0].retryCount == 1)
        result.release()
        try await expectEmpty(driver, cluster)
    }

    @Test(arguments: [1, 3]) func aTaskIsTriedFourTimes(executorCount: Int) async throws {
        let cluster = SimulatedCluster(executorCount: executorCount, slots: 1)
        let driver = try Driver(cluster: cluster)
        let running = Task { try await driver.run(Graphs.scan(1)) }
        for attempt in 1...4 {
            await cluster.waitForAttempts(1)
            #expect(cluster.unanswered[0].id.attempt == attempt)
            cluster.fail(cluster.unanswered[0], Self.lost)
        }
        let error = await #expect(throws: StoaError.self) { _ = try await running.value }
        #expect(error?.code == .executorLost && error?.location == .init(stage: 0, partition: 0))
        #expect(error?.message.contains("tried 4 times, the last time on simulated") ?? false)
        #expect(error?.message.hasSuffix("lost") ?? false)
        #expect(cluster.history.count == 4)
        try await expectEmpty(driver, cluster)
    }

    @Test func aMistakeEndsTheJobWhenTheOthersHaveStopped() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 2)
        let driver = try Driver(cluster: cluster)
        let finished = CompletionMark()
        let job = Task {
            defer { finished.set() }
            return try await driver.run(Graphs.scan(100))
        }
        await cluster.waitForAttempts(8)
        let attempts = cluster.unanswered
        let failing = try #require(attempts.first { $0.id.partition == 3 })
        cluster.fail(failing, StoaError(.overflow, "the sum does not fit"))
        await cluster.waitForCancellations(7)
        for attempt in attempts where attempt != failing {
            #expect(!finished.isSet)
            // One of them was faster than its cancellation: its block is dropped.
            if attempt.id.partition == 0 { cluster.finish(attempt) } else { cluster.confirmCancellation(of: attempt) }
        }
        let error = await #expect(throws: StoaError.self) { _ = try await job.value }
        #expect(error?.code == .overflow)
        #expect(error?.location.stage == 0 && error?.location.partition == 3)
        // Nothing more was handed out.
        #expect(cluster.history.count == 8)
        try await expectEmpty(driver, cluster)
    }

    @Test func cancellationEndsWhenAllAttemptsHaveAnswered() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 2)
        let driver = try Driver(cluster: cluster)
        let finished = CompletionMark()
        let job = Task {
            defer { finished.set() }
            return try await driver.run(Graphs.exchange(maps: 9, buckets: 3))
        }
        await cluster.waitForAttempts(4)
        job.cancel()
        await cluster.waitForCancellations(4)
        for attempt in cluster.unanswered {
            #expect(!finished.isSet)
            cluster.confirmCancellation(of: attempt)
        }
        let error = await #expect(throws: StoaError.self) { _ = try await job.value }
        #expect(error?.code == .cancelled)
        try await expectEmpty(driver, cluster)
    }

    @Test func aCancelledCallerRunsNothing() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        let job = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await driver.run(Graphs.scan(3))
        }
        job.cancel()
        let error = await #expect(throws: StoaError.self) { _ = try await job.value }
        #expect(error?.code == .cancelled)
        #expect(cluster.history.isEmpty)
        try await expectEmpty(driver, cluster)
    }

    @Test func unaskedCancellationIsALostExecutor() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.scan(1))
        await cluster.waitForAttempts(1)
        cluster.confirmCancellation(of: cluster.unanswered[0])
        await cluster.waitForAttempts(1)
        cluster.finish(cluster.unanswered[0])
        let result = try await running
        #expect(result.stages[0].retryCount == 1)
        result.release()
        try await expectEmpty(driver, cluster)
    }

    @Test func anAnswerWithTheWrongBlocksIsOurMistake() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        let graph = Graphs.exchange(maps: 1, buckets: 2)
        let running = Task { try await driver.run(graph) }
        await cluster.waitForAttempts(1)
        let attempt = cluster.unanswered[0]
        cluster.confirmWithoutBlocks(attempt)
        let error = await #expect(throws: StoaError.self) { _ = try await running.value }
        #expect(error?.code == .engineFailed)
        try await expectEmpty(driver, cluster)
    }

    // MARK: - Where

    @Test func fewTasksSpreadOverExecutors() async throws {
        let cluster = SimulatedCluster(executorCount: 4, slots: 4)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.scan(4))
        await cluster.waitForAttempts(4)
        #expect(Set(cluster.unanswered.map(\.executor)).count == 4)
        for attempt in cluster.unanswered { cluster.finish(attempt) }
        try await running.release()
        try await expectEmpty(driver, cluster)
    }

    @Test func tasksGoToTheirInput() async throws {
        let cluster = SimulatedCluster(executorCount: 3, slots: 2)
        let driver = try Driver(cluster: cluster)
        // Two tasks an executor; the executors are not asked in the order of the partitions.
        async let running = driver.run(Graphs.chain(stages: 4, tasks: 6))
        var homes: [Int: ExecutorID] = [:]
        for _ in 0..<4 {
            await cluster.waitForAttempts(6)
            for attempt in cluster.unanswered.shuffled() {
                let home = homes[attempt.id.partition] ?? attempt.executor
                #expect(attempt.executor == home)
                homes[attempt.id.partition] = home
            }
            for attempt in cluster.unanswered.shuffled() { cluster.finish(attempt) }
        }
        #expect(Set(homes.values).count == 3)
        try await running.release()
        try await expectEmpty(driver, cluster)
    }

    @Test func aTaskOfManyInputsGoesWhereMostBytesAre() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 8)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.exchange(maps: 5, buckets: 4))
        await cluster.waitForAttempts(5)
        var bytes: [Int: [ExecutorID: Int]] = [:]
        for attempt in cluster.unanswered {
            for (bucket, block) in SimulatedCluster.report(of: attempt.task).blocks.enumerated() {
                bytes[bucket, default: [:]][attempt.executor, default: 0] += block.byteCount
            }
            cluster.finish(attempt)
        }
        await cluster.waitForAttempts(4)
        for attempt in cluster.unanswered {
            let here = try #require(bytes[attempt.id.partition])
            #expect(here[attempt.executor] == here.values.max())
            cluster.finish(attempt)
        }
        try await running.release()
        try await expectEmpty(driver, cluster)
    }

    @Test func anIdleExecutorTakesWhatOthersWouldDo() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 1)
        let driver = try Driver(cluster: cluster)
        let home = cluster.executors[0].id
        let dataset = DatasetID(7)
        let blocks = (0..<6).map {
            LocatedBlock(
                location: .init(block: .dataset(dataset, partition: $0), executor: home), rowCount: 1, byteCount: 8)
        }
        for block in blocks { cluster.put(block.location.block, byteCount: 8, on: home) }
        driver.register(dataset, blocks: blocks)
        let graph = StageGraph(stages: [Graphs.stage(0, (0..<6).map { [.dataset(dataset, partition: $0)] })])
        async let running = driver.run(graph)
        // One running and one queued task at home, one with the executor that has nothing.
        await cluster.waitForAttempts(3)
        #expect(cluster.unanswered.count { $0.executor == home } == 2)
        // It took the last, home began with the first.
        #expect(cluster.unanswered.first { $0.executor != home }?.id.partition == 5)
        #expect(cluster.unanswered.first { $0.executor == home }?.id.partition == 0)
        for _ in 0..<6 {
            await cluster.waitForAttempts(1)
            cluster.finish(cluster.unanswered[0])
        }
        try await running.release()
        driver.unpersist(dataset)
        try await expectEmpty(driver, cluster)
    }

    @Test func jobsTakeTurns() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        async let large = driver.run(Graphs.scan(50))
        await cluster.waitForAttempts(2)
        async let small = driver.run(Graphs.scan(3))
        // The small job is in the tables before the next answer.
        while try #require(await driver.tables()).jobs < 2 {}
        var order: [JobID] = []
        for _ in 0..<53 {
            await cluster.waitForAttempts(1)
            order.append(cluster.unanswered[0].id.job)
            cluster.finish(cluster.unanswered[0])
        }
        try await large.release()
        try await small.release()
        let lastOfSmall = try #require(order.lastIndex(of: JobID(1)) ?? order.lastIndex(of: JobID(0)))
        #expect(order.count == 53)
        #expect(min(lastOfSmall, order.lastIndex(of: order[0] == JobID(0) ? JobID(1) : JobID(0)) ?? 53) < 9)
        try await expectEmpty(driver, cluster)
    }

    // MARK: - Blocks

    @Test func blocksGoWhenTheirReadersAreComplete() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 2)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.chain(stages: 5, tasks: 3))
        for stage in 0..<5 {
            await cluster.waitForAttempts(3)
            let stages = Set(cluster.heldBlocks.map(\.block).map(stageOf))
            #expect(stages == (stage == 0 ? [] : [stage - 1]))
            for attempt in cluster.unanswered { cluster.finish(attempt) }
        }
        let result = try await running
        _ = await driver.tables()
        #expect(cluster.heldBlocks == Set(result.blocks.map(\.location)))
        result.release()
        try await expectEmpty(driver, cluster)
    }

    private func stageOf(_ block: BlockID) -> Int {
        if case .stage(_, let stage, _, _) = block { stage.value } else { -1 }
    }

    @Test func aJobThatWritesFilesLeavesNothing() async throws {
        let cluster = SimulatedCluster(executorCount: 2, slots: 2)
        let driver = try Driver(cluster: cluster)
        let sinks = (0..<3).map { FileSink(path: "/out/\($0)", format: .parquet) }
        async let running = driver.run(Graphs.scan(3, output: .files(sinks)))
        await cluster.waitForAttempts(3)
        for attempt in cluster.unanswered {
            #expect(attempt.task.output == .file(sinks[attempt.id.partition]))
            cluster.finish(attempt)
        }
        let result = try await running
        #expect(result.blocks.isEmpty)
        #expect(result.metrics.rowsRead == 30)
        try await expectEmpty(driver, cluster)
    }

    @Test func stagesWithoutTasksAreComplete() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        // Deep, so that following such stages by recursion would show.
        let stages = (0..<20_000).map { Graphs.stage($0, []) }
        let result = try await driver.run(StageGraph(stages: stages))
        #expect(result.blocks.isEmpty)
        try await expectEmpty(driver, cluster)
    }

    // MARK: - The end

    @Test func stoppingCancelsJobs() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 2)
        let driver = try Driver(cluster: cluster)
        let job = Task { try await driver.run(Graphs.scan(10)) }
        await cluster.waitForAttempts(4)
        let stopper = try NamedThread.start(name: "stopper") { driver.stop() }
        await cluster.waitForCancellations(4)
        for attempt in cluster.unanswered { cluster.confirmCancellation(of: attempt) }
        stopper.join()
        #expect(cluster.hasStopped)
        let error = await #expect(throws: StoaError.self) { _ = try await job.value }
        #expect(error?.code == .cancelled)
        let late = await #expect(throws: StoaError.self) { _ = try await driver.run(Graphs.scan(1)) }
        #expect(late?.code == .cancelled)
        #expect(await driver.tables() == nil)
        driver.stop()
    }
}

/// After a test: nothing is left anywhere, and the driver did nothing that a cluster could not bear.
func expectEmpty(
    _ driver: Driver, _ cluster: SimulatedCluster, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let tables = try #require(await driver.tables())
    #expect(tables == DriverTables(), sourceLocation: sourceLocation)
    let leftBlocks = cluster.heldBlocks.count
    #expect(leftBlocks == 0, sourceLocation: sourceLocation)
    driver.stop()
    #expect(cluster.mistakesSoFar == [], sourceLocation: sourceLocation)
}
