import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// What the driver costs a task and a stage. Time is measured on whatever machine runs the tests, so the bounds are wide.
@Suite(.serialized) struct ScalingTests {
    private func secondsPerRun(_ graph: StageGraph, runs: Int) async throws -> Double {
        let driver = try Driver(cluster: AnsweringCluster(executorCount: 4, slots: 2))
        let start = MonotonicClock.nanoseconds
        for _ in 0..<runs { try await driver.run(graph).release() }
        let seconds = Double(MonotonicClock.nanoseconds - start) / 1e9
        #expect(try #require(await driver.tables()) == DriverTables())
        driver.stop()
        return seconds / Double(runs)
    }

    /// Both sizes do the same work in all, so that what else the machine does slows both; the best of a few tries counts.
    private func expectFlat(
        _ name: String, few: Int, many: Int, atMost bound: Double, _ graph: (Int) -> StageGraph
    ) async throws {
        var best = Double.infinity
        for _ in 0..<5 where best >= bound {
            let short = try await secondsPerRun(graph(few), runs: many / few) / Double(few)
            let long = try await secondsPerRun(graph(many), runs: 1) / Double(many)
            print("\(name): \(short * 1e6) us each of \(few), \(long * 1e6) us each of \(many)")
            best = min(best, long / short)
        }
        #expect(best < bound, "\(name): each of \(many) costs \(best) times as much as each of \(few)")
    }

    @Test func aTaskCostsTheSameAmongFewAndMany() async throws {
        try await expectFlat("tasks of a scan", few: 100, many: 100_000, atMost: 3) { Graphs.scan($0) }
        try await expectFlat("tasks of two stages", few: 100, many: 100_000, atMost: 3) {
            Graphs.chain(stages: 2, tasks: $0)
        }
        try await expectFlat("tasks read by one", few: 100, many: 100_000, atMost: 3) { tasks in
            StageGraph(stages: [
                Graphs.scan(tasks).stages[0],
                Graphs.stage(1, [[.blocks(StageID(0), partitions: 0..<tasks, bucket: nil)]]),
            ])
        }
    }

    @Test func aStageCostsTheSameInShortAndLongJobs() async throws {
        try await expectFlat("stages", few: 20, many: 5000, atMost: 4) { Graphs.chain(stages: $0, tasks: 1) }
    }

    @Test func aStageCostsLittle() async throws {
        let graph = Graphs.chain(stages: 100, tasks: 4)
        // The best of many runs: other tests take the cores away for milliseconds at a time.
        var stage = Double.infinity
        for _ in 0..<50 { stage = min(stage, try await secondsPerRun(graph, runs: 1) / 100) }
        print("\(stage * 1e6) us a stage of 4 tasks")
        // 6 us on two idle cores when optimised; the bound is for a busy machine and a debug build.
        #expect(stage < 2e-3)
    }
}
