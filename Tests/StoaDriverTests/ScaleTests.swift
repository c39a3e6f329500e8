import Glibc
import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// A thousand executors and a hundred thousand tasks.
@Suite(.serialized) struct ScaleTests {
    /// What the driver takes, without the cluster that is simulated.
    private func secondsPerTask(executors: Int, tasks: Int, losses: Int, seed: Int) throws -> Double {
        var weather = Weather()
        weather.taskNanoseconds = 10_000_000
        var options = DriverOptions()
        if losses > 0 {
            weather.stragglerPercent = 0.1
            weather.failurePercent = 0.1
            weather.strayPercent = 1
            options.speculation = SpeculationOptions()
            // Half of the executors die, one after the other: what else would count against a task is tested elsewhere.
            options.maximumAttempts = 10
        }
        let world = try SimulatedWorld(executors: executors, slots: 4, weather: weather, options: options, seed: seed)
        var random = SplitMix64(seed: seed)
        let graph = Graphs.chain(stages: 2, tasks: tasks / 2)
        for _ in 0..<losses {
            let time = Int.random(in: 0...(tasks / executors / 4 * 12_000_000), using: &random)
            let victim = Int.random(in: 0..<executors, using: &random)
            world.at(time) { world.cluster.kill(world.cluster.all[victim]) }
        }
        let result = try #require(world.outcome(of: graph)).get()
        let seconds = Double(world.driverNanoseconds) / 1e9
        #expect(result.blocks.count == tasks / 2)
        #expect(result.metrics.rowsRead == 10 * tasks)
        if losses > 0 {
            let expected = SimulatedJobs.contents(of: graph)[1]
            for (partition, block) in result.blocks.enumerated() {
                guard let content = world.cluster.content(at: block.location) else { continue }
                #expect(content == expected[partition].value(bucket: 0))
            }
        }
        result.release()
        world.pass(nanoseconds: 10_000_000_000)
        #expect(world.tables() == DriverTables())
        #expect(world.cluster.heldBlocks.isEmpty && world.cluster.mistakes == [])
        world.stop()
        print(
            "\(executors) executors, \(tasks) tasks, \(world.cluster.lossCount) executors died, "
                + "\(world.cluster.submittedCount) attempts: \(seconds / Double(tasks) * 1e6) us a task")
        return seconds / Double(tasks)
    }

    /// A turn of the loop for each answer: more than where answers come together.
    @Test func aTaskCostsTheSameHoweverManyThereAre() throws {
        _ = try secondsPerTask(executors: 1000, tasks: 100_000, losses: 0, seed: 1)
        var best = Double.infinity
        for seed in 0..<8 where best >= 2 {
            let few = try secondsPerTask(executors: 4, tasks: 100, losses: 0, seed: seed)
            let many = try secondsPerTask(executors: 4, tasks: 100_000, losses: 0, seed: seed)
            best = min(best, many / few)
        }
        #expect(best < 2, "each of 100,000 tasks costs \(best) times as much as each of 100")
    }

    @Test(arguments: [500]) func executorsDie(losses: Int) throws {
        _ = try secondsPerTask(executors: 1000, tasks: 100_000, losses: losses, seed: losses)
    }

    /// Dead executors are not looked at: positions are never used twice, and a long session sees many.
    @Test func deadExecutorsCostNothing() throws {
        let world = try SimulatedWorld(executors: 4, slots: 4)
        var best = Double.infinity
        var fresh = Double.infinity
        for round in 0..<40 {
            let start = MonotonicClock.nanoseconds
            try #require(world.outcome(of: Graphs.scan(500))).get().release()
            let seconds = Double(MonotonicClock.nanoseconds - start) / 1e9
            if round < 10 { fresh = min(fresh, seconds) }
            if round >= 30 { best = min(best, seconds) }
            for _ in 0..<50 {
                world.cluster.kill(world.cluster.alive[0])
                // A task that is complete in between, so that they are replaced.
                try #require(world.outcome(of: Graphs.scan(1))).get().release()
                world.pass(nanoseconds: 10_000_000)
            }
        }
        #expect(world.cluster.lossCount == 2000 && world.status()?.executors.count == 4)
        print("500 tasks on 4 executors: \(fresh * 1e6) us, after the death of 2000 others: \(best * 1e6) us")
        #expect(best < 3 * fresh)
        world.stop()
    }

    /// What the driver keeps: of each task while its stage runs, of each partition afterwards.
    @Test func memoryOfTasksAndPartitions() throws {
        let count = 1_000_000
        let graph = Graphs.scan(count)
        let world = try SimulatedWorld(executors: 4, slots: 2)
        let dataset = DatasetID(1)
        let blocks = (0..<count).map {
            LocatedBlock(
                location: .init(block: .dataset(dataset, partition: $0), executor: ExecutorID(100)), rowCount: 1,
                byteCount: 8)
        }
        let empty = Self.residentBytes
        world.post(.register(dataset, blocks))
        world.turn()
        let perPartition = Double(Self.residentBytes - empty) / Double(count)
        withExtendedLifetime(blocks) {}
        let before = Self.residentBytes
        let isDone = Holder(false)
        let job = world.run(graph) { _ in isDone.value = true }
        world.turn()
        let perTask = Double(Self.residentBytes - before) / Double(count)
        world.post(.cancel(job))
        world.pass { isDone.value }
        print("the driver keeps \(perTask) bytes of a task and \(perPartition) bytes of a partition")
        #expect((1..<250).contains(perTask) && (1..<150).contains(perPartition))
        world.stop()
    }

    /// Resident memory; what other tests take at the same time is small against a million tasks.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
