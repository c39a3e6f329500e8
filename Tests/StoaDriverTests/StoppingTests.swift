import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Attempts that were asked to stop and do not: nobody waits for them for ever.
@Suite struct StoppingTests {
    private static let forEver = 1_000_000_000_000_000_000

    private func world(executors: Int, options: DriverOptions = DriverOptions()) throws -> SimulatedWorld {
        try SimulatedWorld(executors: executors, slots: 1, options: options)
    }

    /// Starts a job of four tasks, of which partition 1 hangs, and gives its outcome once it is cancelled and how long that
    /// took.
    private func cancelHanging(_ world: SimulatedWorld) throws -> (error: StoaError, nanoseconds: Int) {
        world.cluster.durationOf = { task, _ in task.id.partition == 1 ? Self.forEver : nil }
        let outcome = Holder<Result<JobResult, StoaError>?>(nil)
        let job = world.run(Graphs.scan(4)) { outcome.value = $0 }
        world.pass(nanoseconds: 20_000_000)
        world.cluster.durationOf = nil
        let start = world.clock.now
        world.post(.cancel(job))
        world.pass { outcome.value != nil }
        guard case .failure(let error) = outcome.value else { throw Mistake() }
        return (error, world.clock.now - start)
    }

    private struct Mistake: Error {}

    @Test func aStuckExecutorIsReplaced() throws {
        let world = try world(executors: 2)
        let (error, nanoseconds) = try cancelHanging(world)
        #expect((1_000_000_000..<1_001_000_000).contains(nanoseconds))
        #expect(error.code == .cancelled)
        let expected = "within 1000 ms go on: 1, the first is job 0, stage 0, partition 1, attempt 1 on simulated 1"
        #expect(error.message.hasSuffix(expected), "\(error.message)")
        // The other one works meanwhile.
        try #require(world.outcome(of: Graphs.scan(4))).get().release()
        #expect(world.cluster.givenUp.isEmpty && world.tables().runningAttempts == 1)
        world.pass(nanoseconds: 4_100_000_000)
        #expect(world.cluster.givenUp.map(\.partition) == [1] && world.cluster.lossCount == 1)
        #expect(world.status()?.executors.map(\.description.id) == [100, 102].map { ExecutorID($0) })
        expectEmpty(world, after: 20_000_000_000)
    }

    /// Inside a process the slot is free again, and what the attempt leaves at last is dropped.
    @Test func aStuckThreadIsReplaced() throws {
        let world = try world(executors: 1)
        world.cluster.endsStuckExecutors = false
        let (error, nanoseconds) = try cancelHanging(world)
        #expect(error.code == .cancelled && nanoseconds < 1_001_000_000)
        let start = world.clock.now
        try #require(world.outcome(of: Graphs.scan(4))).get().release()
        // It had nobody to run on until then.
        #expect((4_000_000_000..<4_100_000_000).contains(world.clock.now - start))
        #expect(world.cluster.lossCount == 0)
        expectEmpty(world, after: 20_000_000_000)
    }

    @Test func theEndOfTheDriverDoesNotWait() throws {
        let world = try world(executors: 2)
        world.cluster.durationOf = { _, _ in Self.forEver }
        let outcome = Holder<Result<JobResult, StoaError>?>(nil)
        _ = world.run(Graphs.scan(4)) { outcome.value = $0 }
        world.pass(nanoseconds: 20_000_000)
        let start = world.clock.now
        world.stop()
        #expect((1_000_000_000..<1_001_000_000).contains(world.clock.now - start))
        guard case .failure(let error) = outcome.value else { throw Mistake() }
        #expect(error.message.contains("the session was closed while the job ran; tasks that did not stop"))
        #expect(world.cluster.isStopped && world.cluster.mistakes == [])
    }

    /// The slower of two attempts never ends: the job does, and its executor is replaced.
    @Test func aStragglerThatDoesNotStop() throws {
        var options = DriverOptions()
        options.speculation = SpeculationOptions()
        let world = try world(executors: 3, options: options)
        world.cluster.durationOf = { task, _ in
            task.id.partition == 5 && task.id.attempt == 1 ? Self.forEver : 10_000_000
        }
        let start = world.clock.now
        try #require(world.outcome(of: Graphs.scan(12))).get().release()
        #expect(world.clock.now - start < 1_000_000_000)
        world.pass(nanoseconds: 6_000_000_000)
        #expect(world.cluster.givenUp.map(\.partition) == [5] && world.cluster.lossCount == 1)
        expectEmpty(world, after: 20_000_000_000)
    }

    /// Files may still be written by an attempt that does not count: that is waited for, and not for ever.
    @Test func filesOfAStragglerThatDoesNotStop() throws {
        var options = DriverOptions()
        options.speculation = SpeculationOptions()
        let world = try world(executors: 3, options: options)
        world.cluster.durationOf = { task, _ in
            task.id.partition == 5 && task.id.attempt == 1 ? Self.forEver : 10_000_000
        }
        let sinks = (0..<12).map { FileSink(path: "/out/\($0)", format: .parquet) }
        let start = world.clock.now
        try #require(world.outcome(of: Graphs.scan(12, output: .files(sinks)))).get().release()
        #expect((1_000_000_000..<2_000_000_000).contains(world.clock.now - start))
        expectEmpty(world, after: 20_000_000_000)
    }

    /// A failed task ends its job although another one hangs.
    @Test func aFailureDoesNotWait() throws {
        let world = try world(executors: 2)
        world.cluster.durationOf = { task, _ in task.id.partition == 1 ? Self.forEver : nil }
        world.cluster.failureOf = { task, _ in task.id.partition == 2 ? StoaError(.overflow, "too much") : nil }
        guard case .failure(let error) = world.outcome(of: Graphs.scan(3)) else { throw Mistake() }
        #expect(error.code == .overflow && error.message.hasPrefix("too much; tasks that did not stop"))
        expectEmpty(world, after: 20_000_000_000)
    }

    /// A job that ends as its last task is about to be handed out: nothing else happens after that.
    @Test func aJobThatEndsWhileTasksAreHandedOut() throws {
        let world = try world(executors: 2)
        let dataset = DatasetID(3)
        world.give(dataset, partitions: 8)
        // The second executor holds the second half; all of its tasks but the first hang, and so do the other one's.
        world.cluster.durationOf = { task, _ in task.id.partition == 4 ? 10_000_000 : Self.forEver }
        let graph = StageGraph(stages: [Graphs.stage(0, (0..<8).map { [.dataset(dataset, partition: $0)] })])
        let outcome = Holder<Result<JobResult, StoaError>?>(nil)
        _ = world.run(graph) { outcome.value = $0 }
        world.pass(nanoseconds: 5_000_000)
        let given = [2, 3, 6, 7].map { BlockID.dataset(dataset, partition: $0) }
        for executor in world.cluster.alive {
            world.post(.events([.blocksEvicted(given, executor.description.id)]))
        }
        world.turn()
        #expect(outcome.value == nil)
        let start = world.clock.now
        world.pass { outcome.value != nil }
        #expect((1_000_000_000..<1_100_000_000).contains(world.clock.now - start))
        guard case .failure(let error) = outcome.value else { throw Mistake() }
        #expect(error.code == .blockLost && error.message.contains("; tasks that did not stop"), "\(error.message)")
        expectEmpty(world, unpersisting: dataset, after: 20_000_000_000)
    }
}
