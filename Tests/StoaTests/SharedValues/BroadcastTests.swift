import Stoa
import StoaTasks
import Synchronization
import Testing

/// Values that functions read: they travel by name, and stay as long as somebody may read them.
@Suite struct BroadcastTests {
    /// Adds the weight of each row's number.
    struct Weighing: BatchFunction {
        let weights: Broadcast<[Double]>

        func outputSchema(for input: Schema) -> Schema { Schema([Field("w", .float64)]) }

        func callAsFunction(_ batch: Batch) throws -> Batch {
            let weights = try weights.value
            return try Batch(["w": Column(try batch.column("n").array(of: Int.self).map { weights[$0] })])
        }
    }

    private static let weights = (0..<1_000).map { 1 / Double($0 + 1) } + [.infinity, -0.0]

    private func numbers(_ session: Session) throws -> DataFrame {
        try session.dataFrame(["n": Column(Array(0..<1_002))], rowsPerPartition: 100)
    }

    @Test func functionsReadTheValue() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        let weights = session.broadcast(Self.weights)
        #expect(try weights.value == Self.weights)
        let weighed = try numbers(session).mapBatches(Weighing(weights: weights))
        let found = try await weighed.collect()["w", as: Double.self]
        #expect(found.map(\.bitPattern) == Self.weights.map(\.bitPattern))
        // The plan holds a name, not a thousand numbers.
        #expect(try weighed.explain().count < 2_000)
    }

    /// A data frame keeps what its functions read, however the program lets go of it.
    @Test func dataFramesKeepTheValue() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        var (frame, id): (DataFrame?, BroadcastID?)
        do {
            let weights = session.broadcast(Self.weights)
            id = weights.id
            frame = try numbers(session).mapBatches(Weighing(weights: weights)).filter(col("w") > 0)
        }
        let name = try #require(id)
        #expect(BroadcastStore.shared.holds(name))
        #expect(try await frame?.count() == 1_001)
        frame = nil
        #expect(!BroadcastStore.shared.holds(name))
    }

    @Test func aggregatesReadTheValue() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 1))
        let total = try await numbers(session).treeAggregate(WeighedCount(weight: session.broadcast(2.5)))
        #expect(total == 2.5 * 1_002)
    }

    struct WeighedCount: BatchAggregate {
        let weight: Broadcast<Double>

        func initialState() -> Double { 0 }
        func consume(_ batch: Batch, into state: inout Double) throws {
            state += Double(batch.rowCount) * (try weight.value)
        }
        func merge(_ other: Double, into state: inout Double) { state += other }
        func finish(_ state: Double) -> Double { state }
    }

    @Test func valuesAreNamedByTasks() throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let (first, second) = (session.broadcast([1.0]), session.broadcast([2.0]))
        let schema = Schema([Field("n", .int64)])
        var plan = PhysicalPlan.input(0, schema)
        for weights in [second, first] {
            plan = .map(try UserFunction(encoding: Weighing(weights: weights)), schema, plan)
        }
        #expect(TaskWork(plan: plan, output: .block).broadcasts == [second.id, first.id])
    }

    /// Another process's store: it is given bytes, and decodes them when they are first asked for.
    @Test func executorsDecodeOnce() throws {
        let (driver, executor) = (BroadcastStore(), BroadcastStore())
        let id = driver.keep(Decoded(number: 7))
        executor.receive(id, try #require(try driver.payload(id)))
        let before = decodedCount.load(ordering: .relaxed)
        for _ in 0..<5 { #expect(try executor.value(id, as: Decoded.self).number == 7) }
        #expect(decodedCount.load(ordering: .relaxed) == before + 1)
        executor.forget(id)
        let error = #expect(throws: StoaError.self) { try executor.value(id, as: Decoded.self) }
        #expect(error?.code == .unknownName)
        #expect(try driver.payload(BroadcastID(id.value + 1)) == nil)
    }

    struct Decoded: Codable, Sendable {
        let number: Int

        init(number: Int) { self.number = number }

        init(from decoder: any Decoder) throws {
            decodedCount.add(1, ordering: .relaxed)
            number = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .number)
        }
    }
}

private let decodedCount = Atomic<Int>(0)
