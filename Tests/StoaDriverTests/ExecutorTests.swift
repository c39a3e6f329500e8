import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Executors that fail, join, leave, and come and go by what there is to do.
@Suite struct ExecutorTests {
    private let dataset = DatasetID(3)
    private static let flaky = StoaError(.inputOutputFailed, source: .environment, "flaky", isRetryable: true)

    private func world(
        executors: Int, slots: Int = 1, options: DriverOptions = DriverOptions(), weather: Weather = Weather()
    ) throws -> SimulatedWorld {
        let world = try SimulatedWorld(executors: executors, slots: slots, weather: weather, options: options)
        world.cluster.isLogging = true
        return world
    }

    private var persisting: StageGraph {
        StageGraph(stages: [
            Graphs.stage(0, Array(repeating: [Graphs.file], count: 6), output: .persist(dataset)),
            Graphs.stage(1, [(0..<6).map { .materialized(StageID(0), dataset, partition: $0) }]),
        ])
    }

    // MARK: - Exclusion

    @Test func anExecutorThatFailsIsLeftAloneForAWhile() throws {
        var options = DriverOptions()
        options.exclusion?.nanoseconds = 1_000_000_000
        let world = try world(executors: 3, options: options)
        let bad = world.cluster.all[1].description.id
        var failures = 0
        world.cluster.failureOf = { _, executor in
            guard executor == bad else { return nil }
            failures += 1
            return Self.flaky
        }
        try #require(world.outcome(of: Graphs.scan(100))).get().release()
        // Three, and what it had been given meanwhile.
        #expect((3...5).contains(failures))
        #expect(world.status()?.executors.map(\.state) == [.active, .excluded, .active])
        world.pass(nanoseconds: 2_000_000_000)
        #expect(world.status()?.executors.map(\.state) == [.active, .active, .active])
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func theLastExecutorIsNeverExcluded() throws {
        let world = try world(executors: 2)
        var failures: [Int: Int] = [:]
        world.cluster.failureOf = { task, _ in
            failures[task.id.partition, default: 0] += 1
            return failures[task.id.partition] ?? 0 <= 2 ? Self.flaky : nil
        }
        try #require(world.outcome(of: Graphs.scan(20))).get().release()
        #expect(world.status()?.executors.count { $0.state == .active } == 1)
        expectEmpty(world, unpersisting: dataset)
    }

    // MARK: - Nobody left

    @Test func jobsWaitForAReplacement() throws {
        let world = try world(executors: 1)
        world.at(500_000) { world.cluster.kill(world.cluster.all[0]) }
        try #require(world.outcome(of: Graphs.scan(3))).get().release()
        #expect(world.status()?.executors.map(\.description.id) == [ExecutorID(101)])
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func jobsFailWhenNoReplacementCanBeHad() throws {
        var weather = Weather()
        weather.notStartedPercent = 100
        let world = try world(executors: 2, weather: weather)
        world.at(500_000) { for executor in world.cluster.all { world.cluster.kill(executor) } }
        guard case .failure(let error) = world.outcome(of: Graphs.scan(10)) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.message == "no executor is left, and none can be had: no more processes")
        // The next job is worth a try.
        world.cluster.weather.notStartedPercent = 0
        try #require(world.outcome(of: Graphs.scan(10))).get().release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// One that cannot be started is asked for again while others work.
    @Test func aReplacementThatDoesNotComeIsAskedForAgain() throws {
        var weather = Weather()
        weather.notStartedPercent = 100
        let world = try world(executors: 2, weather: weather)
        world.cluster.kill(world.cluster.all[0])
        world.pass(nanoseconds: 12_000_000)
        world.cluster.weather.notStartedPercent = 0
        world.pass(nanoseconds: 20_000_000)
        #expect(world.status()?.executors.map(\.description.id) == [101, 102].map { ExecutorID($0) })
        // And not for ever.
        world.cluster.weather.notStartedPercent = 100
        world.cluster.kill(world.cluster.all[1])
        world.pass(nanoseconds: 1_000_000_000)
        #expect(world.status()?.executors.count == 1)
        #expect(world.tables().executorRequests == 0)
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func withoutReplacementJobsFailWhenTheLastExecutorDies() throws {
        var options = DriverOptions()
        options.replacesLostExecutors = false
        let world = try world(executors: 2, options: options)
        world.at(500_000) { world.cluster.kill(world.cluster.all[0]) }
        world.at(1_500_000) { world.cluster.kill(world.cluster.all[1]) }
        guard case .failure(let error) = world.outcome(of: Graphs.scan(10)) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.code == .executorLost && error.message.contains("no executor is left"))
        #expect(world.status()?.executors.isEmpty ?? false)
        expectEmpty(world, unpersisting: dataset)
    }

    /// Executors that die before they have done anything are replaced so often and no more.
    @Test func executorsThatAlwaysDieAreNotReplacedForEver() throws {
        var options = DriverOptions()
        options.maximumAttempts = 1000
        let world = try world(executors: 2, options: options)
        world.cluster.durationOf = { _, executor in
            world.at(1000) { world.cluster[executor].map(world.cluster.kill) }
            return 1_000_000
        }
        guard case .failure(let error) = world.outcome(of: Graphs.scan(10)) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.code == .executorLost && error.message.contains("none can be had"))
        #expect((8...12).contains(world.cluster.lossCount))
        expectEmpty(world, unpersisting: dataset)
    }

    // MARK: - Joining and leaving

    @Test func anAddedExecutorTakesTasks() throws {
        let world = try world(executors: 1)
        let added = Holder<Result<ExecutorID, StoaError>?>(nil)
        world.at(1_000_000) { world.post(.addExecutor { added.value = $0 }) }
        try #require(world.outcome(of: Graphs.scan(40))).get().release()
        #expect(try added.value?.get() == ExecutorID(101))
        #expect(world.cluster.log.contains { $0.executor == ExecutorID(101) })
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func whoLeavesHandsOverItsPartitions() throws {
        let world = try world(executors: 3, slots: 2)
        try #require(world.outcome(of: persisting)).get().release()
        let leaving = world.cluster.all[1]
        #expect(leaving.blocks.keys.contains { $0.dataset == dataset })
        let left = Holder<Result<Void, StoaError>?>(nil)
        world.post(.removeExecutor(leaving.description.id) { left.value = $0 })
        world.pass { left.value != nil }
        #expect(throws: Never.self) { try left.value?.get() }
        #expect(world.status()?.executors.map(\.description.id) == [100, 102].map { ExecutorID($0) })
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6)
        let before = world.cluster.log.count
        try #require(world.outcome(of: Graphs.reading(dataset, partitions: 6))).get().release()
        #expect(world.cluster.log.count == before + 6)
        expectEmpty(world, unpersisting: dataset)
    }

    /// Nobody notices that an executor leaves in the middle of an exchange: its blocks move, and no task fails.
    @Test func leavingDuringAJobCostsNothing() throws {
        let world = try world(executors: 3, slots: 1)
        world.cluster.durationOf = { task, _ in task.id.stage.value == 1 ? 20_000_000 : 1_000_000 }
        let left = Holder<Result<Void, StoaError>?>(nil)
        world.at(5_500_000) { world.post(.removeExecutor(ExecutorID(101)) { left.value = $0 }) }
        let graph = Graphs.exchange(maps: 12, buckets: 9)
        let result = try #require(world.outcome(of: graph)).get()
        #expect(left.value != nil)
        #expect(result.stages[0].retryCount == 0)
        #expect(world.cluster.log.count { $0.task.id.stage.value == 0 } == 12)
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func aResultKeepsItsExecutorUntilItIsReleased() throws {
        let world = try world(executors: 2)
        let result = try #require(world.outcome(of: Graphs.scan(4))).get()
        let left = Holder<Result<Void, StoaError>?>(nil)
        world.post(.removeExecutor(ExecutorID(101)) { left.value = $0 })
        world.pass(nanoseconds: 1_000_000_000)
        #expect(left.value == nil)
        for block in result.blocks { #expect(world.cluster.content(at: block.location) != nil) }
        result.release()
        world.pass { left.value != nil }
        #expect(throws: Never.self) { try left.value?.get() }
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func theLastOneDoesNotLeave() throws {
        let world = try world(executors: 1)
        let left = Holder<[Result<Void, StoaError>]>([])
        world.post(.removeExecutor(ExecutorID(100)) { left.value.append($0) })
        world.post(.removeExecutor(ExecutorID(7)) { left.value.append($0) })
        world.turn()
        let codes = left.value.map { if case .failure(let error) = $0 { error.code.rawValue } else { "left" } }
        #expect(codes == ["invalidArgument", "unknownName"])
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func whoWasToLeaveStaysWhenTheOthersDie() throws {
        var options = DriverOptions()
        options.replacesLostExecutors = false
        let world = try world(executors: 2, options: options)
        world.cluster.durationOf = { _, _ in 10_000_000 }
        let left = Holder<Result<Void, StoaError>?>(nil)
        world.at(1_000_000) { world.post(.removeExecutor(ExecutorID(101)) { left.value = $0 }) }
        world.at(3_000_000) { world.cluster.kill(world.cluster.all[0]) }
        try #require(world.outcome(of: Graphs.scan(10))).get().release()
        guard case .failure(let error) = left.value else {
            Issue.record("the last one left")
            return
        }
        #expect(error.message.contains("is the last executor"))
        expectEmpty(world, unpersisting: dataset)
    }

    // MARK: - By what there is to do

    @Test func executorsComeWithWorkAndLeaveWhenIdle() throws {
        var options = DriverOptions()
        var allocation = AllocationOptions(minimum: 1, maximum: 6)
        allocation.backlogNanoseconds = 10_000_000
        allocation.idleNanoseconds = 500_000_000
        options.allocation = allocation
        let world = try world(executors: 1, options: options)
        world.cluster.durationOf = { _, _ in 5_000_000 }
        try #require(world.outcome(of: Graphs.scan(200))).get().release()
        #expect(world.status()?.executors.count == 6)
        // What is persisted meanwhile moves to those that stay.
        try #require(world.outcome(of: persisting)).get().release()
        world.pass(nanoseconds: 3_000_000_000)
        #expect(world.status()?.executors.count == 1)
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6)
        expectEmpty(world, unpersisting: dataset)
    }
}
