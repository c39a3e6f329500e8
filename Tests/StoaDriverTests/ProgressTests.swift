import StoaColumns
import StoaDriver
import StoaTasks
import Testing

/// How far jobs are.
@Suite struct ProgressTests {
    @Test func theStatusTellsHowFarAJobIs() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 8)
        let driver = try Driver(cluster: cluster)
        async let running = driver.run(Graphs.exchange(maps: 8, buckets: 3))
        await cluster.waitForAttempts(8)
        for attempt in cluster.unanswered.prefix(5) { cluster.finish(attempt) }
        let progress = try #require(await driver.status()?.jobs.first)
        #expect(progress.stages.map(\.completeTasks) == [5, 0] && progress.stages.map(\.taskCount) == [8, 3])
        #expect(progress.stages.map(\.state) == [.running, .waiting])
        #expect(progress.stages.map(\.metrics.rowsRead) == [50, 0] && progress.stages[0].metrics.bytesRead == 400)
        // What an executor tells of a task that runs counts, of one that has ended it has counted.
        let (ended, open) = (cluster.history[0].task.id, cluster.unanswered[0].id)
        var told = ExecutorStatus()
        told.progress = [
            TaskProgress(task: ended, rowsRead: 10, bytesRead: 80),
            TaskProgress(task: open, rowsRead: 3, bytesRead: 24),
        ]
        cluster.send(.executorStatus(cluster.executors[0].id, told))
        #expect(await driver.status()?.jobs.first?.stages.map(\.metrics.rowsRead) == [53, 0])
        #expect(progress.stages.map(\.label) == ["stage number 0", "stage number 1"])
        for attempt in cluster.unanswered { cluster.finish(attempt) }
        await cluster.waitForAttempts(3)
        #expect(await driver.status()?.jobs.first?.stages.map(\.state) == [.complete, .running])
        for attempt in cluster.unanswered { cluster.finish(attempt) }
        try await running.release()
        #expect(await driver.status()?.jobs.isEmpty == true)
        try await expectEmpty(driver, cluster)
    }
}
