import Glibc
import StoaColumns
import StoaCoreGroups
import StoaDriver
import StoaExecution
import StoaPlan
import StoaTasks
import Synchronization
import Testing

/// When the delaying function last ended, in the clock's nanoseconds, by the number of executors of the test case.
private let lastCalls = Mutex<[Int: Int]>([:])

/// The driver with real executors in between: rows arrive in order whatever runs where, and nothing stays behind.
@Suite struct DriverOnCoreGroupsTests {
    private let schema = Schema([Field("x", .int64, isNullable: false)])
    private let dataset = DatasetID(1)
    private let partitionCount = 24

    /// Gives each batch back, after a while.
    struct Delay: BatchFunction {
        var microseconds: UInt32
        /// Whose calls these are: cases with other numbers of executors run beside this one.
        var executors = 0

        func outputSchema(for input: Schema) throws -> Schema { input }

        func callAsFunction(_ batch: Batch) throws -> Batch {
            if microseconds > 0 { usleep(microseconds) }
            lastCalls.withLock { $0[executors] = MonotonicClock.nanoseconds }
            return batch
        }
    }

    /// A driver, executors, and a dataset on them whose partition p holds `batches` batches of one row: p, p, ...
    private func open(
        executors: Int, threads: Int, batches: Int = 1
    ) throws -> (driver: Driver, cluster: CoreGroupCluster) {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = threads
        let cluster = try CoreGroupCluster(topology: .machine(), options: options)
        let driver = try Driver(cluster: TravellingCluster(cluster))
        let blocks = (0..<partitionCount).map { partition in
            let rows = (0..<batches).map { _ in
                Batch(unchecked: schema, columns: [Column([Int64(partition)])], rowCount: 1)
            }
            let executor = cluster.executors[partition % executors].id
            let summary = cluster.put(rows, id: .dataset(dataset, partition: partition), on: executor)
            return LocatedBlock(
                location: BlockLocation(block: summary.id, executor: executor), rowCount: summary.rowCount,
                byteCount: summary.byteCount)
        }
        driver.register(dataset, blocks: blocks)
        return (driver, cluster)
    }

    /// Partitions through a slow function, then each pair, then everything in one.
    private func graph(delay: UInt32, executors: Int = 0) throws -> StageGraph {
        let map = try PhysicalPlan.map(
            UserFunction(encoding: Delay(microseconds: delay, executors: executors)), schema, .input(0, schema))
        func stage(_ id: Int, _ plan: PhysicalPlan, _ tasks: [[StageInput]]) -> Stage {
            Stage(
                id: StageID(id), label: "stage", pipelines: [plan], tasks: tasks.map { StageTask(inputs: $0) },
                output: .block, schema: schema)
        }
        let pairs = (0..<(partitionCount / 2)).map { $0 * 2..<($0 * 2 + 2) }
        return StageGraph(stages: [
            stage(0, map, (0..<partitionCount).map { [.dataset(dataset, partition: $0)] }),
            stage(1, .input(0, schema), pairs.map { [.blocks(StageID(0), partitions: $0, bucket: nil)] }),
            stage(2, .input(0, schema), [[.blocks(StageID(1), partitions: 0..<pairs.count, bucket: nil)]]),
        ])
    }

    private func expectNothingLeft(_ driver: Driver, _ cluster: CoreGroupCluster) async throws {
        driver.unpersist(dataset)
        #expect(try #require(await driver.tables()) == DriverTables())
        for executor in cluster.executors { #expect(cluster.taskExecutor(executor.id).store.ids.isEmpty) }
        driver.stop()
    }

    @Test(arguments: [(1, 1), (1, 4), (3, 2), (8, 8)])
    func rowsComeInOrder(executors: Int, threads: Int) async throws {
        let (driver, cluster) = try open(executors: executors, threads: threads)
        let graph = try graph(delay: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10 {
                        let result = try await driver.run(graph)
                        let rows = try cluster.rows(at: result.blocks[0].location)
                        let values = try rows.flatMap { try $0.columns[0].array(of: Int64.self) }
                        #expect(values == (0..<partitionCount).map(Int64.init))
                        result.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        try await expectNothingLeft(driver, cluster)
    }

    /// Executors come and go while jobs run: the rows are the same, and what was given in memory moves along.
    @Test func rowsComeInOrderWhileExecutorsChange() async throws {
        let (driver, cluster) = try open(executors: 2, threads: 2)
        let graph = try graph(delay: 200, executors: 22)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<15 {
                        let result = try await driver.run(graph)
                        let rows = try cluster.rows(at: result.blocks[0].location)
                        let values = try rows.flatMap { try $0.columns[0].array(of: Int64.self) }
                        #expect(values == (0..<partitionCount).map(Int64.init))
                        result.release()
                    }
                }
            }
            group.addTask {
                for round in 0..<8 {
                    let added = try await driver.addExecutor()
                    #expect(added == ExecutorID(2 + round))
                    let oldest = try #require(driver.activeExecutors.all.first)
                    try await driver.removeExecutor(oldest)
                }
            }
            try await group.waitForAll()
        }
        let status = try #require(await driver.status())
        #expect(status.executors.map(\.description.id) == [8, 9].map { ExecutorID($0) })
        #expect(status.datasets.map(\.heldPartitionCount) == [partitionCount])
        driver.unpersist(dataset)
        #expect(try #require(await driver.tables()) == DriverTables())
        for executor in status.executors { #expect(cluster.taskExecutor(executor.description.id).store.ids.isEmpty) }
        driver.stop()
    }

    /// Cancelled at moments from before the start to after the end.
    @Test(arguments: [(1, 2), (4, 2)])
    func cancellationLeavesNothing(executors: Int, threads: Int) async throws {
        let (driver, cluster) = try open(executors: executors, threads: threads, batches: 100)
        let graph = try graph(delay: 500, executors: executors)
        var longest = 0
        var cancelledCount = 0
        for delay in [0, 10, 50, 100, 300, 1000, 3000, 10_000, 30_000] {
            let job = Task { try await driver.run(graph) }
            try await Task.sleep(for: .microseconds(delay))
            let start = MonotonicClock.nanoseconds
            job.cancel()
            do {
                try await job.value.release()
            } catch let error as StoaError {
                #expect(error.code == .cancelled)
                cancelledCount += 1
            }
            longest = max(longest, lastCalls.withLock { $0[executors] ?? 0 } - start)
            let tables = try #require(await driver.tables())
            #expect(tables.isEmptyOfJobs)
            #expect(tables.runningAttempts == 0)
        }
        #expect(cancelledCount > 0)
        #expect(longest < 1_000_000_000, "the executors worked on for \(longest) ns")
        try await expectNothingLeft(driver, cluster)
    }
}
