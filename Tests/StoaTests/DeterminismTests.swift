import Foundation
import Stoa
import StoaCoreGroups
import StoaExecution
import StoaTestSupport
import Testing

/// The promise: the same bits for any number of executors and threads, and for any order in which tasks finish.
@Suite struct DeterminismTests {
    /// Sums whose bits depend on the order of every addition.
    static func numbers(rows: Int) throws -> Batch {
        var random = SplitMix64(seed: 99)
        return try Batch([
            "key": Column((0..<rows).map { _ in Int32(random.below(300)) }),
            "word": Column((0..<rows).map { _ in "w\(random.below(20))" }),
            "x": Column(
                (0..<rows).map { _ -> Double? in
                    random.chance(5)
                        ? nil : Double.random(in: -1...1, using: &random) * pow(10, Double(random.below(30) - 15))
                }),
        ])
    }

    /// Answers of several jobs as bits.
    static func answers(_ session: Session, _ batch: Batch) async throws -> [ResultTable] {
        let frame = try session.dataFrame([batch], rowsPerPartition: 1_777)
        let aggregates = [
            sum("x").as("sum"), mean("x").as("mean"), variance("x").as("variance"), min("x").as("min"),
            max("x").as("max"),
        ]
        let other = frame.groupBy("key").agg(sum("x").as("total"))
        return [
            try await frame.agg(aggregates).collect(),
            try await frame.groupBy("key").agg(aggregates).collect(),
            try await frame.groupBy("word", "key").agg(aggregates).sort(desc("sum"), "word").collect(),
            try await frame.join(other, on: "key").filter(col("x") > 0).agg(sum(col("x") * col("total")).as("s"))
                .collect(),
            try await frame.sort("x", "key").limit(500).collect(),
            try await frame.select("word").distinct().collect(),
            try await frame.agg(median("x"), quantile("x", 0.9), correlation("x", "key"), dot("x", "x")).collect(),
            try await frame.groupBy("word").agg(
                median("x"), quantile("x", 0.1, interpolation: .lower), sum("x").as("s"),
                covariance(col("x"), col("key") * 0.5).as("c")
            ).collect(),
            try await frame.groupBy("key").top(2, by: desc("x")).collect(),
        ]
    }

    @Test func sameBitsForAnyExecutorsAndThreads() async throws {
        let batch = try Self.numbers(rows: 30_000)
        let one = try await Self.answers(
            Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1)), batch)
        for executors in 1...8 {
            for threads in 1...8 {
                let session = try Session(
                    cluster: .embedded(executors: executors, threadsPerExecutor: threads, pinned: false))
                let these = try await Self.answers(session, batch)
                for (number, pair) in zip(one, these).enumerated() {
                    #expect(pair.0 == pair.1, "job \(number) with \(executors) executors of \(threads) threads")
                }
            }
        }
    }

    /// Files are cut by their size and cached partitions by their files, never by the executors.
    @Test func sameBitsFromFilesAndCaches() async throws {
        let folder = try TemporaryFolder()
        let batch = try Self.numbers(rows: 200_000)
        let writer = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        try await writer.dataFrame([batch], rowsPerPartition: 50_000).write.parquet(folder.path("parts/"))
        try await writer.dataFrame([batch]).write.csv(folder.path("numbers.csv"))
        var answers: [[ResultTable]] = []
        for (executors, threads) in [(1, 1), (1, 4), (3, 1), (4, 2), (8, 3)] {
            let session = try Session(
                cluster: .embedded(executors: executors, threadsPerExecutor: threads, pinned: false))
            var tables: [ResultTable] = []
            for frame in [session.read.parquet(folder.path("parts")), session.read.csv(folder.path("numbers.csv"))] {
                let cached = frame.withColumn("y", col("x") * 3 - 1).cache()
                for _ in 0..<2 {
                    tables.append(try await cached.agg(sum("y").as("s"), variance("y").as("v")).collect())
                    tables.append(try await cached.groupBy("word").agg(sum("y").as("s"), mean("x").as("m")).collect())
                }
            }
            answers.append(tables)
        }
        for other in answers { #expect(other == answers[0]) }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func sameBitsForAnyCompletionOrderOfTasksThatTravelled(seed: UInt64) async throws {
        let batch = try Self.numbers(rows: 30_000)
        let one = try await Self.answers(
            Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1)), batch)
        let cluster = try TravellingCluster(executors: 3, threadsPerExecutor: 2, shuffleSeed: seed)
        let these = try await Self.answers(Session(executors: cluster), batch)
        for (number, pair) in zip(one, these).enumerated() { #expect(pair.0 == pair.1, "job \(number)") }
        #expect(cluster.taskCount > 100)
    }

    /// What a cached data frame turned out to be must not change how a join with it runs, nor the order of its rows.
    @Test func sameRowsBeforeAndAfterAnInputIsHeld() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2, pinned: false))
        let frame = try session.dataFrame([try Self.numbers(rows: 9_000)], rowsPerPartition: 1_777)
        let totals = frame.groupBy("key").agg(sum("x").as("total"))
        // How large the result of a join is, nobody knows before.
        let rates = totals.join(frame.groupBy("key").agg(count().as("n")), on: "key").cache()
        let joined = frame.join(rates, on: "key", kind: .left)
        let first = try await joined.collect()
        #expect(try await joined.collect() == first)
        #expect(try await rates.collect().rowCount == 300)
        #expect(try await joined.collect() == first)
    }

    /// A user's aggregate whose merge is as order-dependent as can be.
    struct Polynomial: BatchAggregate {
        func initialState() -> Double { 0 }

        func consume(_ batch: Batch, into state: inout Double) throws {
            for value in try batch.column("x").array(of: Double?.self) { state = state * 0.9999 + (value ?? 0) }
        }

        func merge(_ other: Double, into state: inout Double) { state = state * 0.5 + other }
        func finish(_ state: Double) -> Double { state }
    }

    @Test func treeAggregateHasOneShape() async throws {
        let batch = try Self.numbers(rows: 40_000)
        var bits: Set<UInt64> = []
        for executors in [1, 2, 5, 8] {
            let session = try Session(
                executors: TravellingCluster(executors: executors, threadsPerExecutor: 2, shuffleSeed: 7))
            let frame = try session.dataFrame([batch], rowsPerPartition: 999)
            bits.insert(try await frame.treeAggregate(Polynomial()).bitPattern)
        }
        #expect(bits.count == 1)
    }
}
