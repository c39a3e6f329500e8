import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Synchronization
import Testing

/// Operators that spill at every chance give the same rows as those that never do.
@Suite struct SpillingTests {
    /// An executor whose memory is tight from the first byte on.
    private func tightHarness() -> TaskHarness {
        let harness = TaskHarness()
        harness.executor.memory.setLimit(nil, spillingFrom: 0)
        return harness
    }

    private func parts(_ seed: Int, rows: Int = 4_000) throws -> [Batch] {
        try RandomTable.cut(RandomTable.make(rows, seed: UInt64(seed)), seed: UInt64(seed), longest: rows / 40)
    }

    /// Runs a task with and without room, and gives both blocks.
    private func both(
        _ seed: Int, rows: Int = 4_000, _ plan: (PhysicalPlan) -> PhysicalPlan
    ) throws -> (spilled: Batch, plain: Batch) {
        let parts = try parts(seed, rows: rows)
        let tight = tightHarness()
        let spilled = try tight.rows(parts, schema: RandomTable.schema, plan)
        let plain = try TaskHarness().rows(parts, schema: RandomTable.schema, plan)
        #expect(tight.executor.spillFile.byteCount > 0)
        tight.executor.dropAll()
        #expect(tight.executor.spillFile.byteCount == 0)
        return (spilled, plain)
    }

    @Test(arguments: 0..<12)
    func sortedRunsMergeToTheSameOrder(seed: Int) throws {
        let bound = Bound(schema: RandomTable.schema)
        let names = [["text"], ["float", "int"], ["code", "wide"], ["flag", "small", "price"], ["int"], ["single"]]
        let keys = names[seed % names.count].enumerated().map { index, name in
            BoundSortKey(bound.column(name), isDescending: (seed + index) % 2 == 0, nullsFirst: seed % 3 == 0)
        }
        let limit = seed % 4 == 3 ? 700 : nil
        let (spilled, plain) = try both(seed) { .sort(keys, limit: limit, $0) }
        #expect(spilled == plain)
    }

    @Test(arguments: 0..<4)
    func sortedBlocksInAFileMergeToTheSameOrder(seed: Int) throws {
        let bound = Bound(schema: RandomTable.schema)
        let keys = [BoundSortKey(bound.column(seed % 2 == 0 ? "text" : "int"), isDescending: false, nullsFirst: false)]
        func merged(on harness: TaskHarness) throws -> Batch {
            let inputs = try (0..<5).map { number in
                let input = harness.put(try parts(10 * seed + number), stage: 0, partition: number)
                let report = try harness.report(
                    .sort(keys, limit: nil, .input(0, RandomTable.schema)), [.blocks([input])], stage: 1,
                    partition: number)
                return BlockLocation(block: report.blocks[0].id, executor: harness.executor.id)
            }
            let plan = PhysicalPlan.mergeSorted(keys, limit: nil, .input(0, RandomTable.schema))
            return try #require(try harness.blocks(plan, [.blocks(inputs)], stage: 2).first)
                .joined(RandomTable.schema)
        }
        #expect(try merged(on: tightHarness()) == merged(on: TaskHarness()))
    }

    @Test(arguments: 0..<4)
    func bucketsHoldTheSameRows(seed: Int) throws {
        let bound = Bound(schema: RandomTable.schema)
        let parts = try parts(seed)
        func buckets(on harness: TaskHarness) throws -> [Batch] {
            let input = TaskInput.blocks([harness.put(parts, stage: 0)])
            return try harness.blocks(
                .input(0, RandomTable.schema), [input], output: .buckets(keys: [bound.column("text")], count: 5)
            ).map { try $0.joined(RandomTable.schema) }
        }
        let tight = tightHarness()
        #expect(try buckets(on: tight) == buckets(on: TaskHarness()))
        #expect(tight.executor.spillFile.byteCount > 0)
    }

    // MARK: Groups

    private func grouping(_ phase: AggregatePhase, _ keys: [BoundExpression], over schema: Schema) -> Aggregation {
        let bound = Bound(schema: schema)
        let functions: [(AggregateFunction, String?, DataType)] = [
            (.countRows, nil, .int64), (.sum, "float", .float64), (.mean, "single", .float64), (.min, "text", .utf8),
            (.variance(deltaDegrees: 1), "float", .float64), (.sum, "price", .decimal(precision: 38, scale: 2)),
            (.max, "day", .date32), (.count, "code", .int64),
        ]
        let aggregates = functions.map { function, name, type in
            BoundAggregate(
                function: function, argument: name.map(bound.column), type: type, text: "\(function)(\(name ?? ""))")
        }
        var fields = keys.enumerated().map { Field("key\($0)", $1.type) }
        for aggregate in aggregates {
            if phase.givesStates {
                fields += aggregate.stateTypes.enumerated().map { Field("\(aggregate.text).\($0)", $1) }
            } else {
                fields.append(Field(aggregate.text, aggregate.type))
            }
        }
        return Aggregation(phase: phase, keys: keys, aggregates: aggregates, schema: Schema(fields))
    }

    private static let keys = [
        ["row"], ["text", "int"], ["code"], ["wide", "flag", "small"], ["float"],
        ["time", "unsigned", "single", "int"],
    ]

    @Test(arguments: 0..<12)
    func groupsAreTheSameAndInTheSameOrder(seed: Int) throws {
        let bound = Bound(schema: RandomTable.schema)
        let names = Self.keys[seed % Self.keys.count]
        let keys = names.map { $0 == "int" ? bound.computed($0, plus: 7) : bound.column($0) }
        let grouping = grouping(.complete, keys, over: RandomTable.schema)
        let (spilled, plain) = try both(seed, rows: 1_500) { .aggregate(grouping, $0) }
        #expect(spilled.schema == plain.schema && spilled.rowCount == plain.rowCount)
        for (index, field) in plain.schema.fields.enumerated() {
            #expect(spilled.columns[index].hasSameBits(as: plain.columns[index]), "\(field)")
        }
        let distinct = Aggregation(
            phase: .complete, keys: keys, aggregates: [],
            schema: Schema(keys.enumerated().map { Field("key\($0)", $1.type) }))
        let (spilledKeys, plainKeys) = try both(seed, rows: 1_500) { .aggregate(distinct, $0) }
        #expect(spilledKeys == plainKeys)
    }

    @Test(arguments: 0..<6)
    func statesMergeToTheSameBits(seed: Int) throws {
        let bound = Bound(schema: RandomTable.schema)
        let keys = Self.keys[seed % Self.keys.count].map(bound.column)
        let partial = grouping(.partial, keys, over: RandomTable.schema)
        let finish = grouping(.finish, keys, over: RandomTable.schema)
        func finished(on harness: TaskHarness) throws -> Batch {
            let inputs = try (0..<4).map { number in
                let rows = harness.put(try parts(10 * seed + number, rows: 800), stage: 0, partition: number)
                let report = try harness.report(
                    .aggregate(partial, .input(0, RandomTable.schema)), [.blocks([rows])], stage: 1, partition: number)
                return BlockLocation(block: report.blocks[0].id, executor: harness.executor.id)
            }
            let blocks = try harness.blocks(
                .aggregate(finish, .input(0, partial.schema)), [.blocks(inputs)], stage: 2)
            return try #require(blocks.first).joined(finish.schema)
        }
        let (spilled, plain) = (try finished(on: tightHarness()), try finished(on: TaskHarness()))
        #expect(zip(spilled.columns, plain.columns).allSatisfy { $0.hasSameBits(as: $1) })
    }

    // MARK: Joins

    @Test(arguments: 0..<12)
    func joinsInPartsGiveTheSameRows(seed: Int) throws {
        let schema = RandomTable.schema
        let bound = Bound(schema: schema)
        let names = [["row"], ["wide", "day", "int"], ["text", "unsigned", "small"], ["row", "code"]][seed % 4]
        let keys = names.map { $0 == "int" ? bound.computed($0, plus: 1) : bound.column($0) }
        let output = [
            HashJoin.OutputColumn(side: .right, index: RandomTable.index("code")), .init(side: .left, index: 0),
            .init(side: .right, index: 0), .init(side: .left, index: RandomTable.index("text")),
            .init(side: .right, index: RandomTable.index("float")),
        ]
        let (kind, side) = [(JoinKind.inner, HashJoin.Side.left), (.inner, .right), (.left, .right)][seed % 3]
        let join = HashJoin(
            kind: kind, buildSide: side, buildKeys: keys, probeKeys: keys, output: output,
            schema: Schema(output.map { Field("\($0.side) \(schema[$0.index].name)", schema[$0.index].type) }),
            isBroadcast: false)
        let (built, probed) = (try parts(2 * seed, rows: 700), try parts(2 * seed + 1, rows: 900))
        func joined(on harness: TaskHarness) throws -> Batch {
            let inputs = [built, probed].enumerated().map { number, rows in
                TaskInput.blocks([harness.put(rows, stage: 0, partition: number)])
            }
            let plan = PhysicalPlan.join(join, build: .input(0, schema), probe: .input(1, schema))
            return try #require(try harness.blocks(plan, inputs).first).joined(join.schema)
        }
        let tight = tightHarness()
        let (spilled, plain) = (try joined(on: tight), try joined(on: TaskHarness()))
        #expect(spilled == plain)
        #expect(tight.executor.spillFile.byteCount > 0)
        tight.executor.dropAll()
        #expect(tight.executor.spillFile.byteCount == 0)
    }

    /// Rows that partial groupings passed on meet states, in either order, in a grouping that spills.
    @Test(arguments: [[0, 1], [1, 0], [0, 1, 0], [0, 0]])
    func passedRowsAndStatesMergeToTheSameBits(_ order: [Int]) throws {
        let schema = Schema([Field("key", .int64), Field("float", .float64), Field("text", .utf8)])
        func rows(_ count: Int, distinct: Int) throws -> Batch {
            let keys: [Int64?] = (0..<count).map { row in
                row % 11 == 0 ? nil : Int64(row % distinct * 7_919 % 1_000_003)
            }
            let floats = (0..<count).map { (row: Int) -> Double? in row % 13 == 0 ? nil : 1 / Double(row + 1) }
            let texts = (0..<count).map { (row: Int) -> String? in row % 17 == 0 ? nil : "text \(row % 7)" }
            return try Batch(["key": Column(keys), "float": Column(floats), "text": Column(texts)])
        }
        // A partition whose rows hardly repeat, and one whose rows do.
        let parts = [try rows(140_000, distinct: 140_000), try rows(3_000, distinct: 100)]
        let bound = Bound(schema: schema)
        let functions: [(AggregateFunction, String?, DataType)] = [
            (.countRows, nil, .int64), (.sum, "float", .float64), (.mean, "key", .float64), (.max, "text", .utf8),
        ]
        let aggregates = functions.map { function, name, type in
            BoundAggregate(
                function: function, argument: name.map(bound.column), type: type, text: "\(function)(\(name ?? ""))")
        }
        func grouping(_ phase: AggregatePhase) -> Aggregation {
            var fields = [Field("key", DataType.int64)]
            for aggregate in aggregates {
                if phase.givesStates {
                    for (part, type) in aggregate.stateTypes.enumerated() {
                        fields.append(Field("\(aggregate.text).\(part)", type))
                    }
                } else {
                    fields.append(Field(aggregate.text, aggregate.type))
                }
            }
            let key = bound.column("key")
            return Aggregation(
                phase: phase, keys: [key], aggregates: aggregates, schema: Schema(fields))
        }
        func finished(on harness: TaskHarness) throws -> [Batch] {
            var inputs: [[BlockLocation]] = [[], []]
            for (number, part) in order.enumerated() {
                let input = TaskInput.blocks([harness.put([parts[part]], stage: 0, partition: number)])
                let report = try harness.report(
                    .aggregate(grouping(.partial), .input(0, schema)), [input],
                    output: .buckets(keys: [bound.column("key")], count: 2), stage: 1, partition: number)
                for (bucket, block) in report.blocks.enumerated() {
                    inputs[bucket].append(BlockLocation(block: block.id, executor: harness.executor.id))
                }
                let isPassed = report.blocks.reduce(0) { $0 + $1.rowCount } == parts[part].rowCount
                #expect(isPassed == (part == 0))
            }
            return try inputs.map { input in
                let plan = PhysicalPlan.aggregate(grouping(.finish), .input(0, grouping(.partial).schema))
                return try #require(try harness.blocks(plan, [.blocks(input)], stage: 2).first)
                    .joined(grouping(.finish).schema)
            }
        }
        let tight = TaskHarness()
        tight.executor.memory.setLimit(nil, spillingFrom: 4 << 20)
        let (spilled, plain) = (try finished(on: tight), try finished(on: TaskHarness()))
        #expect(tight.executor.spillFile.byteCount > 0)
        for (spilled, plain) in zip(spilled, plain) {
            #expect(zip(spilled.columns, plain.columns).allSatisfy { $0.hasSameBits(as: $1) })
        }
        var counted: Int64 = 0
        for batch in plain {
            let counts = batch.columns[1].values(as: Int64.self)
            for row in 0..<batch.rowCount { counted += counts[row] }
        }
        let count = order.reduce(0) { $0 + parts[$1].rowCount }
        #expect(counted == Int64(count))
    }

    /// After 131,072 rows that hardly repeat a partition decides to pass the rest on, which is also when it may spill.
    @Test(arguments: [131_071, 131_072, 131_073, 200_000])
    func rowsThatHardlyRepeatAreAllPassedOn(_ count: Int) throws {
        let rows = try Batch(["key": Column((0..<count).map { Int64($0 * 7_919 % 1_000_003) })])
        let key = Bound(schema: rows.schema).column("key")
        let aggregates = [BoundAggregate(function: .countRows, argument: nil, type: .int64, text: "n")]
        let partial = Aggregation(
            phase: .partial, keys: [key], aggregates: aggregates,
            schema: Schema([Field("key", .int64), Field("n.0", .int64)]))
        func states(on harness: TaskHarness) throws -> Batch {
            let input = TaskInput.blocks([harness.put([rows], stage: 0)])
            let plan = PhysicalPlan.aggregate(partial, .input(0, rows.schema))
            let batches = try #require(try harness.blocks(plan, [input]).first).rows()
            #expect((batches[0].schema == partial.rowSchema) == (count >= 131_072))
            return try Batch.concatenated(batches, schema: batches[0].schema)
        }
        let (spilled, plain) = (try states(on: tightHarness()), try states(on: TaskHarness()))
        #expect(plain.rowCount == count)
        #expect(spilled == plain)
    }

    @Test func aBuildSideThatAllTasksShareCannotSpill() throws {
        let schema = RandomTable.schema
        let key = Bound(schema: schema).column("row")
        let join = HashJoin(
            kind: .inner, buildSide: .right, buildKeys: [key], probeKeys: [key],
            output: [HashJoin.OutputColumn(side: .left, index: 0)], schema: Schema([schema[0]]), isBroadcast: true)
        let harness = TaskHarness()
        let inputs = try (0..<2).map { number in
            TaskInput.blocks([harness.put([try RandomTable.make(60_000, seed: 1)], stage: 0, partition: number)])
        }
        harness.executor.memory.setLimit(1 << 19)
        let error = try #require(throws: StoaError.self) {
            try harness.report(.join(join, build: .input(0, schema), probe: .input(1, schema)), inputs)
        }
        #expect(error.code == .outOfMemory && error.message.contains("join on row") && !error.isRetryable, "\(error)")
    }

    // MARK: Persisted partitions

    private func persist(
        _ level: StorageLevel, on harness: TaskHarness, dataset: Int = 5, partition: Int, seed: Int
    ) throws -> Batch {
        let parts = try parts(seed, rows: 3_000)
        let input = harness.put(parts, stage: 0, partition: partition)
        _ = try harness.report(
            .input(0, RandomTable.schema), [.blocks([input])], output: .persist(DatasetID(dataset), level),
            partition: partition)
        harness.executor.drop([input.block])
        return try Batch.concatenated(parts, schema: RandomTable.schema)
    }

    @Test func partitionsOnDiskTakeNoMemory() throws {
        let harness = TaskHarness()
        let rows = try persist(.disk, on: harness, partition: 2, seed: 1)
        #expect(harness.executor.store.byteCount == 0 && harness.executor.spillFile.byteCount > 0)
        let id = BlockID.dataset(DatasetID(5), partition: 2)
        #expect(try #require(harness.executor.store.get(id)).joined(RandomTable.schema) == rows)
        harness.executor.drop([id])
        #expect(harness.executor.spillFile.byteCount == 0)
    }

    @Test func thePartitionNotReadForLongestGoesFirst() throws {
        let harness = TaskHarness()
        let evicted = Evictions()
        harness.executor.store.onEviction { evicted.add($0) }
        let ids = (0..<4).map { BlockID.dataset(DatasetID(5), partition: $0) }
        for partition in 0..<4 { _ = try persist(.memory, on: harness, partition: partition, seed: partition) }
        _ = harness.executor.store.get(ids[0])
        _ = harness.executor.store.get(ids[2])
        let wanted = try #require(harness.executor.store.get(ids[0])).byteCount + 1
        try harness.executor.giveBack(wanted)
        #expect(evicted.all == [ids[1], ids[3]])
        #expect(harness.executor.store.get(ids[1]) == nil && harness.executor.store.get(ids[0]) != nil)
    }

    @Test func partitionsThatMayGoToDiskDo() throws {
        let harness = TaskHarness()
        let evicted = Evictions()
        harness.executor.store.onEviction { evicted.add($0) }
        let rows = try (0..<3).map { try persist(.memoryAndDisk, on: harness, partition: $0, seed: $0) }
        #expect(harness.executor.spillFile.byteCount == 0)
        try harness.executor.giveBack(.max)
        #expect(harness.executor.store.byteCount == 0 && evicted.all.isEmpty)
        for (partition, rows) in rows.enumerated() {
            let block = try #require(harness.executor.store.get(.dataset(DatasetID(5), partition: partition)))
            #expect(try block.joined(RandomTable.schema) == rows)
        }
    }

    @Test func dataOfTheUserIsNeverGivenUp() throws {
        let harness = TaskHarness()
        let table = try RandomTable.make(3_000, seed: 1)
        let id = BlockID.dataset(DatasetID(1), partition: 0)
        harness.executor.store.put(Block(rows: [table]), as: id)
        try harness.executor.giveBack(.max)
        #expect(harness.executor.store.byteCount > 0)
    }

    // MARK: Errors

    @Test func aFolderThatCannotBeWrittenIsNamed() throws {
        let executor = TaskExecutor(
            id: ExecutorID(0), name: "executor under test", spillFolder: "/proc/no-such-folder"
        ) { (location) throws(StoaError) -> Block in
            throw StoaError(.blockLost, source: .environment, "no \(location.executor)", isRetryable: true)
        }
        executor.memory.setLimit(1_000)
        let harness = TaskHarness(executor: executor)
        let input = harness.put(try parts(1), stage: 0)
        let key = BoundSortKey(Bound(schema: RandomTable.schema).column("int"), isDescending: false, nullsFirst: false)
        let failure = try #require(throws: StoaError.self) {
            try harness.report(.sort([key], limit: nil, .input(0, RandomTable.schema)), [.blocks([input])])
        }
        #expect(failure.code == .inputOutputFailed && failure.location.file == "/proc/no-such-folder")
        #expect(failure.message.contains("bytes"), "\(failure)")
    }

    @Test func aPartitionBeyondTheLimitNamesItself() throws {
        let harness = TaskHarness()
        let input = harness.put([try RandomTable.make(20_000, seed: 1)], stage: 0)
        harness.executor.memory.setLimit(1_000)
        let failure = try #require(throws: StoaError.self) {
            try harness.report(
                .input(0, RandomTable.schema), [.blocks([input])], output: .persist(DatasetID(5), .memory))
        }
        #expect(failure.code == .outOfMemory)
        #expect(failure.message.contains("dataset 5") && failure.message.contains("1000 bytes"))
    }
}

extension Column {
    /// Whether rows are equal by their bits; which NaN comes of several depends on the order of a processor's operands, which
    /// loops over more and fewer rows choose differently.
    fileprivate func hasSameBits(as other: Column) -> Bool {
        guard type == .float64, count == other.count else { return self == other }
        return (0..<count).allSatisfy { row in
            if isNull(at: row) || other.isNull(at: row) { return isNull(at: row) == other.isNull(at: row) }
            let (left, right) = (values(as: Double.self)[row], other.values(as: Double.self)[row])
            return left.bitPattern == right.bitPattern || left.isNaN && right.isNaN
        }
    }
}

/// What a store has given up.
private final class Evictions: Sendable {
    private let ids = Mutex<[BlockID]>([])
    func add(_ more: [BlockID]) { ids.withLock { $0 += more } }
    var all: [BlockID] { ids.withLock { $0 } }
}
