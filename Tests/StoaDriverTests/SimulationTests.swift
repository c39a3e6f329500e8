import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Synchronization
import Testing

/// Random jobs on a simulated cluster that answers in random order, fails, cancels, and says things twice and late.
@Suite struct SimulationTests {
    /// What may go wrong in one simulation.
    struct Weather {
        var failurePercent = 0
        var fatalPercent = 0
        var strayPercent = 0
        var cancelledJobPercent = 0
        /// Whether datasets are unpersisted while jobs use them.
        var isUnpersisting = false
    }

    @Test(arguments: 0..<60) func answersInAnyOrder(seed: Int) async throws {
        try await simulate(seed: seed, Weather())
    }

    @Test(arguments: 0..<60) func failuresAreRetried(seed: Int) async throws {
        try await simulate(seed: seed, Weather(failurePercent: 20, strayPercent: 20))
    }

    @Test(arguments: 0..<60) func fatalFailuresEndOneJob(seed: Int) async throws {
        try await simulate(seed: seed, Weather(failurePercent: 10, fatalPercent: 4, strayPercent: 20))
    }

    @Test(arguments: 0..<120) func anythingHappens(seed: Int) async throws {
        try await simulate(
            seed: seed,
            Weather(
                failurePercent: 10, fatalPercent: 2, strayPercent: 20, cancelledJobPercent: 40, isUnpersisting: true))
    }

    private func simulate(seed: Int, _ weather: Weather) async throws {
        var random = SplitMix64(seed: seed)
        let cluster = SimulatedCluster(
            executorCount: Int.random(in: 1...4, using: &random), slots: Int.random(in: 1...3, using: &random),
            nodes: 2,
            isStrict: weather.strayPercent == 0)
        let driver = try Driver(cluster: cluster)
        let datasets = (0..<3).map { DatasetID($0) }
        let jobs = (0..<Int.random(in: 1...5, using: &random)).map { _ in
            (Graphs.random(using: &random, persisting: datasets), random.chance(weather.cancelledJobPercent))
        }
        let scriptSeed = Int.random(in: 0..<1_000_000, using: &random)
        let script = try NamedThread.start(name: "script") {
            Self.answer(cluster, driver, seed: scriptSeed, weather, datasets)
        }
        let outcomes = await withTaskGroup(of: (Int, Result<JobResult, StoaError>).self) { group in
            for (index, (graph, isCancelled)) in jobs.enumerated() {
                let delay = Int.random(in: 0..<300, using: &random)
                group.addTask {
                    let job = Task { () -> Result<JobResult, StoaError> in
                        do throws(StoaError) { return .success(try await driver.run(graph)) } catch {
                            return .failure(error)
                        }
                    }
                    if isCancelled {
                        try? await Task.sleep(for: .microseconds(delay))
                        job.cancel()
                    }
                    return (index, await job.value)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        cluster.endScript()
        script.join()

        for (index, outcome) in outcomes {
            let (graph, isCancelled) = jobs[index]
            switch outcome {
            case .success(let result):
                try check(result, of: graph, on: cluster)
                result.release()
                result.release()
            case .failure(let error) where error.code == .cancelled: #expect(isCancelled)
            case .failure(let error):
                #expect(weather.fatalPercent > 0 || (weather.failurePercent > 0 && error.code == .executorLost))
                #expect(error.location.stage != nil && error.location.partition != nil)
            }
        }
        let tables = try #require(await driver.tables())
        #expect(tables.isEmptyOfJobs, "\(tables)")
        #expect(tables.heldDatasets == datasets.count { driver.heldDatasets.heldDataset($0) != nil })
        // What is left belongs to whole datasets, and goes with them.
        let left = cluster.heldBlocks.map(\.block)
        let expected = datasets.flatMap { id in
            (driver.heldDatasets.heldDataset(id)?.rowCounts ?? []).indices.map { BlockID.dataset(id, partition: $0) }
        }
        #expect(Set(left) == Set(expected) && left.count == expected.count)
        for dataset in datasets { driver.unpersist(dataset) }
        _ = await driver.tables()
        #expect(cluster.heldBlocks.isEmpty)
        driver.stop()
        #expect(cluster.hasStopped)
        #expect(cluster.mistakesSoFar == [])
    }

    private func check(_ result: JobResult, of graph: StageGraph, on cluster: SimulatedCluster) throws {
        #expect(
            result.blocks.map(\.location.block)
                == graph.result.tasks.indices.map {
                    .stage(result.job, graph.result.id, partition: $0, bucket: nil)
                })
        let held = cluster.heldBlocks
        for block in result.blocks { #expect(held.contains(block.location)) }
        #expect(result.stages.map(\.taskCount) == graph.stages.map(\.tasks.count))
        #expect(result.stages.allSatisfy { $0.durationNanoseconds >= 0 && $0.readyNanoseconds >= 0 })
    }

    /// Answers attempts until the script is ended and none is left.
    private static func answer(
        _ cluster: SimulatedCluster, _ driver: Driver, seed: Int, _ weather: Weather, _ datasets: [DatasetID]
    ) {
        var random = SplitMix64(seed: seed)
        var past: [SimulatedCluster.Attempt] = []
        while let attempt = cluster.nextAttempt(choose: { Int.random(in: $0, using: &random) }) {
            if weather.isUnpersisting, random.chance(5), let dataset = datasets.randomElement(using: &random) {
                driver.unpersist(dataset)
            }
            if random.chance(weather.strayPercent), let old = past.randomElement(using: &random) {
                sayAgain(old, to: cluster, using: &random)
            }
            if attempt.isCancelled, random.chance(70) {
                cluster.confirmCancellation(of: attempt)
            } else if random.chance(weather.fatalPercent) {
                cluster.fail(attempt, StoaError(.overflow, "too much"))
            } else if random.chance(weather.failurePercent) {
                cluster.fail(
                    attempt, StoaError(.executorLost, source: .environment, "lost", isRetryable: true))
            } else {
                cluster.finish(attempt)
            }
            past.append(attempt)
        }
    }

    /// A late or second answer. Blocks that such an answer claims are not there any more, or are the ones of the first.
    private static func sayAgain(
        _ attempt: SimulatedCluster.Attempt, to cluster: SimulatedCluster, using random: inout SplitMix64
    ) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: cluster.send(.taskCancelled(attempt.id, attempt.executor))
        case 1:
            cluster.send(.taskFailed(attempt.id, attempt.executor, TaskFailure(StoaError(.overflow, "said late"))))
        default:
            var report = SimulatedCluster.report(of: attempt.task)
            let held = cluster.heldBlocks
            report.blocks.removeAll { !held.contains(BlockLocation(block: $0.id, executor: attempt.executor)) }
            cluster.send(.taskFinished(attempt.id, attempt.executor, report))
        }
    }
}
