import Glibc
import StoaColumns
import StoaDriver
import StoaTasks
import Synchronization
import Testing

@Suite struct ProgressTests {
    @Test func progressGrowsAndEnds() async throws {
        let cluster = AnsweringCluster(executorCount: 2, slots: 2)
        var options = DriverOptions()
        options.progressIntervalNanoseconds = 0
        let driver = try Driver(cluster: cluster, options: options)
        let seen = Mutex<[JobProgress]>([])
        let result = try await driver.run(Graphs.exchange(maps: 200, buckets: 50)) { progress in
            seen.withLock { $0.append(progress) }
        }
        result.release()
        let all = seen.withLock { $0 }
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.completeTasks <= $1.completeTasks })
        #expect(all.dropLast().allSatisfy { !$0.isLast })
        let last = try #require(all.last)
        #expect(last.isLast)
        #expect(last.completeTasks == 250 && last.taskCount == 250)
        #expect(last.rowsRead == 2500 && last.bytesRead == 20_000)
        #expect(last.rowsPerSecond > 0 && last.bytesPerSecond > 0)
        #expect(last.stages.map(\.state) == [.complete, .complete])
        #expect(last.stages.map(\.label) == ["stage number 0", "stage number 1"])
        driver.stop()
    }

    @Test(.enabled(if: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1, "a listener that blocks takes one of Swift's threads"))
    func aSlowListenerHoldsNobodyUp() async throws {
        let cluster = AnsweringCluster(executorCount: 2, slots: 2)
        var options = DriverOptions()
        options.progressIntervalNanoseconds = 0
        let driver = try Driver(cluster: cluster, options: options)
        let isReleased = CompletionMark()
        let hasEnded = CompletionMark()
        let calls = Atomic<Int>(0)
        let slow = Task {
            try await driver.run(Graphs.scan(500)) { progress in
                calls.add(1, ordering: .relaxed)
                if progress.isLast { hasEnded.set() }
                while !isReleased.isSet { usleep(1000) }
            }
        }
        while calls.load(ordering: .relaxed) == 0 { await Task.yield() }
        // Other jobs run, and the slow listener's own job too: only its `run` waits for the last call.
        try await driver.run(Graphs.scan(500)).release()
        while try #require(await driver.tables()).jobs > 0 {}
        #expect(calls.load(ordering: .relaxed) == 1)
        isReleased.set()
        try await slow.value.release()
        // What came meanwhile was coalesced into the newest, which may have been the first already.
        #expect(calls.load(ordering: .relaxed) <= 2)
        #expect(hasEnded.isSet)
        driver.stop()
    }

    @Test func afterAQuietPauseTheNewestIsToldToo() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 8)
        var options = DriverOptions()
        options.progressIntervalNanoseconds = 20_000_000
        let driver = try Driver(cluster: cluster, options: options)
        let complete = Atomic<Int>(0)
        async let running = driver.run(Graphs.scan(8)) { complete.store($0.completeTasks, ordering: .relaxed) }
        await cluster.waitForAttempts(8)
        for attempt in cluster.unanswered.prefix(5) { cluster.finish(attempt) }
        // No further event comes, yet the listener hears of all five.
        while complete.load(ordering: .relaxed) < 5 { try await Task.sleep(for: .milliseconds(1)) }
        for attempt in cluster.unanswered { cluster.finish(attempt) }
        try await running.release()
        #expect(complete.load(ordering: .relaxed) == 8)
        try await expectEmpty(driver, cluster)
    }

    @Test func aFailedJobTellsItsEnd() async throws {
        let cluster = SimulatedCluster(executorCount: 1, slots: 1)
        let driver = try Driver(cluster: cluster)
        let isLast = CompletionMark()
        let running = Task { try await driver.run(Graphs.scan(1)) { if $0.isLast { isLast.set() } } }
        await cluster.waitForAttempts(1)
        cluster.fail(cluster.unanswered[0], StoaError(.overflow, "too much"))
        await #expect(throws: StoaError.self) { _ = try await running.value }
        #expect(isLast.isSet)
        try await expectEmpty(driver, cluster)
    }
}
