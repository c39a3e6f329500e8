import Stoa
import StoaCoreGroups
import StoaExecution
import Testing

/// Results that are too large are refused before they are handed over; batches are handed over partition by partition.
@Suite struct CollectTests {
    let cluster: CoreGroupCluster
    let session: Session

    init() throws {
        var options = CoreGroupOptions()
        options.executorCount = 2
        options.threadsPerExecutor = 2
        cluster = try CoreGroupCluster(topology: .machine(), options: options)
        var sessionOptions = SessionOptions()
        sessionOptions.resultLimit = .bytes(8_000)
        session = try Session(executors: cluster, options: sessionOptions)
    }

    /// One column of the numbers from 0 on, 100 to a partition.
    private func numbers(_ count: Int) throws -> DataFrame {
        try session.dataFrame(["x": Column((0..<count).map { Double($0) })], rowsPerPartition: 100)
    }

    /// Rows that all executors hold together.
    private var heldRows: Int { cluster.executors.reduce(0) { $0 + cluster.taskExecutor($1.id).store.rowCount } }

    /// The rows that are held when the driver has done all that it was told.
    private func settledRows() async throws -> Int {
        _ = await session.isIdle()
        return heldRows
    }

    @Test func largeResultsAreRefused() async throws {
        let frame = try numbers(1_001).withColumn("x", col("x") + 1)
        let error = try #require(await #expect(throws: StoaError.self) { try await frame.collect() })
        #expect(error.code == .resultTooLarge && error.source == .caller && !error.isRetryable)
        for part in ["8008 bytes", "1001 rows", "8000 bytes", "collectBatches()", "write", "aggregate", "resultLimit"] {
            #expect(error.description.contains(part), "\(error)")
        }
        // The rows that were given in memory are all that is left.
        #expect(try await settledRows() == 1_001)
        #expect(await session.isIdle())
    }

    @Test func theLimitItselfIsAllowed() async throws {
        #expect(try await numbers(1_000).withColumn("x", col("x") + 1).collect().rowCount == 1_000)
        // Only what is collected counts, not what it is made from.
        #expect(try await numbers(100_000).agg(sum("x").as("s")).collect().rowCount == 1)
        #expect(try await numbers(100_000).count() == 100_000)
    }

    @Test func batchesComeInOrderAndAreLetGo() async throws {
        let frame = try numbers(2_050).filter(col("x") < 500 || col("x") >= 700).withColumn("y", col("x") * 2)
        let source = try await settledRows()
        var seen: [Double] = []
        var left: [Int] = []
        for try await batch in frame.collectBatches() {
            seen += try batch.column("y").array(of: Double.self)
            left.append(try await settledRows() - source)
        }
        let kept = (0..<2_050).filter { !(500..<700).contains($0) }
        #expect(seen == kept.map { Double($0) * 2 })
        // A partition's rows are gone from the executors once they are handed over; two partitions have none.
        var expected = (1...18).map { 1_850 - $0 * 100 }
        expected.append(0)
        #expect(left == expected)
        #expect(try await settledRows() == source)
        #expect(await session.isIdle())
    }

    @Test func iterationsAreIndependent() async throws {
        let batches = try numbers(300).withColumn("x", col("x") + 1).collectBatches()
        for _ in 0..<2 {
            var rows = 0
            for try await batch in batches { rows += batch.rowCount }
            #expect(rows == 300)
        }
        var iterator = batches.makeAsyncIterator()
        while try await iterator.next() != nil {}
        #expect(try await iterator.next() == nil)
        for try await _ in try numbers(300).filter(lit(false)).collectBatches() { Issue.record("a batch of no rows") }
    }

    @Test func leavingEarlyFreesTheRest() async throws {
        let frame = try numbers(1_000).withColumn("x", col("x") + 1)
        for try await batch in frame.collectBatches() where batch.rowCount > 0 { break }
        #expect(try await settledRows() == 1_000)
        let error = await #expect(throws: StoaError.self) {
            let job = Task {
                var iterator = frame.collectBatches().makeAsyncIterator()
                _ = try await iterator.next()
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await iterator.next()
            }
            try await job.value
        }
        #expect(error?.code == .cancelled)
        #expect(try await settledRows() == 1_000)
        #expect(await session.isIdle())
    }

    @Test func errorsComeFromTheFirstBatch() async throws {
        let batches = try numbers(300).select("y").collectBatches()
        var iterator = batches.makeAsyncIterator()
        await #expect(throws: StoaError.self) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    /// Rows that were cached are read, not let go of.
    @Test func cachedRowsStay() async throws {
        let cached = try numbers(300).cache()
        #expect(try await cached.count() == 300)
        let before = try await settledRows()
        var rows = 0
        for try await batch in cached.collectBatches() { rows += batch.rowCount }
        #expect(rows == 300)
        #expect(try await settledRows() == before)
        withExtendedLifetime(cached) {}
    }

    /// Partitions that are lost before they were handed over are computed again; what functions add counts once.
    @Test func lostResultsAreComputedAgain() async throws {
        let cluster = try ForgetfulCluster(failing: [2, 5, 6])
        let session = try Session(executors: cluster)
        let rows = session.accumulator("rows")
        let values: [Double] = (0..<500).map { Double($0) }
        let columns = try Batch(["x": Column(values), "partition": Column(Array(1...500))])
        let frame = try session.dataFrame([columns], rowsPerPartition: 100)
            .mapBatches(AccumulatorTests.Adding(rows: rows))
        #expect(try await frame.collect()["x", as: Double.self] == values)
        #expect(rows.value == 500)
        var seen: [Double] = []
        let other = try ForgetfulCluster(failing: [1, 3, 4])
        let again = try Session(executors: other)
        let numbers = try again.dataFrame(["x": Column(values)], rowsPerPartition: 100)
        for try await batch in numbers.withColumn("y", col("x") + 1).collectBatches() {
            seen += try batch.column("y").array(of: Double.self)
        }
        #expect(seen == (1...500).map { Double($0) })
        #expect(await session.isIdle())
        #expect(await again.isIdle())
    }

    /// Of data of which executors take only a part, nothing stays.
    @Test func dataThatIsTakenHalfWayIsGivenBack() throws {
        let cluster = try ForgetfulCluster(failingPut: 3)
        let session = try Session(executors: cluster)
        let error = #expect(throws: StoaError.self) {
            try session.dataFrame(["x": Column((0..<50).map { Double($0) })], rowsPerPartition: 10)
        }
        #expect(error?.code == .outOfMemory)
        #expect(cluster.givenBlocks.isEmpty)
    }

    /// A result that vanishes each time is an error in the end.
    @Test func resultsThatVanishEachTimeAreAnError() async throws {
        let session = try Session(executors: ForgetfulCluster(failing: Set(1...100)))
        let frame = try session.dataFrame(["x": Column([1.0])]).withColumn("y", col("x"))
        let error = await #expect(throws: StoaError.self) { try await frame.collect() }
        #expect(error?.code == .blockLost)
        await #expect(throws: StoaError.self) { for try await _ in frame.collectBatches() {} }
        #expect(await session.isIdle())
    }
}
