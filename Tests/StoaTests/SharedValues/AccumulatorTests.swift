import Stoa
import Synchronization
import Testing

/// What functions of the user add counts once for each partition, whatever was tried again, in an order that does not change.
@Suite struct AccumulatorTests {
    /// Adds the number of rows and the sum of `x`, and the first row's `partition` to a list.
    struct Adding: BatchFunction {
        var rows: Accumulator<Int>?
        var sum: Accumulator<Double>?
        var visits: Accumulator<Visits>?
        /// Names the test case whose first attempts fail; nil when none do.
        var failing: String?
        var failsAlways = false

        func outputSchema(for input: Schema) -> Schema { input }

        func callAsFunction(_ batch: Batch) throws -> Batch {
            let values = try batch.column("x").array(of: Double.self)
            rows?.add(values.count)
            for value in values { sum?.add(value) }
            let partition = try batch.column("partition").array(of: Int.self)[0]
            visits?.add(Visits(partitions: [partition]))
            if let failing, firstVisit(of: "\(failing) \(partition)") || failsAlways && partition == 3 {
                throw StoaError(.engineFailed, source: .environment, "a failure", isRetryable: true)
            }
            return batch
        }
    }

    /// Partitions in the order in which their parts were merged.
    struct Visits: AccumulatorValue, Equatable {
        var partitions: [Int]
        static var zero: Visits { Visits(partitions: []) }
        mutating func merge(_ other: Visits) { partitions += other.partitions }
    }

    private func open(_ executors: Int = 2, _ threads: Int = 2) throws -> Session {
        try Session(cluster: .embedded(executors: executors, threadsPerExecutor: threads, pinned: false))
    }

    private static let rowCount = 1_000
    private static let values = (0..<rowCount).map { row -> Double in
        let value = 1 / Double(row + 3)
        return row % 7 == 0 ? value * -1e6 : value
    }

    /// 20 partitions of 50 rows.
    private func frame(_ session: Session) throws -> DataFrame {
        let partitions: [Int] = (0..<Self.rowCount).map { row in row / 50 }
        return try session.dataFrame(
            ["x": Column(Self.values), "partition": Column(partitions)], rowsPerPartition: 50)
    }

    /// The sum in the order that is promised: within partitions, then of their sums.
    private static var expectedSum: Double {
        stride(from: 0, to: rowCount, by: 50).reduce(0.0) { total, start in
            total + values[start..<start + 50].reduce(0, +)
        }
    }

    @Test(arguments: [(1, 1), (2, 2), (5, 1), (3, 4)])
    func sumsHaveTheSameBits(executors: Int, threads: Int) async throws {
        let session = try open(executors, threads)
        let (rows, sum) = (session.accumulator("rows"), session.accumulator("sum", of: Double.self))
        let visits = session.accumulator("visits", of: Visits.self)
        #expect(rows.value == 0 && rows.name == "rows")
        let adding = try frame(session).mapBatches(Adding(rows: rows, sum: sum, visits: visits))
        #expect(try await adding.count() == 1_000)
        #expect(rows.value == 1_000)
        #expect(sum.value.bitPattern == Self.expectedSum.bitPattern)
        #expect(visits.value.partitions == Array(0..<20))
    }

    @Test func attemptsThatFailedDoNotCount() async throws {
        let session = try open()
        let (rows, sum) = (session.accumulator("rows"), session.accumulator("sum", of: Double.self))
        let function = Adding(rows: rows, sum: sum, failing: "retried")
        #expect(try await frame(session).mapBatches(function).count() == 1_000)
        #expect(rows.value == 1_000)
        #expect(sum.value.bitPattern == Self.expectedSum.bitPattern)
    }

    @Test func jobsThatFailAddNothing() async throws {
        let session = try open()
        let rows = session.accumulator("rows")
        let function = Adding(rows: rows, failing: "failed", failsAlways: true)
        await #expect(throws: StoaError.self) { try await frame(session).mapBatches(function).count() }
        #expect(rows.value == 0)
    }

    @Test func cachedRowsCountOnce() async throws {
        let session = try open()
        let rows = session.accumulator("rows")
        let adding = try frame(session).mapBatches(Adding(rows: rows))
        let cached = adding.cache()
        #expect(try await cached.count() == 1_000)
        #expect(try await cached.agg(sum("x").as("s")).collect().rowCount == 1)
        #expect(rows.value == 1_000)
        // Without the cache the function runs again, and adds again.
        #expect(try await adding.count() == 1_000)
        #expect(rows.value == 2_000)
        rows.reset()
        #expect(rows.value == 0)
        rows.add(3)
        #expect(rows.value == 3)
    }

    @Test func severalInOneFunctionAndSeveralFunctions() async throws {
        let session = try open()
        let (first, second) = (session.accumulator("first"), session.accumulator("second"))
        let result = try frame(session).mapBatches(Adding(rows: first)).filter(col("x") > 0)
            .mapBatches(Adding(rows: second))
        let left = try await result.count()
        #expect(first.value == 1_000)
        #expect(second.value == left && left < 1_000)
    }

    /// One that only the functions hold is added to in vain, which is no error.
    @Test func accumulatorsMayBeGone() async throws {
        let session = try open()
        let adding = try frame(session).mapBatches(Adding(rows: session.accumulator("nobody's")))
        #expect(try await adding.count() == 1_000)
    }

    /// Counts the rows of batches in passing.
    struct CountingSum: BatchAggregate {
        let rows: Accumulator<Int>

        func initialState() -> Double { 0 }
        func consume(_ batch: Batch, into state: inout Double) throws {
            rows.add(batch.rowCount)
            for value in try batch.column("x").array(of: Double.self) { state += value }
        }
        func merge(_ other: Double, into state: inout Double) { state += other }
        func finish(_ state: Double) -> Double { state }
    }

    @Test func aggregatesAdd() async throws {
        let session = try open()
        let rows = session.accumulator("rows")
        _ = try await frame(session).treeAggregate(CountingSum(rows: rows))
        #expect(rows.value == 1_000)
    }

    /// Functions, and what their tasks added, cross borders as bytes.
    @Test func additionsTravel() async throws {
        let cluster = try TravellingCluster(executors: 3, threadsPerExecutor: 2, shuffleSeed: 11)
        let session = try Session(executors: cluster)
        let (rows, sum) = (session.accumulator("rows"), session.accumulator("sum", of: Double.self))
        let function = Adding(rows: rows, sum: sum, failing: "travelling")
        #expect(try await frame(session).mapBatches(function).count() == 1_000)
        #expect(rows.value == 1_000)
        #expect(sum.value.bitPattern == Self.expectedSum.bitPattern)
    }

    @Test func sumsStayInRange() {
        var count = Int.max - 1
        count.merge(5)
        #expect(count == .max)
        var least = Int64.min + 1
        least.merge(-5)
        #expect(least == .min)
    }
}

/// What has been asked about.
private let visited = Mutex<Set<String>>([])

/// Whether nobody has asked about this before.
private func firstVisit(of name: String) -> Bool { visited.withLock { $0.insert(name).inserted } }
