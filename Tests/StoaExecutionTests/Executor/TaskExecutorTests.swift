import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct TaskExecutorTests {
    private func table(_ count: Int, seed: UInt64 = 1) throws -> Batch { try RandomTable.make(count, seed: seed) }

    @Test func reportsWhatItReadAndLeft() throws {
        let harness = TaskHarness()
        let table = try table(500)
        let input = TaskInput.blocks([harness.put([table], stage: 0)])
        let report = try harness.report(
            .filter(Bound(schema: table.schema).isGreater("int", 0), .input(0, table.schema)), [input],
            output: .persist(DatasetID(3)), partition: 6)
        let expected = try table.column("int").array(of: Int64?.self).filter { ($0 ?? 0) > 0 }.count
        let block = try #require(harness.executor.store.get(.dataset(DatasetID(3), partition: 6)))
        #expect(block.rowCount == expected)
        #expect(report.metrics.rowsRead == 500 && report.metrics.rowsWritten == expected)
        #expect(report.metrics.bytesWritten == block.byteCount && report.metrics.nanoseconds > 0)
        #expect(harness.executor.store.rowCount == 500 + expected)
    }

    @Test func droppedBlocksGiveTheirMemoryBack() throws {
        let harness = TaskHarness()
        let table = try table(2_000)
        let input = harness.put([table], stage: 0)
        let key = BoundSortKey(Bound(schema: table.schema).column("text"), isDescending: true, nullsFirst: true)
        let before = harness.executor.memory.allocatedBytes
        let report = try harness.report(.sort([key], limit: nil, .input(0, table.schema)), [.blocks([input])])
        #expect(harness.executor.memory.allocatedBytes > before)
        harness.executor.drop(report.blocks.map(\.id) + [input.block])
        #expect(harness.executor.memory.allocatedBytes == before)
        #expect(harness.executor.store.ids.isEmpty)
        #expect(harness.executor.store.rowCount == 0 && harness.executor.store.byteCount == 0)
    }

    @Test func aBlockThatIsGoneIsWorthATry() throws {
        let harness = TaskHarness()
        for executor in [0, 1] {
            let lost = BlockLocation(
                block: .stage(harness.job, StageID(0), partition: 0, bucket: nil), executor: ExecutorID(executor))
            let found = harness.put([try RandomTable.make(3, seed: 1)], stage: 1)
            let task = try harness.task(
                .input(0, RandomTable.schema), [.blocks([found, lost])], partition: 2)
            guard case .failure(let failure) = harness.executor.run(task, cancellation: CancellationFlag()) else {
                Issue.record("the block was found")
                return
            }
            let error = failure.error
            #expect(error.code == .blockLost && error.source == .environment && error.isRetryable)
            #expect(error.location.partition == 2)
            #expect(failure.missingBlocks == [lost])
        }
    }

    @Test func aPlanReadsColumnsUnderItsOwnNames() throws {
        let harness = TaskHarness()
        let input = TaskInput.blocks([harness.put([try Batch(["a": Column([1, 2])])], stage: 0)])
        let block = try harness.blocks(.input(0, Schema([Field("b", .int64)])), [input])[0]
        #expect(try block.rows()[0].schema == Schema([Field("b", .int64)]))
        #expect(throws: StoaError.self) { try harness.report(.input(0, Schema([Field("b", .float64)])), [input]) }
    }

    @Test func aPlanThatDoesNotFitItsTaskIsOurMistake() throws {
        let harness = TaskHarness()
        let schema = RandomTable.schema
        let plans: [PhysicalPlan] = [
            .input(1, schema), .mergeSorted([], limit: nil, .limit(skip: 0, count: 1, .input(0, schema))),
            .limit(
                skip: 0, count: 1,
                .userAggregate(try UserFunction(encoding: Journal(separator: "")), .partial, .input(0, schema))),
            .userAggregate(try UserFunction(encoding: Journal(separator: "")), .finish, .input(0, schema)),
        ]
        for plan in plans {
            do {
                _ = try harness.report(plan, [.blocks([])])
                Issue.record("\(plan) ran")
            } catch let error as StoaError {
                #expect(error.code == .engineFailed && error.source == .engine && !error.isRetryable)
            }
        }
        #expect(harness.executor.store.ids.isEmpty)
    }

    /// The tasks of a stage that joins with the same small side, at once on several threads.
    @Test func aBroadcastSideIsBuiltOnce() throws {
        let harness = TaskHarness()
        let small = try table(300, seed: 2)
        let build = harness.put([small], stage: 0)
        let slow = try UserFunction(encoding: Slow(counter: 20, microseconds: 30_000))
        let key = Bound(schema: small.schema).column("int")
        let join = HashJoin(
            kind: .inner, buildSide: .right, buildKeys: [key], probeKeys: [key],
            output: [.init(side: .left, index: 0), .init(side: .right, index: 0)],
            schema: Schema([Field("row", .int64), Field("partner", .int64)]), isBroadcast: true)
        let plan = PhysicalPlan.join(
            join, build: .map(slow, small.schema, .input(0, small.schema)), probe: .input(1, small.schema))
        let executor = harness.executor
        let probes = try (0..<6).map { try table(100, seed: UInt64($0) + 10) }
        let running = try probes.enumerated().map { partition, probe in
            let input = harness.put([probe], stage: 1, partition: partition)
            let task = try harness.task(plan, [.blocks([build]), .blocks([input])], partition: partition)
            return try Background { executor.run(task, cancellation: CancellationFlag()) }
        }
        let reports = try running.map { try $0.wait().get() }
        #expect(Slow.calls.withLock { $0[20] } == 1)
        #expect(reports.map(\.metrics.rowsRead).sorted() == [100, 100, 100, 100, 100, 400])
        #expect(executor.sharedTableCount == 1)

        // The same rows as a table built for each task alone.
        let alone = HashJoin(
            kind: join.kind, buildSide: join.buildSide, buildKeys: join.buildKeys, probeKeys: join.probeKeys,
            output: join.output, schema: join.schema, isBroadcast: false)
        for (partition, probe) in probes.enumerated() {
            let inputs = [TaskInput.blocks([build]), .blocks([harness.put([probe], stage: 2)])]
            let expected = try harness.blocks(
                .join(alone, build: .input(0, small.schema), probe: .input(1, small.schema)), inputs, stage: 3)[0]
            let shared = try #require(executor.store.get(reports[partition].blocks[0].id))
            #expect(try shared.joined(join.schema) == expected.joined(join.schema))
        }

        executor.forgetTables(builtFrom: [.dataset(DatasetID(1), partition: 0)])
        #expect(executor.sharedTableCount == 1)
        executor.drop([build.block])
        #expect(executor.sharedTableCount == 0)
    }

    @Test func fewTablesStayWhenNobodyDropsThem() throws {
        let harness = TaskHarness()
        let small = try table(30)
        let key = Bound(schema: small.schema).column("int")
        let join = HashJoin(
            kind: .left, buildSide: .right, buildKeys: [key], probeKeys: [key], output: [.init(side: .left, index: 0)],
            schema: Schema([Field("row", .int64)]), isBroadcast: true)
        for stage in 0..<20 {
            let inputs = (0..<2).map { TaskInput.blocks([harness.put([small], stage: 100 + $0)]) }
            _ = try harness.report(
                .join(join, build: .input(0, small.schema), probe: .input(1, small.schema)), inputs, stage: stage)
        }
        #expect(harness.executor.sharedTableCount == 8)
    }

    @Test func aFailedBuildFailsTheTaskAndIsForgotten() throws {
        let harness = TaskHarness()
        let small = try table(30)
        let broken = try UserFunction(encoding: Misbehaving(way: .throwing))
        let schema = Schema([Field("value", .int64, isNullable: false)])
        let key = Bound(schema: small.schema).column("int")
        let join = HashJoin(
            kind: .left, buildSide: .right, buildKeys: [Bound(schema: schema).column("value")], probeKeys: [key],
            output: [.init(side: .left, index: 0)], schema: Schema([Field("row", .int64)]), isBroadcast: true)
        let inputs = (0..<2).map { TaskInput.blocks([harness.put([small], stage: 100 + $0)]) }
        #expect(throws: StoaError.self) {
            try harness.report(
                .join(join, build: .map(broken, schema, .input(0, small.schema)), probe: .input(1, small.schema)),
                inputs)
        }
        #expect(harness.executor.sharedTableCount == 0 && harness.executor.store.ids.count == 2)
    }
}
