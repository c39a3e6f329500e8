import Glibc
import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

/// Who goes on, who waits and who fails, and how, when memory is short.
@Suite struct MemoryLimitTests {
    private static let schema = Multiplying.schema
    private static let bound = Bound(schema: Multiplying.schema)

    /// A task's input of so many thousand rows of 24 bytes, which it makes itself, in its own pool.
    private func thousands(
        _ count: Int, on harness: TaskHarness, partition: Int = 0, copies: Int = 1
    ) throws -> (PhysicalPlan, TaskInput) {
        let numbers = (0..<count).map { Int64($0) }
        let batches = try stride(from: 0, to: count, by: 16).flatMap { start in
            let batch = try Batch(["number": Column(Array(numbers[start..<min(start + 16, count)]))])
            return Array(repeating: batch, count: copies)
        }
        let input = TaskInput.blocks([harness.put(batches, stage: 0, partition: partition)])
        return (
            .map(try UserFunction(encoding: Multiplying()), Self.schema, .input(0, batches[0].schema)), input
        )
    }

    /// Memory that nobody can give back: a partition of the user's data of so many MB.
    private func fill(_ megabytes: Int, of harness: TaskHarness) {
        harness.executor.memory.whileCurrent {
            let region = MemoryRegion(byteCount: megabytes << 20)
            let column = Column(type: .int64, count: megabytes << 17, values: region)
            let batch = Batch(unchecked: Schema([Field("x", .int64)]), columns: [column], rowCount: column.count)
            harness.executor.store.put(Block(rows: [batch]), as: .dataset(DatasetID(99), partition: 0))
        }
    }

    private func error(_ body: () throws -> Void) throws -> StoaError {
        try #require(throws: StoaError.self, performing: body)
    }

    /// A join whose build side must stay in memory.
    private func broadcastJoin(_ plan: PhysicalPlan) -> PhysicalPlan {
        let key = Self.bound.column("key")
        let join = HashJoin(
            kind: .inner, buildSide: .right, buildKeys: [key], probeKeys: [key],
            output: [HashJoin.OutputColumn(side: .left, index: 2)], schema: Schema([Self.schema[2]]),
            isBroadcast: true)
        return .join(join, build: plan, probe: plan)
    }

    // MARK: Who has room

    @Test func whoNeedsRoomWaitsForTheOneWhoMakesIt() throws {
        for _ in 0..<12 {
            let harness = TaskHarness()
            harness.executor.memory.setLimit(16 << 20)
            try harness.executor.memory.whileCurrent {
                for partition in 0..<7 {
                    let values = Column((0..<(1 << 18)).map { Int64($0) })
                    harness.executor.store.put(
                        Block(rows: [try Batch(["x": values])]), as: .dataset(DatasetID(9), partition: partition),
                        level: .memoryAndDisk)
                }
            }
            let inputs = try (0..<2).map { try thousands(128, on: harness, partition: $0) }
            let tasks = try inputs.enumerated().map { partition, input in
                try Background {
                    Result {
                        try harness.report(
                            input.0, [input.1], output: .persist(DatasetID(5), .memory), partition: partition)
                    }
                }
            }
            for result in tasks.map({ $0.wait() }) { _ = try result.get() }
        }
    }

    @Test func whoHoldsLittleGoesOnWhenOthersHaveTheMemory() throws {
        let harness = TaskHarness()
        let (plan, input) = try thousands(1, on: harness)
        harness.executor.memory.setLimit(32 << 20)
        fill(33, of: harness)
        let report = try harness.report(broadcastJoin(plan), [input])
        #expect(report.blocks[0].rowCount == 1_024)
    }

    @Test func aTaskThatWouldHaveRoomAloneMayBeTriedAgain() throws {
        let harness = TaskHarness()
        let (plan, input) = try thousands(1_000, on: harness)
        harness.executor.memory.setLimit(16 << 20)
        // As of another task.
        let region = harness.executor.memory.whileCurrent { MemoryRegion(byteCount: 10 << 20) }
        let error = try error { _ = try harness.report(broadcastJoin(plan), [input]) }
        withExtendedLifetime(region) {}
        #expect(error.code == .outOfMemory && error.isRetryable)
        for part in ["join on key", "holds", "executor under test", "limit is \(16 << 20) bytes"] {
            #expect(error.message.contains(part), "\(error)")
        }
    }

    @Test func aTaskThatWouldHaveNoRoomBesideTheStoreIsNot() throws {
        let harness = TaskHarness()
        let (plan, input) = try thousands(1_000, on: harness)
        harness.executor.memory.setLimit(16 << 20)
        fill(10, of: harness)
        let error = try error { _ = try harness.report(broadcastJoin(plan), [input]) }
        #expect(error.code == .outOfMemory && !error.isRetryable, "\(error)")
    }

    @Test func whoNeedsRoomWaitsForTheOneWhoIsAboutToSpill() throws {
        let harness = TaskHarness()
        let memory = harness.executor.taskMemory
        let pool = harness.executor.memory
        pool.setLimit(16 << 20)
        #expect(throws: StoaError.self) { try memory.check("nobody", needs: 17 << 20) }
        memory.spillBegins()
        let neighbour = try pool.whileCurrent {
            let region = MemoryRegion(byteCount: 15 << 20)
            return try Background {
                // As long as a sort before its first write.
                withExtendedLifetime(region) { _ = usleep(100_000) }
            }
        }
        let ending = try Background {
            neighbour.wait()
            memory.spillEnds()
        }
        let result = Result { try memory.check("a task", needs: 8 << 20) }
        ending.wait()
        try result.get()
    }

    @Test func aTaskThatHasNoRoomEvenAloneIsNot() throws {
        let harness = TaskHarness()
        let (plan, input) = try thousands(4_000, on: harness)
        harness.executor.memory.setLimit(16 << 20)
        let error = try error { _ = try harness.report(broadcastJoin(plan), [input]) }
        #expect(error.code == .outOfMemory && !error.isRetryable, "\(error)")
    }

    // MARK: Who can spill

    /// Rows of so many buckets that each waits for more before it is written.
    @Test func bucketsOfFewRowsSpill() throws {
        let harness = TaskHarness()
        let (plan, input) = try thousands(1_024, on: harness)
        harness.executor.memory.setLimit(16 << 20)
        let report = try harness.report(
            plan, [input], output: .buckets(keys: [Self.bound.column("key")], count: 512))
        #expect(report.blocks.count == 512 && report.blocks.reduce(0) { $0 + $1.rowCount } == 1 << 20)
        #expect(harness.executor.spillFile.byteCount > 0)
        #expect(harness.executor.memory.peakBytes <= 16 << 20, "\(harness.executor.memory.peakBytes)")
    }

    @Test(arguments: ["key", "row"])
    func moreRunsThanAreReadAtOnceBecomeOne(_ name: String) throws {
        let keys = [BoundSortKey(Self.bound.column(name), isDescending: false, nullsFirst: false)]
        func sorted(on harness: TaskHarness, _ thousands: (PhysicalPlan, TaskInput)) throws -> Batch {
            try harness.blocks(.sort(keys, limit: nil, thousands.0), [thousands.1])[0].joined(Self.schema)
        }
        let tight = TaskHarness()
        let many = try thousands(700, on: tight)
        tight.executor.memory.setLimit(16 << 20, spillingFrom: 1 << 20)
        let plain = TaskHarness()
        #expect(try sorted(on: tight, many) == sorted(on: plain, thousands(700, on: plain)))
        #expect(tight.executor.spillFile.byteCount > 0)
    }

    @Test(arguments: [nil, 5_000])
    func moreSortedBlocksThanAreReadAtOnceBecomeOne(_ limit: Int?) throws {
        let bound = Bound(schema: RandomTable.schema)
        let keys = [
            BoundSortKey(bound.column("text"), isDescending: true, nullsFirst: false),
            BoundSortKey(bound.column("int"), isDescending: false, nullsFirst: true),
        ]
        func merged(on harness: TaskHarness) throws -> Batch {
            let inputs = try (0..<40).map { number in
                let rows = harness.put(
                    [try RandomTable.make(700, seed: UInt64(number))], stage: 0, partition: number)
                let report = try harness.report(
                    .sort(keys, limit: limit, .input(0, RandomTable.schema)), [.blocks([rows])], stage: 1,
                    partition: number)
                return BlockLocation(block: report.blocks[0].id, executor: harness.executor.id)
            }
            let plan = PhysicalPlan.mergeSorted(keys, limit: limit, .input(0, RandomTable.schema))
            return try harness.blocks(plan, [.blocks(inputs)], stage: 2)[0].joined(RandomTable.schema)
        }
        let tight = TaskHarness()
        tight.executor.memory.setLimit(16 << 20, spillingFrom: 0)
        #expect(try merged(on: tight) == merged(on: TaskHarness()))
    }

    // MARK: Disks that take nothing

    private func harnessWithoutDisk() -> TaskHarness {
        let executor = TaskExecutor(
            id: ExecutorID(0), name: "executor under test", spillFolder: "/proc/no-such-folder"
        ) { (location) throws(StoaError) -> Block in
            throw StoaError(.blockLost, source: .environment, "no \(location.executor)", isRetryable: true)
        }
        return TaskHarness(executor: executor)
    }

    private func operators(over plan: PhysicalPlan) throws -> [(plan: PhysicalPlan, output: TaskOutput)] {
        let key = Self.bound.column("key")
        let join = HashJoin(
            kind: .inner, buildSide: .right, buildKeys: [key], probeKeys: [key],
            output: [.init(side: .left, index: 2), .init(side: .right, index: 1)],
            schema: Schema([Self.schema[2], Self.schema[1]]), isBroadcast: false)
        let sum = BoundAggregate(function: .sum, argument: Self.bound.column("row"), type: .int64, text: "sum")
        let grouping = Aggregation(
            phase: .complete, keys: [key], aggregates: [sum], schema: Schema([Self.schema[0], Field("sum", .int64)]))
        return [
            (.sort([BoundSortKey(key, isDescending: true, nullsFirst: false)], limit: nil, plan), .block),
            (.join(join, build: plan, probe: plan), .block), (.aggregate(grouping, plan), .block),
            (plan, .buckets(keys: [key], count: 3)), (plan, .persist(DatasetID(5), .memoryAndDisk)),
        ]
    }

    @Test(arguments: 0..<5)
    func memoryServesUpToTheLimitWithoutADisk(_ number: Int) throws {
        func rows(on harness: TaskHarness) throws -> [Batch] {
            let (plan, input) = try thousands(100, on: harness)
            let (operation, output) = try operators(over: plan)[number]
            return try harness.blocks(operation, [input], output: output).map { try $0.joined(operation.schema) }
        }
        let harness = harnessWithoutDisk()
        harness.executor.memory.setLimit(64 << 20, spillingFrom: 0)
        #expect(try rows(on: harness) == rows(on: TaskHarness()))
    }

    @Test(arguments: 0..<5)
    func beyondTheLimitTheDisksErrorCounts(_ number: Int) throws {
        let harness = harnessWithoutDisk()
        let (plan, input) = try thousands(400, on: harness)
        let (operation, output) = try operators(over: plan)[number]
        harness.executor.memory.setLimit(4 << 20)
        let error = try error { _ = try harness.report(operation, [input], output: output) }
        #expect(error.code == .inputOutputFailed && error.location.file == "/proc/no-such-folder")
        for part in ["bytes", "No such file", "its limit is \(4 << 20) bytes"] {
            #expect(error.message.contains(part), "\(error)")
        }
    }

    @Test func whatMustGoToTheDiskFailsWithoutOne() throws {
        let harness = harnessWithoutDisk()
        let (plan, input) = try thousands(10, on: harness)
        let error = try error { _ = try harness.report(plan, [input], output: .persist(DatasetID(5), .disk)) }
        #expect(error.code == .inputOutputFailed && error.location.file == "/proc/no-such-folder")
    }

    // MARK: Who cannot spill

    private func failure(of operation: (PhysicalPlan) throws -> PhysicalPlan, thousands count: Int) throws -> StoaError
    {
        let harness = TaskHarness()
        let (plan, input) = try thousands(count, on: harness)
        harness.executor.memory.setLimit(8 << 20)
        let operation = try operation(plan)
        return try error { _ = try harness.report(operation, [input]) }
    }

    @Test(arguments: [1, 2])
    func firstRowsOfGroups(_ orders: Int) throws {
        let order = ["value", "row"].prefix(orders).map {
            BoundSortKey(Self.bound.column($0), isDescending: false, nullsFirst: false)
        }
        let top = TopRows(keys: [Self.bound.column("key")], order: order, count: 3)
        let error = try failure(of: { .topRows(top, $0) }, thousands: 1_000)
        #expect(error.code == .outOfMemory)
        #expect(error.message.contains("first 3 rows by key") && error.message.contains("\(8 << 20) bytes"), "\(error)")
    }

    private func aggregation(_ function: AggregateFunction, _ type: DataType, keys: [BoundExpression]) -> Aggregation {
        let aggregate = BoundAggregate(
            function: function, argument: Self.bound.column("value"), type: type, text: "aggregate of value")
        return Aggregation(
            phase: .complete, keys: keys, aggregates: [aggregate],
            schema: Schema(keys.map { Field($0.text, $0.type) } + [Field("out", type)]))
    }

    @Test func valuesForQuantiles() throws {
        let median = AggregateFunction.quantile(0.5, .linear)
        let total = try failure(
            of: { .aggregate(aggregation(median, .float64, keys: []), $0) }, thousands: 3_000)
        #expect(total.code == .outOfMemory && total.message.contains("aggregate of value"), "\(total)")
        // Of two groups, which cannot be fewer.
        let key = Self.bound.isGreater("row", 1_000_000)
        let grouped = try failure(
            of: { .aggregate(aggregation(median, .float64, keys: [key]), $0) }, thousands: 3_000)
        #expect(grouped.code == .outOfMemory && grouped.message.contains("grouping by"), "\(grouped)")
    }

    @Test func differentValues() throws {
        let key = Self.bound.column("key")
        let distinct = Aggregation(phase: .complete, keys: [key], aggregates: [], schema: Schema([Self.schema[0]]))
        let count = BoundAggregate(
            function: .count, argument: Bound(schema: distinct.schema).column("key"), type: .int64, text: "n")
        let counting = Aggregation(
            phase: .complete, keys: [], aggregates: [count], schema: Schema([Field("n", .int64)]))
        let error = try failure(of: { .aggregate(counting, .aggregate(distinct, $0)) }, thousands: 1_000)
        #expect(error.code == .outOfMemory && error.message.contains("different values of key"), "\(error)")
    }

    /// A later operator makes them different, so that they may pass.
    @Test func differentKeysThatDoNotFitPass() throws {
        let key = Self.bound.column("key")
        let partial = Aggregation(phase: .partial, keys: [key], aggregates: [], schema: Schema([Self.schema[0]]))
        let harness = TaskHarness()
        let (plan, input) = try thousands(304, on: harness, copies: 2)
        harness.executor.memory.setLimit(8 << 20)
        let blocks = try harness.blocks(.aggregate(partial, plan), [input])
        let keys = try blocks[0].joined(partial.schema).columns[0].array(of: Int64.self)
        // The first half of all keys would not have fitted.
        #expect(keys.count > 304 << 10 && keys.count < 2 * 304 << 10)
        #expect(Set(keys).count == 304 << 10)
    }

    @Test func statesOfTheUser() throws {
        let function = try UserFunction(encoding: Hoard())
        let error = try failure(of: { .userAggregate(function, .partial, $0) }, thousands: 3_000)
        #expect(error.code == .outOfMemory && error.message.contains("Hoard"), "\(error)")
    }

    @Test func batchesOfTheUser() throws {
        let harness = TaskHarness()
        let numbers = try Batch(["number": Column((0..<1_000).map { Int64($0) })])
        let input = TaskInput.blocks([harness.put([numbers], stage: 0)])
        let plan = PhysicalPlan.map(
            try UserFunction(encoding: Multiplying()), Self.schema, .input(0, numbers.schema))
        harness.executor.memory.setLimit(8 << 20)
        let error = try error { _ = try harness.report(plan, [input]) }
        #expect(error.code == .outOfMemory && error.message.contains("Multiplying"), "\(error)")
    }
}

/// Keeps every batch.
struct Hoard: BatchAggregate {
    struct State: Codable, Sendable {
        var columns: [Column] = []
        init() {}
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws {}
    }

    func initialState() -> State { State() }
    func consume(_ batch: Batch, into state: inout State) {
        let count = batch.rowCount
        let copy = MemoryRegion(of: Int64.self, count: count)
        copy.bound(to: Int64.self).update(from: batch.columns[0].values(as: Int64.self), count: count)
        state.columns.append(Column(type: .int64, count: count, values: copy))
    }
    func merge(_ other: State, into state: inout State) { state.columns += other.columns }
    func finish(_ state: State) -> Int { state.columns.count }
}
