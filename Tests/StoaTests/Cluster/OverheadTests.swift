import StoaColumns
import StoaCoreGroups
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// What a small task costs through real executors. Time is measured on whatever machine runs the tests, so that only ratios
/// are judged, of runs that do the same work in all.
@Suite(.serialized) struct OverheadTests {
    private static let schema = Schema([Field("x", .int64, isNullable: false)])
    private static let partitions = 16

    /// Runs `body` with a driver over executors that hold a dataset of one row a partition.
    private func withDriver<Result>(_ body: (Driver, DatasetID) async throws -> Result) async throws -> Result {
        let cluster = try CoreGroupCluster(topology: .machine())
        let driver = try Driver(cluster: cluster)
        defer { driver.stop() }
        let dataset = DatasetID(1)
        let row = Batch(unchecked: Self.schema, columns: [Column([Int64(7)])], rowCount: 1)
        let executor = cluster.executors[0].id
        driver.register(
            dataset,
            blocks: (0..<Self.partitions).map { partition in
                let block = cluster.put([row], id: .dataset(dataset, partition: partition), on: executor)
                return LocatedBlock(
                    location: .init(block: block.id, executor: executor), rowCount: 1, byteCount: block.byteCount)
            })
        let result = try await body(driver, dataset)
        #expect(try #require(await driver.tables()).isEmptyOfJobs)
        return result
    }

    private func scan(_ dataset: DatasetID, tasks: Int) -> StageGraph {
        let inputs = (0..<tasks).map { StageTask(inputs: [.dataset(dataset, partition: $0 % Self.partitions)]) }
        return StageGraph(stages: [
            Stage(
                id: StageID(0), label: "scan", pipelines: [.input(0, Self.schema)], tasks: inputs, output: .block,
                schema: Self.schema)
        ])
    }

    @Test func aTaskCostsTheSameAmongFewAndMany() async throws {
        try await withDriver { driver, dataset in
            func secondsPerTask(_ tasks: Int, runs: Int) async throws -> Double {
                let graph = scan(dataset, tasks: tasks)
                let start = MonotonicClock.nanoseconds
                for _ in 0..<runs {
                    let result = try await driver.run(graph)
                    #expect(result.blocks.count == tasks && result.metrics.rowsWritten == tasks)
                    result.release()
                }
                return Double(MonotonicClock.nanoseconds - start) / 1e9 / Double(tasks * runs)
            }
            let bound = 3.0
            var best = Double.infinity
            for _ in 0..<5 where best >= bound {
                let few = try await secondsPerTask(100, runs: 1000)
                let many = try await secondsPerTask(100_000, runs: 1)
                print("\(few * 1e6) us each of 100 tasks, \(many * 1e6) us each of 100,000")
                best = min(best, many / few)
            }
            #expect(best < bound, "each of 100,000 tasks costs \(best) times as much as each of 100")
        }
    }

    /// A batch of small tasks must not keep a second job's tasks waiting until all of it is done.
    @Test func aSmallJobPassesALargeOne() async throws {
        try await withDriver { driver, dataset in
            let large = scan(dataset, tasks: 200_000)
            let small = scan(dataset, tasks: 1)
            var isFaster = false
            for _ in 0..<5 where !isFaster {
                async let running = driver.run(large)
                try await driver.run(small).release()
                let smallEnd = MonotonicClock.nanoseconds
                try await running.release()
                let largeEnd = MonotonicClock.nanoseconds
                isFaster = smallEnd < largeEnd
            }
            #expect(isFaster)
        }
    }
}
