import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// What the driver costs a task and a stage. Time is measured, so the bounds are wide; the printed numbers are not.
@Suite(.serialized) struct ScalingTests {
    private func secondsPerRun(_ graph: StageGraph, runs: Int) async throws -> Double {
        let driver = try Driver(cluster: AnsweringCluster(executorCount: 4, slots: 2))
        var times: [Double] = []
        for _ in 0..<runs {
            let start = MonotonicClock.nanoseconds
            let result = try await driver.run(graph)
            times.append(Double(MonotonicClock.nanoseconds - start) / 1e9)
            result.release()
        }
        #expect(try #require(await driver.tables()) == DriverTables())
        driver.stop()
        return times.min() ?? 0
    }

    @Test func aTaskCostsTheSameAmongFewAndMany() async throws {
        for (name, graph) in [
            ("scan", { Graphs.scan($0) }), ("chain", { Graphs.chain(stages: 2, tasks: $0) }),
            (
                "fan-in",
                { tasks in
                    StageGraph(stages: [
                        Graphs.scan(tasks).stages[0],
                        Graphs.stage(1, [[.blocks(StageID(0), partitions: 0..<tasks, bucket: nil)]]),
                    ])
                }
            ),
        ] as [(String, (Int) -> StageGraph)] {
            let few = try await secondsPerRun(graph(100), runs: 30) / 100
            let many = try await secondsPerRun(graph(100_000), runs: 3) / 100_000
            print("\(name): \(few * 1e6) us a task of 100, \(many * 1e6) us a task of 100,000")
            #expect(many < 3 * few, "\(name): \(few * 1e6) us a task of 100, \(many * 1e6) us a task of 100,000")
        }
    }

    @Test func aStageCostsLittle() async throws {
        let short = try await secondsPerRun(Graphs.chain(stages: 1, tasks: 4), runs: 200)
        let long = try await secondsPerRun(Graphs.chain(stages: 101, tasks: 4), runs: 50)
        let stage = (long - short) / 100
        print("\(stage * 1e6) us a stage of 4 tasks, \(short * 1e6) us a job of one stage")
        #if !DEBUG
            #expect(stage < 50e-6)
        #endif
    }

    @Test func aStageCostsTheSameInLongJobs() async throws {
        let few = try await secondsPerRun(Graphs.chain(stages: 20, tasks: 1), runs: 50) / 20
        let many = try await secondsPerRun(Graphs.chain(stages: 2000, tasks: 1), runs: 3) / 2000
        #expect(many < 4 * few, "\(few * 1e6) us a stage of 20, \(many * 1e6) us a stage of 2,000")
    }
}
