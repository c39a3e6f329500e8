import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// Executors that leave while others die: what is still somewhere is not lost, and nobody waits for ever.
@Suite struct MovingTests {
    private let dataset = DatasetID(3)

    private func world(executors: Int, replacing: Bool, seed: Int = 0) throws -> SimulatedWorld {
        var options = DriverOptions()
        options.replacesLostExecutors = replacing
        return try SimulatedWorld(executors: executors, slots: 1, options: options, seed: seed)
    }

    /// The partitions that any executor holds.
    private func there(_ world: SimulatedWorld) -> Set<Int> {
        Set(
            world.cluster.heldBlocks.compactMap { location in
                if case .dataset(dataset, let partition) = location.block { partition } else { nil }
            })
    }

    /// What is there can be read, and only that.
    private func expectReadable(_ left: Set<Int>, _ world: SimulatedWorld, _ comment: Comment) {
        let outcome = world.outcome(of: Graphs.reading(dataset, partitions: 6))
        switch outcome {
        case .success(let result):
            #expect(left.count == 6, comment)
            result.release()
        case .failure(let error):
            #expect(left.count < 6 && error.code == .blockLost, "\(comment): \(error)")
        case nil: Issue.record("nothing happens any more: \(comment)")
        }
    }

    /// The copies may be there, and the driver not know it, when the one that leaves dies.
    @Test func whoLeavesDiesWhileItsBlocksAreCopied() throws {
        for delay in stride(from: 800_000, through: 2_000_000, by: 20_000) {
            let world = try world(executors: 3, replacing: true, seed: delay)
            let leaving = ExecutorID(101)
            world.give(dataset, partitions: 6, on: [leaving])
            let left = Holder<Result<Void, StoaError>?>(nil)
            world.post(.removeExecutor(leaving) { left.value = $0 })
            let held = Holder<Set<Int>>([])
            world.at(delay) {
                world.cluster[leaving].map(world.cluster.kill)
                held.value = there(world)
            }
            world.pass(nanoseconds: 20_000_000)
            #expect(left.value != nil)
            expectReadable(held.value, world, "killed after \(delay) ns")
            expectEmpty(world, unpersisting: dataset, "killed after \(delay) ns")
        }
    }

    /// The one that leaves has handed over its blocks, and waits for a result to be released, when those die that took them.
    @Test(arguments: [false, true]) func whoTookTheBlocksDies(replacing: Bool) throws {
        let world = try world(executors: 3, replacing: replacing)
        let leaving = ExecutorID(101)
        world.give(dataset, partitions: 6, on: [leaving])
        let result = try #require(world.outcome(of: Graphs.scan(6))).get()
        let left = Holder<Result<Void, StoaError>?>(nil)
        world.post(.removeExecutor(leaving) { left.value = $0 })
        world.pass(nanoseconds: 20_000_000)
        for victim in [0, 2] {
            world.cluster.kill(world.cluster.all[victim])
            world.pass(nanoseconds: 20_000_000)
            #expect(there(world).count == 6)
        }
        expectReadable(Set(0..<6), world, "those that took the blocks died")
        result.release()
        world.pass(nanoseconds: 20_000_000)
        #expect(there(world).count == 6 && left.value != nil)
        expectEmpty(world, unpersisting: dataset, "those that took the blocks died")
    }

    /// Two are to leave, and the third dies: one of the two stays, the other one leaves.
    @Test func twoLeaveAndTheThirdDies() throws {
        for delay in stride(from: 0, through: 3_000_000, by: 50_000) {
            let world = try world(executors: 3, replacing: false, seed: delay)
            world.give(dataset, partitions: 6, on: [ExecutorID(101), ExecutorID(102)])
            let left = Holder<[Result<Void, StoaError>]>([])
            for executor in [101, 102] { world.post(.removeExecutor(ExecutorID(executor)) { left.value.append($0) }) }
            let held = Holder<Set<Int>>([])
            world.at(delay) {
                world.cluster.kill(world.cluster.all[0])
                held.value = there(world)
            }
            world.pass(nanoseconds: 50_000_000)
            #expect(left.value.count == 2, "killed after \(delay) ns")
            if world.cluster.alive.isEmpty { continue }
            expectReadable(held.value, world, "killed after \(delay) ns")
            expectEmpty(world, unpersisting: dataset, "killed after \(delay) ns")
        }
    }

    /// Any of them leave and die at any time.
    @Test func anythingAtOnce() throws {
        for seed in 0..<300 {
            var random = SplitMix64(seed: seed)
            let count = Int.random(in: 3...5, using: &random)
            let world = try world(executors: count, replacing: true, seed: seed)
            let ids = world.cluster.all.map(\.description.id)
            let answers = Holder(0)
            let leaving = ids.shuffled(using: &random).prefix(Int.random(in: 1..<count, using: &random))
            // Who dies has data only when it has taken it over, or has not handed it over yet.
            world.give(dataset, partitions: 6, on: leaving.sorted())
            for id in leaving {
                world.at(Int.random(in: 0...3_000_000, using: &random)) {
                    world.post(.removeExecutor(id) { _ in answers.value += 1 })
                }
            }
            // What was there after each death: later ones may take some of it.
            let held = Holder(Set(0..<6))
            for victim in ids.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)) {
                world.at(Int.random(in: 0...5_000_000, using: &random)) {
                    world.cluster[victim].map(world.cluster.kill)
                    let (left, count) = (there(world), world.cluster.alive.count)
                    // One may leave, with what the dead one had taken over, before the driver has heard of the death.
                    world.at(250_000) {
                        held.value.formIntersection(world.cluster.alive.count == count ? left : there(world))
                    }
                }
            }
            world.pass(nanoseconds: 100_000_000)
            #expect(answers.value == leaving.count, "seed \(seed)")
            expectReadable(held.value, world, "seed \(seed)")
            expectEmpty(world, unpersisting: dataset, "seed \(seed)")
        }
    }
}
