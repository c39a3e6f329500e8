import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Seeded runs in which executors die, join and leave, tasks fail or take long, blocks vanish or are given up for room, and
/// messages come late or twice. Each job ends with the result that it has on a quiet day, or with a documented error.
@Suite struct ChaosTests {
    /// What came of many runs.
    private struct Counts {
        var outcomes: [String: Int] = [:]
        var attempts = 0
        var losses = 0
    }

    @Test(arguments: 0..<8) func everyJobEndsAsDocumented(part: Int) throws {
        var counts = Counts()
        for seed in part * 60..<(part + 1) * 60 { try run(seed, &counts) }
        let outcomes = counts.outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print(
            "60 runs: \(counts.attempts) attempts, \(counts.losses) executors died; \(outcomes.joined(separator: ", "))"
        )
        #expect(counts.outcomes["succeeded", default: 0] > 100)
    }

    private func weather(using random: inout SplitMix64) -> Weather {
        func percent(_ highest: Double) -> Double {
            random.chance(50) ? 0 : Double.random(in: 0...highest, using: &random)
        }
        var weather = Weather()
        weather.failurePercent = percent(8)
        weather.fatalPercent = random.chance(20) ? 0.5 : 0
        weather.stragglerPercent = percent(5)
        weather.strayPercent = percent(10)
        weather.lossPercent = percent(4)
        weather.notStartedPercent = random.chance(20) ? 30 : 0
        weather.evictionPercent = percent(10)
        weather.vanishingPercent = percent(3)
        return weather
    }

    private func run(_ seed: Int, _ counts: inout Counts) throws {
        var random = SplitMix64(seed: seed)
        let weather = weather(using: &random)
        var options = DriverOptions()
        if random.chance(60) {
            var speculation = SpeculationOptions()
            speculation.minimumNanoseconds = 3_000_000
            speculation.intervalNanoseconds = 1_000_000
            options.speculation = speculation
        }
        let world = try SimulatedWorld(
            executors: Int.random(in: 1...6, using: &random), slots: Int.random(in: 1...3, using: &random),
            weather: weather, options: options, seed: seed)
        let datasetCount = 4
        let jobs = SimulatedJobs(datasetCount: datasetCount)
        let jobCount = Int.random(in: 1...8, using: &random)
        let ids = Holder<[JobID]>([])
        let results = Holder<[JobResult]>([])
        let outcomes = Holder<[String]>([])
        // The order of what is planned for is drawn now, what it does is drawn when it happens.
        let later = Holder(SplitMix64(seed: seed + 1_000_000))
        for _ in 0..<jobCount {
            world.at(Int.random(in: 0...30_000_000, using: &random)) {
                let graph = jobs.graph(using: &later.value, held: world.held)
                ids.value.append(
                    world.run(graph) { result in
                        switch result {
                        case .success(let done):
                            check(done, of: graph, world, seed, mayVanish: weather.vanishingPercent > 0)
                            outcomes.value.append("succeeded")
                            if later.value.chance(70) { done.release() } else { results.value.append(done) }
                        case .failure(let error):
                            outcomes.value.append(error.code.rawValue)
                            #expect(isDocumented(error, weather), "seed \(seed): \(error)")
                        }
                    })
            }
        }
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let choice = Int.random(in: 0..<4, using: &random)
            world.at(Int.random(in: 0...60_000_000, using: &random)) {
                switch choice {
                case 0: world.post(.addExecutor { _ in })
                case 1:
                    if let executor = world.cluster.alive.randomElement(using: &later.value) {
                        world.post(.removeExecutor(executor.description.id) { _ in })
                    }
                case 2: world.post(.unpersist(DatasetID(Int.random(in: 0..<datasetCount, using: &later.value))))
                default: if let job = ids.value.randomElement(using: &later.value) { world.post(.cancel(job)) }
                }
            }
        }
        #expect(world.pass { outcomes.value.count == jobCount }, "seed \(seed) is stuck: \(world.tables())")
        for result in results.value { result.release() }
        world.cluster.weather.lossPercent = 0
        world.pass(nanoseconds: 2_000_000_000)
        try checkWhatIsLeft(world, seed, mayVanish: weather.vanishingPercent > 0)
        for dataset in 0..<datasetCount { world.post(.unpersist(DatasetID(dataset))) }
        world.turn()
        #expect(world.cluster.heldBlocks.isEmpty, "seed \(seed)")
        world.stop()
        #expect(world.cluster.isStopped && world.cluster.mistakes == [], "seed \(seed)")
        for outcome in outcomes.value { counts.outcomes[outcome, default: 0] += 1 }
        counts.attempts += world.cluster.submittedCount
        counts.losses += world.cluster.lossCount
    }

    private func check(_ result: JobResult, of graph: StageGraph, _ world: SimulatedWorld, _ seed: Int, mayVanish: Bool)
    {
        #expect(result.blocks.count == graph.result.tasks.count)
        let expected = SimulatedJobs.contents(of: graph)
        for (partition, block) in result.blocks.enumerated() {
            // The driver may not know yet that an executor is dead.
            guard let executor = world.cluster[block.location.executor], executor.isAlive else { continue }
            let content = world.cluster.content(at: block.location)
            #expect(
                content == expected[expected.count - 1][partition].value(bucket: 0) || (content == nil && mayVanish),
                "seed \(seed), partition \(partition)")
        }
        // Whatever was tried again counts once; a stage whose dataset was there has read nothing.
        for (report, stage) in zip(result.stages, graph.stages) {
            #expect([0, 10 * stage.tasks.count].contains(report.metrics.rowsRead), "seed \(seed), \(stage.id)")
        }
    }

    private func isDocumented(_ error: StoaError, _ weather: Weather) -> Bool {
        switch error.code {
        case .overflow: weather.fatalPercent > 0 && error.location.stage != nil && error.location.partition != nil
        case .cancelled: true
        case .inputOutputFailed:
            error.message.contains("tried 4 times, the last time on") && error.location.stage != nil
        case .executorLost:
            error.message.contains("tried 4 times, the last time on") || error.message.contains("no executor is left")
        case .blockLost: error.message.contains("vanished") && error.location.stage != nil
        case .engineFailed: weather.notStartedPercent > 0 && error.message.contains("no executor is left")
        // A dataset was unpersisted between the planning and the start.
        case .unknownName: error.isRetryable
        default: false
        }
    }

    private func checkWhatIsLeft(_ world: SimulatedWorld, _ seed: Int, mayVanish: Bool) throws {
        let tables = world.tables()
        #expect(tables.isEmptyOfJobs, "seed \(seed): \(tables)")
        #expect(
            tables.copiesUnderWay + tables.drainingExecutors + tables.executorRequests == 0, "seed \(seed): \(tables)")
        let held = world.cluster.heldBlocks
        for location in held {
            guard case .dataset(let dataset, let partition) = location.block else {
                Issue.record("seed \(seed): \(location) is left")
                continue
            }
            #expect(
                world.cluster.content(at: location)
                    == SimulatedJobs.content(of: dataset.value, partition).value(bucket: 0), "seed \(seed)")
        }
        let status = try #require(world.status())
        for executor in world.cluster.alive {
            let id = executor.description.id
            let listed = status.datasets.reduce(0) { $0 + $1.partitionsByExecutor[id, default: 0] }
            let count = executor.blocks.count
            #expect(
                count == listed || (count < listed && mayVanish),
                "seed \(seed): \(id) holds \(executor.blocks.keys), the driver lists \(listed)")
        }
    }
}
