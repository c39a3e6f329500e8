import Glibc
import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

/// What the kernel counts as resident stays under the limit and a constant, with inputs of five times the limit. Each
/// operator runs in a process of its own, since the highest mark never falls.
@Suite(.serialized) struct ResidentMemoryTests {
    @Test func sorting() async { await #expect(processExitsWith: .success) { try LimitedMemory.sort() } }
    @Test func grouping() async { await #expect(processExitsWith: .success) { try LimitedMemory.group() } }
    @Test func exchanging() async { await #expect(processExitsWith: .success) { try LimitedMemory.exchange() } }
    @Test func joining() async { await #expect(processExitsWith: .success) { try LimitedMemory.join() } }
    @Test func sortingOnFourThreads() async {
        await #expect(processExitsWith: .success) { try LimitedMemory.sort(threads: 4) }
    }
    @Test func persisting() async { await #expect(processExitsWith: .success) { try LimitedMemory.persist() } }
}

/// Makes many rows of few: each row of the input becomes 1,024.
struct Multiplying: BatchFunction {
    static let factor = 1_024
    static let schema = Schema([
        Field("key", .int64, isNullable: false), Field("value", .float64, isNullable: false),
        Field("row", .int64, isNullable: false),
    ])

    func outputSchema(for input: Schema) throws -> Schema { Self.schema }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        let count = batch.rowCount * Self.factor
        let regions = (0..<3).map { _ in MemoryRegion(of: Int64.self, count: count) }
        let first = batch.columns[0].values(as: Int64.self)
        for row in 0..<count {
            let number = first[row / Self.factor] * Int64(Self.factor) + Int64(row % Self.factor)
            // Odd factors make a permutation of all 64-bit numbers.
            regions[0].bound(to: Int64.self)[row] = number &* 0x2545_F491_4F6C_DD1D
            regions[1].bound(to: Double.self)[row] = Double(number) * 0.5
            regions[2].bound(to: Int64.self)[row] = number
        }
        let columns = zip(regions, Self.schema.fields).map { Column(type: $1.type, count: count, values: $0) }
        return try Batch(schema: Self.schema, columns: columns)
    }
}

/// Tasks over 160 MB of rows with 32 MB of memory.
private enum LimitedMemory {
    static let limit = 32 << 20
    /// What the process may take beyond its limit, as the documentation of `executorMemory` says for an executor of one
    /// thread: morsels and frames, and what the allocator and the runtime keep.
    static let constant = 32 << 20
    /// The same for each thread more.
    static let threadConstant = 8 << 20
    static let rows = 5 * limit / 24

    private static func resident(_ name: String) -> Int {
        guard let file = fopen("/proc/self/status", "r") else { return -1 }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = fread(&bytes, 1, bytes.count, file)
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + ":") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? -1) << 10
    }

    /// Runs a body with an executor of little memory and the small input, and checks the process afterwards.
    private static func run(threads: Int = 1, _ body: (TaskHarness, PhysicalPlan, TaskInput) throws -> Void) throws {
        let harness = TaskHarness()
        let counts = (0..<rows / Multiplying.factor).map { Int64($0) }
        let batches = try stride(from: 0, to: counts.count, by: 16).map { start in
            try Batch(["number": Column(Array(counts[start..<min(start + 16, counts.count)]))])
        }
        let input = TaskInput.blocks([harness.put(batches, stage: 0)])
        let function = try UserFunction(encoding: Multiplying())
        let plan = PhysicalPlan.map(function, Multiplying.schema, .input(0, batches[0].schema))
        let before = resident("VmRSS")
        harness.executor.memory.setLimit(limit)
        try body(harness, plan, input)
        let peak = resident("VmHWM")
        try #require(before > 0 && peak - before < limit + constant + (threads - 1) * threadConstant)
        try #require(harness.executor.memory.peakBytes <= limit + (threads - 1) * threadConstant)
    }

    /// Rows and the sum of their numbers in blocks, counted by a task of the same executor.
    private static func count(_ blocks: [BlockSummary], _ schema: Schema, row: String, on harness: TaskHarness) throws
        -> [Int64]
    {
        let column = Bound(schema: schema).column(row)
        let aggregates = [
            BoundAggregate(function: .countRows, argument: nil, type: .int64, text: "count"),
            BoundAggregate(function: .sum, argument: column, type: .int64, text: "sum"),
        ]
        let counting = Aggregation(
            phase: .complete, keys: [], aggregates: aggregates,
            schema: Schema([Field("count", .int64), Field("sum", .int64)]))
        let inputs = blocks.map { BlockLocation(block: $0.id, executor: harness.executor.id) }
        let block = try harness.blocks(.aggregate(counting, .input(0, schema)), [.blocks(inputs)], stage: 3)[0]
        return try block.joined(counting.schema).columns.map { $0.values(as: Int64.self)[0] }
    }

    private static var expected: [Int64] {
        let count = Int64(rows / Multiplying.factor * Multiplying.factor)
        return [count, count * (count - 1) / 2]
    }

    static func sort() throws {
        try run { harness, plan, input in
            let report = try harness.report(sorted(plan), [input])
            try #require(try count(report.blocks, plan.schema, row: "row", on: harness) == expected)
        }
    }

    private static func sorted(_ plan: PhysicalPlan) -> PhysicalPlan {
        let key = BoundSortKey(Bound(schema: plan.schema).column("key"), isDescending: false, nullsFirst: false)
        return .sort([key], limit: nil, plan)
    }

    /// Each thread sorts all rows.
    static func sort(threads: Int) throws {
        try run(threads: threads) { harness, plan, input in
            let tasks = try (0..<threads).map { partition in
                try Background {
                    Result { try harness.report(sorted(plan), [input], stage: 4, partition: partition) }
                }
            }
            for result in tasks.map({ $0.wait() }) {
                try #require(try count(result.get().blocks, plan.schema, row: "row", on: harness) == expected)
            }
        }
    }

    static func group() throws {
        try run { harness, plan, input in
            let bound = Bound(schema: plan.schema)
            let aggregates = [
                BoundAggregate(function: .sum, argument: bound.column("row"), type: .int64, text: "sum"),
                BoundAggregate(function: .mean, argument: bound.column("value"), type: .float64, text: "mean"),
            ]
            let grouping = Aggregation(
                phase: .complete, keys: [bound.column("key")], aggregates: aggregates,
                schema: Schema([plan.schema[0], Field("row", .int64), Field("mean", .float64)]))
            let report = try harness.report(.aggregate(grouping, plan), [input])
            try #require(try count(report.blocks, grouping.schema, row: "row", on: harness) == expected)
        }
    }

    static func exchange() throws {
        try run { harness, plan, input in
            let keys = [Bound(schema: plan.schema).column("key")]
            let report = try harness.report(plan, [input], output: .buckets(keys: keys, count: 8))
            try #require(try count(report.blocks, plan.schema, row: "row", on: harness) == expected)
        }
    }

    static func join() throws {
        try run { harness, plan, input in
            let key = Bound(schema: plan.schema).column("key")
            let output = [
                HashJoin.OutputColumn(side: .left, index: 2), .init(side: .right, index: 1),
            ]
            let join = HashJoin(
                kind: .inner, buildSide: .right, buildKeys: [key], probeKeys: [key], output: output,
                schema: Schema([plan.schema[2], plan.schema[1]]), isBroadcast: false)
            let report = try harness.report(.join(join, build: plan, probe: plan), [input])
            try #require(try count(report.blocks, join.schema, row: "row", on: harness) == expected)
        }
    }

    static func persist() throws {
        try run { harness, plan, input in
            let report = try harness.report(plan, [input], output: .persist(DatasetID(1), .memoryAndDisk))
            try #require(try count(report.blocks, plan.schema, row: "row", on: harness) == expected)
        }
    }
}
