import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Second attempts at tasks that run far longer than their peers.
@Suite struct SpeculationTests {
    private func world(executors: Int, slots: Int = 2) throws -> SimulatedWorld {
        var options = DriverOptions()
        options.speculation = SpeculationOptions()
        let world = try SimulatedWorld(executors: executors, slots: slots, options: options)
        world.cluster.isLogging = true
        return world
    }

    private func expectEmpty(_ world: SimulatedWorld) {
        world.pass(nanoseconds: 60_000_000_000)
        #expect(world.tables() == DriverTables())
        #expect(world.cluster.heldBlocks.isEmpty)
        world.stop()
        #expect(world.cluster.mistakes == [])
    }

    @Test func aStragglerIsOvertaken() throws {
        let world = try world(executors: 3)
        world.cluster.durationOf = { task, _ in
            task.id.partition == 7 && task.id.attempt == 1 ? 30_000_000_000 : 100_000_000
        }
        let start = world.clock.now
        let result = try #require(world.outcome(of: Graphs.scan(24))).get()
        let milliseconds = (world.clock.now - start) / 1_000_000
        // Four rounds of 100 ms, then 150 ms until it is late and 100 ms for the second attempt.
        #expect(milliseconds < 800, "\(milliseconds) ms")
        let attempts = world.cluster.log.filter { $0.task.id.partition == 7 }
        #expect(attempts.count == 2 && attempts[0].executor != attempts[1].executor)
        #expect(world.cluster.log.count == 25)
        // It counts once.
        #expect(result.metrics.rowsRead == 240)
        #expect(result.blocks[7].location.executor == attempts[1].executor)
        result.release()
        expectEmpty(world)
    }

    @Test func theFirstAttemptMayStillWin() throws {
        let world = try world(executors: 2)
        world.cluster.durationOf = { task, _ in
            task.id.partition != 0 ? 100_000_000 : task.id.attempt == 1 ? 700_000_000 : 5_000_000_000
        }
        let result = try #require(world.outcome(of: Graphs.scan(8))).get()
        let attempts = world.cluster.log.filter { $0.task.id.partition == 0 }
        #expect(attempts.count == 2)
        #expect(result.blocks[0].location.executor == attempts[0].executor)
        #expect(result.metrics.rowsRead == 80)
        result.release()
        expectEmpty(world)
    }

    @Test func evenTasksAreNotRunTwice() throws {
        let world = try world(executors: 3, slots: 2)
        world.cluster.durationOf = { task, _ in 1_000_000_000 + task.id.partition * 1_000_000 }
        try #require(world.outcome(of: Graphs.scan(60))).get().release()
        #expect(world.cluster.log.count == 60)
        expectEmpty(world)
    }

    /// An executor that answers nothing any more, without being dead: what it runs and what waits there is done by others.
    @Test func aSilentExecutorHoldsNobodyUp() throws {
        let world = try world(executors: 4)
        let silent = ExecutorID(102)
        world.cluster.durationOf = { _, executor in
            executor == silent && world.clock.now > 1_250_000_000 ? 1_000_000_000_000 : 100_000_000
        }
        let start = world.clock.now
        try #require(world.outcome(of: Graphs.scan(80))).get().release()
        let milliseconds = (world.clock.now - start) / 1_000_000
        #expect(milliseconds < 2500, "\(milliseconds) ms")
        world.cluster.kill(world.cluster.all[2])
        expectEmpty(world)
    }

    /// A job that writes files ends when no attempt can write any more.
    @Test func aJobThatWritesFilesWaitsForItsSecondAttempts() throws {
        let world = try world(executors: 2)
        let sinks = (0..<8).map { FileSink(path: "/out/\($0).csv", format: .csv(CSVOptions())) }
        let graph = StageGraph(stages: [
            Graphs.stage(0, Array(repeating: [Graphs.file], count: 8), output: .files(sinks))
        ])
        world.cluster.durationOf = { task, _ in
            task.id.partition == 3 && task.id.attempt == 1 ? 900_000_000 : 100_000_000
        }
        var isDone = false
        _ = world.run(graph) { _ in isDone = true }
        world.pass { world.cluster.log.count == 9 }
        let slow = world.cluster.log.first { $0.task.id.partition == 3 }
        world.pass { isDone }
        #expect(slow.flatMap { world.cluster[$0.executor]?.running.isEmpty } ?? false)
        #expect(world.tables() == DriverTables())
        expectEmpty(world)
    }
}
