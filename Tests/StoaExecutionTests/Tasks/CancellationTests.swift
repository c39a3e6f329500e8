import Glibc
import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite(.serialized) struct CancellationTests {
    private let harness = TaskHarness()
    private let table: Batch

    init() throws {
        // Large enough that every plan below takes far longer than the time after which it is cancelled.
        var random = SplitMix64(seed: 1)
        let count = 3_000_000
        let region = MemoryRegion(of: Int64.self, count: count)
        for row in 0..<count { region.bound(to: Int64.self)[row] = Int64(truncatingIfNeeded: random.next() >> 40) }
        table = try Batch(["value": Column(type: .int64, count: count, values: region)])
    }

    private var value: BoundExpression { Bound(schema: table.schema).column("value") }

    /// Cancels the task a few milliseconds after its start; it must end soon with `cancelled` and leave no block.
    private func check(_ plan: PhysicalPlan, inputs: Int = 1, output: TaskOutput = .block) throws {
        let locations = (0..<inputs).map { harness.put([table], stage: $0) }
        let task = try harness.task(plan, locations.map { .blocks([$0]) }, output: output)
        let held = harness.executor.memory.allocatedBytes
        let flag = CancellationFlag()
        let executor = harness.executor
        let running = try Background { executor.run(task, cancellation: flag) }
        usleep(5_000)
        let clock = ContinuousClock()
        let asked = clock.now
        flag.cancel()
        let result = running.wait()
        let took = clock.now - asked
        guard case .failure(let failure) = result else {
            Issue.record("the task was not stopped")
            return
        }
        #expect(failure.error.code == .cancelled)
        #expect(failure.error.location.partition == 0)
        // Unoptimised loops between two looks at the flag take some ten times as long as optimised ones.
        #expect(took < .milliseconds(500), "\(took)")
        #expect(harness.executor.store.ids.count == inputs)
        #expect(harness.executor.sharedTableCount == 0)
        #expect(harness.executor.memory.allocatedBytes <= held, "memory is left")
    }

    @Test func beforeTheStart() throws {
        let input = harness.put([table], stage: 0)
        let flag = CancellationFlag()
        flag.cancel()
        let task = try harness.task(.input(0, table.schema), [.blocks([input])])
        guard case .failure(let failure) = harness.executor.run(task, cancellation: flag) else {
            Issue.record("the task ran")
            return
        }
        #expect(failure.error.code == .cancelled && harness.executor.store.ids == [input.block])
    }

    @Test func sorting() throws {
        let key = BoundSortKey(value, isDescending: false, nullsFirst: false)
        try check(.sort([key], limit: nil, .input(0, table.schema)))
    }

    @Test(arguments: [false, true])
    func buildingAJoin(isBroadcast: Bool) throws {
        let join = HashJoin(
            kind: .inner, buildSide: .left, buildKeys: [value], probeKeys: [value],
            output: [.init(side: .left, index: 0)], schema: table.schema, isBroadcast: isBroadcast)
        try check(.join(join, build: .input(0, table.schema), probe: .input(1, table.schema)), inputs: 2)
    }

    @Test func exchanging() throws {
        try check(.input(0, table.schema), output: .buckets(keys: [value], count: 64))
    }

    @Test func callingAUsersFunction() throws {
        let function = try UserFunction(encoding: Slow(counter: 1, microseconds: 2_000))
        try check(.map(function, table.schema, .input(0, table.schema)))
    }

    @Test func waitingForATableThatAnotherTaskBuilds() throws {
        let slow = try UserFunction(encoding: Slow(counter: 2, microseconds: 2_000))
        let join = HashJoin(
            kind: .inner, buildSide: .left, buildKeys: [value], probeKeys: [value],
            output: [.init(side: .left, index: 0)], schema: table.schema, isBroadcast: true)
        let plan = PhysicalPlan.join(
            join, build: .map(slow, table.schema, .input(0, table.schema)), probe: .input(1, table.schema))
        let inputs = (0..<2).map { TaskInput.blocks([harness.put([table], stage: $0)]) }
        let executor = harness.executor
        let flags = [CancellationFlag(), CancellationFlag()]
        let running = try (0..<2).map { partition in
            let task = try harness.task(plan, inputs, partition: partition)
            let background = try Background { [flag = flags[partition]] in executor.run(task, cancellation: flag) }
            usleep(20_000)
            return background
        }
        flags[1].cancel()
        let clock = ContinuousClock()
        let asked = clock.now
        guard case .failure(let waited) = running[1].wait(), waited.error.code == .cancelled else {
            Issue.record("the waiting task was not stopped")
            return
        }
        #expect(clock.now - asked < .milliseconds(200))
        #expect(executor.sharedTableCount == 1)
        flags[0].cancel()
        _ = running[0].wait()
        #expect(executor.sharedTableCount == 0)
    }
}
