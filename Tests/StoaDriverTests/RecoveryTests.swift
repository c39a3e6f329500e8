import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// What is computed again when executors die or give up blocks: only what somebody needs.
@Suite struct RecoveryTests {
    private let dataset = DatasetID(3)

    private func world(
        executors: Int, slots: Int = 2, options: DriverOptions = DriverOptions(), weather: Weather = Weather()
    ) throws -> SimulatedWorld {
        let world = try SimulatedWorld(executors: executors, slots: slots, weather: weather, options: options)
        world.cluster.isLogging = true
        return world
    }

    /// Persists six partitions from an exchange of four tasks, then reads them.
    private var persisting: StageGraph {
        StageGraph(stages: [
            Graphs.stage(0, Array(repeating: [Graphs.file], count: 4), output: .buckets(keys: [], count: 6)),
            Graphs.stage(
                1, (0..<6).map { [.blocks(StageID(0), partitions: 0..<4, bucket: $0)] }, output: .persist(dataset)),
            Graphs.stage(2, [(0..<6).map { .materialized(StageID(1), dataset, partition: $0) }]),
        ])
    }

    private var reading: StageGraph { Graphs.reading(dataset, partitions: 6) }

    private func result(_ outcome: Result<JobResult, StoaError>?) throws -> JobResult { try #require(outcome).get() }

    @Test func aDeadExecutorsTasksRunElsewhere() throws {
        let world = try world(executors: 3)
        let dying = world.cluster.all[1]
        world.at(700_000) { world.cluster.kill(dying) }
        let result = try result(world.outcome(of: Graphs.scan(12)))
        #expect(result.blocks.allSatisfy { $0.location.executor != dying.description.id })
        #expect(result.stages[0].retryCount > 0)
        // Another one has come.
        world.pass(nanoseconds: 20_000_000)
        #expect(world.status()?.executors.map(\.description.id) == [100, 102, 103].map { ExecutorID($0) })
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func onlyLostBlocksAreComputedAgain() throws {
        let world = try world(executors: 4, slots: 1)
        // The readers begin when all eight blocks are there; then an executor dies with its two.
        world.cluster.durationOf = { task, _ in task.id.stage.value == 1 ? 50_000_000 : 1_000_000 }
        world.at(20_000_000) { world.cluster.kill(world.cluster.all[2]) }
        let graph = Graphs.exchange(maps: 8, buckets: 8)
        let result = try result(world.outcome(of: graph))
        let maps = world.cluster.log.filter { $0.task.id.stage.value == 0 }
        let lost = maps.prefix(8).filter { $0.executor == ExecutorID(102) }.map(\.task.id.partition)
        #expect(!lost.isEmpty)
        #expect(maps.dropFirst(8).map(\.task.id.partition).sorted() == lost.sorted())
        // Readers that ran had read what they needed.
        #expect(world.cluster.log.count <= 16 + lost.count + 8)
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// A chain of stages: the blocks of all but the last have been dropped when an executor dies, and its part of the whole
    /// chain runs again.
    @Test func droppedAncestorsRunAgainForWhatIsNeeded() throws {
        let world = try world(executors: 4, slots: 1)
        let chain = Graphs.chain(stages: 4, tasks: 8).stages
        let graph = StageGraph(
            stages: chain + [Graphs.stage(4, [[.blocks(StageID(3), partitions: 0..<8, bucket: nil)]])])
        var killed: [Int] = []
        world.cluster.durationOf = { task, executor in
            // The last task reads when it begins: who dies then is one whose block it has not got.
            if task.id.stage.value == 3, task.id.partition == 7, killed.isEmpty {
                killed = world.cluster.log.filter {
                    $0.task.id.stage.value == 3 && $0.executor == ExecutorID(101)
                }.map(\.task.id.partition)
                world.at(3_000_000) { world.cluster.kill(world.cluster.all[1]) }
                return 10_000_000
            }
            return 1_000_000
        }
        let result = try result(world.outcome(of: graph))
        for stage in 0..<4 {
            let again = world.cluster.log.filter { $0.task.id.stage.value == stage }.dropFirst(8).map(
                \.task.id.partition)
            #expect(Set(again).isSubset(of: Set(killed)), "stage \(stage)")
            if stage < 3 { #expect(Set(again) == Set(killed), "stage \(stage)") }
        }
        #expect(
            world.cluster.content(at: result.blocks[0].location)
                == SimulatedJobs.contents(of: graph)[4][0].value(bucket: 0))
        // Every task counts once.
        #expect(result.metrics.rowsRead == 10 * 33)
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func aTaskThatKillsExecutorsEndsItsJob() throws {
        let world = try world(executors: 4)
        world.cluster.durationOf = { task, executor in
            if task.id.partition == 5 {
                world.at(100_000) { world.cluster[executor].map(world.cluster.kill) }
            }
            return nil
        }
        guard case .failure(let error) = world.outcome(of: Graphs.scan(6)) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.code == .executorLost && error.location.partition != nil)
        #expect(error.message.contains("stage number 0: tried 4 times, the last time on simulated"))
        #expect(world.cluster.lossCount == 4)
        world.cluster.durationOf = nil
        // The session lives on.
        try result(world.outcome(of: Graphs.scan(6))).release()
        expectEmpty(world, unpersisting: dataset)
    }

    // MARK: - Datasets

    @Test func aReaderComputesTheLostPartitionsOfADataset() throws {
        let world = try world(executors: 3)
        try result(world.outcome(of: persisting)).release()
        let dying = world.cluster.all[0]
        let lost = dying.blocks.keys.compactMap { block in
            if case .dataset(dataset, let partition) = block { partition } else { nil }
        }
        #expect(!lost.isEmpty && lost.count < 6)
        world.cluster.kill(dying)
        world.pass(nanoseconds: 20_000_000)
        // The planner still sees all of it, the status does not.
        #expect(world.held.heldDataset(dataset)?.rowCounts.count == 6)
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6 - lost.count)
        let before = world.cluster.log.count
        let result = try result(world.outcome(of: reading))
        let log = world.cluster.log.dropFirst(before)
        let persisted = log.filter { if case .persist = $0.task.output { true } else { false } }
        #expect(persisted.map(\.task.id.partition).sorted() == lost.sorted())
        // The exchange before it was gone: its four tasks run once, whatever bucket is wanted.
        #expect(log.filter { if case .buckets = $0.task.output { true } else { false } }.count == 4)
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6)
        let expected = SimulatedJobs.contents(of: persisting)[1]
        for block in world.cluster.heldBlocks where block.block.dataset != nil {
            guard case .dataset(_, let partition) = block.block else { continue }
            #expect(world.cluster.content(at: block) == expected[partition].value(bucket: 0))
        }
        // Rebuilding is no stage of the job.
        #expect(result.stages.count == 1)
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// What another job has computed and counted is not counted again by the job that computes lost partitions of it.
    @Test func rebuiltPartitionsOfAnotherJobDoNotCountAgain() throws {
        let world = try world(executors: 3)
        let rows = Accumulator<Int64>(name: "rows")
        world.cluster.accumulatorsOf = { task in
            guard case .persist = task.output else { return [] }
            return [AccumulatorUpdate(id: rows.id, payload: [UInt8(task.id.partition)])]
        }
        let first = try result(world.outcome(of: persisting))
        #expect(first.accumulators.map(\.payload) == (0..<6).map { [UInt8($0)] })
        first.release()
        // The second job finds the dataset held; then the executor dies that reads it, with its own part of it.
        var reader: ExecutorID?
        world.cluster.durationOf = { task, executor in
            if task.id.stage.value == 2 { reader = reader ?? executor }
            return task.id.stage.value == 2 ? 50_000_000 : 1_000_000
        }
        world.at(30_000_000) {
            if let dying = world.cluster.all.first(where: { $0.description.id == reader }) { world.cluster.kill(dying) }
        }
        let before = world.cluster.log.count
        let second = try result(world.outcome(of: persisting))
        let log = world.cluster.log.dropFirst(before)
        #expect(log.contains { if case .persist = $0.task.output { true } else { false } })
        #expect(second.accumulators.isEmpty)
        second.release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// Each task that ends well adds its job, stage and partition to an accumulator.
    private func addPlaces(in world: SimulatedWorld) {
        let places = Accumulator<Int64>(name: "places")
        world.cluster.accumulatorsOf = { task in
            let place = [task.id.job.value, task.id.stage.value, task.id.partition]
            return [AccumulatorUpdate(id: places.id, payload: place.map(UInt8.init))]
        }
    }

    /// What went into a dataset counts once, with the first job that reads it and ends well, when its own job has failed.
    @Test func additionsOutliveTheJobThatPersisted() throws {
        let world = try world(executors: 2)
        addPlaces(in: world)
        // The last stage of a job that persists, and then one that reads.
        world.cluster.failureOf = { task, _ in
            task.id.stage.value == 2 || task.id.job == JobID(1) ? StoaError(.overflow, "too much") : nil
        }
        for graph in [persisting, reading] {
            #expect(throws: StoaError.self) { try result(world.outcome(of: graph)) }
        }
        world.cluster.failureOf = nil
        let first = try result(world.outcome(of: reading))
        let persisted: [[UInt8]] = (0..<4).map { [0, 0, $0] } + (0..<6).map { [0, 1, $0] }
        #expect(first.accumulators.map(\.payload) == persisted + (0..<6).map { [2, 0, $0] })
        first.release()
        let second = try result(world.outcome(of: reading))
        #expect(second.accumulators.map(\.payload) == (0..<6).map { [3, 0, $0] })
        second.release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// Two jobs want to persist the same: the second one waits, and reads what the first has left, which then fails.
    @Test func additionsOfAFoundDatasetCountOnce() throws {
        let world = try world(executors: 2)
        addPlaces(in: world)
        world.cluster.failureOf = { task, _ in
            task.id.stage.value == 2 && task.id.job == JobID(0) ? StoaError(.overflow, "too much") : nil
        }
        let outcomes = Holder<[Result<JobResult, StoaError>]>([])
        _ = world.run(persisting) { outcomes.value.append($0) }
        _ = world.run(persisting) { outcomes.value.append($0) }
        world.pass { outcomes.value.count == 2 }
        let second = try #require(outcomes.value.compactMap { try? $0.get() }.first)
        // Each job has run the stage before.
        let expected: [[UInt8]] =
            (0..<6).map { [0, 1, $0] } + (0..<4).map { [1, 0, $0] } + [[1, 2, 0]]
        #expect(second.accumulators.map(\.payload) == expected)
        second.release()
        let third = try result(world.outcome(of: reading))
        #expect(third.accumulators.map(\.payload) == (0..<6).map { [2, 0, $0] })
        third.release()
        expectEmpty(world, unpersisting: dataset)
    }

    /// Partitions that were given up for room are computed for the reader alone: to persist them would push out others.
    @Test func whatWasGivenUpForRoomIsNotPersistedAgain() throws {
        let world = try world(executors: 2)
        try result(world.outcome(of: persisting)).release()
        for executor in world.cluster.all {
            for block in executor.blocks.keys
            where block == .dataset(dataset, partition: 1) || block == .dataset(dataset, partition: 4) {
                world.cluster.remove(block, from: executor, isTold: true)
            }
        }
        world.pass(nanoseconds: 10_000_000)
        let before = world.cluster.log.count
        try result(world.outcome(of: reading)).release()
        let outputs = world.cluster.log.dropFirst(before).map(\.task.output)
        #expect(!outputs.contains { if case .persist = $0 { true } else { false } })
        #expect(world.status()?.datasets.first?.heldPartitionCount == 4)
        expectEmpty(world, unpersisting: dataset)
    }

    /// Nobody says that the blocks are gone: the reader finds out.
    @Test func missingBlocksAreNoFaultOfTheReader() throws {
        let world = try world(executors: 2)
        try result(world.outcome(of: persisting)).release()
        for executor in world.cluster.all { executor.blocks = [:] }
        let result = try result(world.outcome(of: reading))
        #expect(result.stages[0].retryCount == 0)
        result.release()
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6)
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func aDatasetOfAGoneDatasetIsRebuiltFromItsLineage() throws {
        let world = try world(executors: 2)
        try result(world.outcome(of: persisting)).release()
        let derived = DatasetID(4)
        let deriving = StageGraph(stages: [
            Graphs.stage(0, (0..<6).map { [.dataset(dataset, partition: $0)] }, output: .persist(derived)),
            Graphs.stage(1, [(0..<6).map { .materialized(StageID(0), derived, partition: $0) }]),
        ])
        try result(world.outcome(of: deriving)).release()
        world.post(.unpersist(dataset))
        world.turn()
        for executor in world.cluster.all { executor.blocks = [:] }
        let graph = StageGraph(stages: [Graphs.stage(0, (0..<6).map { [.dataset(derived, partition: $0)] })])
        let result = try result(world.outcome(of: graph))
        #expect(result.blocks.count == 6)
        // The gone dataset is not held again.
        #expect(world.status()?.datasets.map(\.id) == [derived])
        result.release()
        world.post(.unpersist(derived))
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func dataGivenInMemoryCannotBeComputedAgain() throws {
        let world = try world(executors: 2)
        world.give(dataset, partitions: 6)
        world.cluster.kill(world.cluster.all[1])
        world.pass(nanoseconds: 20_000_000)
        guard case .failure(let error) = world.outcome(of: reading) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.code == .blockLost && error.message.contains("which was given in memory, was lost"))
        expectEmpty(world, unpersisting: dataset)
    }

    @Test(arguments: [1, 3]) func whatTheClusterHasKeptIsBroughtBack(executors: Int) throws {
        let world = try world(executors: executors)
        world.cluster.keepsGiven = true
        world.give(dataset, partitions: 6)
        world.cluster.kill(world.cluster.all[0])
        let result = try result(world.outcome(of: reading))
        #expect(result.blocks.count == 6)
        #expect(world.status()?.datasets.first?.heldPartitionCount == 6)
        result.release()
        expectEmpty(world, unpersisting: dataset)
    }

    @Test func blocksThatAlwaysVanishEndTheJob() throws {
        let world = try world(executors: 2)
        world.cluster.durationOf = { task, _ in
            if task.id.stage.value == 1 {
                for executor in world.cluster.all { executor.blocks = [:] }
            }
            return nil
        }
        guard case .failure(let error) = world.outcome(of: Graphs.exchange(maps: 2, buckets: 1)) else {
            Issue.record("the job ended well")
            return
        }
        #expect(error.code == .blockLost && error.message.contains("vanished 9 times"))
        #expect(error.location.stage == 0)
        expectEmpty(world, unpersisting: dataset)
    }
}
