import Foundation
import Stoa
import StoaCoreGroups
import StoaExecution
import Synchronization
import Testing

/// When the slow function last ended, in the clock's nanoseconds.
private let lastCall = Atomic<Int>(0)

/// How often a function was called that does not return, and whether it may.
private let endlessCalls = Atomic<Int>(0)
private let mayReturn = Atomic<Bool>(false)

/// Cancelling the Swift task ends the job within milliseconds and leaves nothing running.
@Suite(.serialized) struct CancellationTests {
    /// Each batch takes a while, so that a job is surely at work when it is cancelled.
    struct Slow: BatchFunction {
        func outputSchema(for input: Schema) -> Schema { input }
        func callAsFunction(_ batch: Batch) -> Batch {
            usleep(2_000)
            lastCall.store(MonotonicClock.nanoseconds, ordering: .relaxed)
            return batch
        }
    }

    @Test func cancelledJobEndsSoon() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        let frame = try session.dataFrame(["x": Column((0..<4_000_000).map { Double($0) })], rowsPerPartition: 100_000)
        var times: [Int] = []
        for wait in [0, 1_000, 20_000, 40_000, 60_000] {
            let job = Task { try await frame.mapBatches(Slow()).sort(desc("x")).collect().rowCount }
            usleep(UInt32(wait))
            let start = MonotonicClock.nanoseconds
            job.cancel()
            let result = await job.result
            times.append(max(0, lastCall.load(ordering: .relaxed) - start))
            guard case .failure(let error) = result else {
                Issue.record("the job was not cancelled")
                continue
            }
            #expect((error as? StoaError)?.code == .cancelled, "\(error)")
        }
        // Until the executors' last work, not until this test runs again: others fill Swift's threads meanwhile.
        #expect(times.allSatisfy { $0 < 100_000_000 }, "worked on for \(times) ns")
        #expect(await session.isIdle())
        #expect(try await frame.count() == 4_000_000)
    }

    /// Does not return before it is allowed to.
    struct Endless: BatchFunction {
        func outputSchema(for input: Schema) -> Schema { input }
        func callAsFunction(_ batch: Batch) -> Batch {
            endlessCalls.add(1, ordering: .relaxed)
            while !mayReturn.load(ordering: .relaxed) { usleep(1_000) }
            return batch
        }
    }

    /// A function that does not return keeps neither who cancelled the job, nor who needs the thread, nor the end of the session.
    @Test func functionsThatDoNotReturn() async throws {
        var options = SessionOptions()
        options.cancellationTimeout = .milliseconds(300)
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1), options: options)
        let frame = try session.dataFrame(["x": Column((0..<1_000).map { Double($0) })], rowsPerPartition: 100)
        defer { mayReturn.store(true, ordering: .relaxed) }
        for calls in 1...2 {
            let job = Task { try await frame.mapBatches(Endless()).count() }
            while endlessCalls.load(ordering: .relaxed) < calls { try await Task.sleep(for: .milliseconds(1)) }
            job.cancel()
            let error = await #expect(throws: StoaError.self) { try await job.value }
            #expect(error?.code == .cancelled)
            #expect(error?.message.contains("that did not stop within 300 ms go on: 1, the first is job") == true)
            #expect(try await frame.agg(sum("x").as("s")).collect().rowCount == 1)
        }
        let job = Task { try await frame.mapBatches(Endless()).count() }
        while endlessCalls.load(ordering: .relaxed) < 3 { try await Task.sleep(for: .milliseconds(1)) }
        let start = MonotonicClock.nanoseconds
        session.stop()
        #expect(MonotonicClock.nanoseconds - start < 4_000_000_000)
        await #expect(throws: StoaError.self) { try await job.value }
    }

    @Test func stoppedSessionRefusesWork() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let frame = try session.dataFrame(["x": Column([1.0])])
        session.stop()
        let error = await #expect(throws: StoaError.self) { try await frame.count() }
        #expect(error?.code == .cancelled)
    }

    @Test func stoppedSessionHoldsNoData() async throws {
        var options = CoreGroupOptions()
        options.executorCount = 1
        options.threadsPerExecutor = 1
        let cluster = try CoreGroupCluster(topology: .machine(), options: options)
        let session = try Session(executors: cluster)
        let frame = try session.dataFrame(["x": Column([1.0, 2.0])])
        let cached = frame.withColumn("y", col("x") * 2).cache()
        #expect(try await cached.count() == 2)
        let store = cluster.taskExecutor(cluster.executors[0].id).store
        #expect(store.rowCount >= 4)
        let job = Task { try await frame.mapBatches(Slow()).count() }
        // Whichever call comes second must not return before the executors have ended.
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    session.stop()
                    return store.rowCount + store.byteCount
                }
            }
            for await left in group { #expect(left == 0) }
        }
        _ = await job.result
        withExtendedLifetime((session, frame, cached)) {}
    }

    @Test func sessionsLeaveNoThreads() async throws {
        func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
        _ = try await Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1)).dataFrame(["x": Column([1.0])])
            .count()
        let before = try threads()
        for _ in 0..<5 {
            let session = try Session(cluster: .embedded(executors: 4, threadsPerExecutor: 4))
            _ = try await session.dataFrame(["x": Column([1.0])]).count()
        }
        // Other tests of this process may open and close sessions meanwhile; 80 leaked threads could not hide.
        #expect(try threads() < before + 60)
    }
}
