import Stoa
import Synchronization
import Testing

@Suite struct DataFrameTests {
    let session: Session
    let sales: DataFrame

    init() throws {
        session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        sales = try session.dataFrame(
            [
                "city": Column(["Oslo", "Rome", "Oslo", nil, "Rome", "Rome"]),
                "amount": Column([10.0, 20.0, nil, 40.0, .nan, 60.0]),
                "pieces": Column([1, 2, 3, 4, 5, 6]),
            ], rowsPerPartition: 2)
    }

    @Test func selectFilterWithColumn() async throws {
        let result =
            try await sales
            .filter(col("pieces") > 1 && col("city").isNotNull)
            .withColumn("double", col("pieces") * 2)
            .select("city", col("double"), (col("pieces") % 2 == 0).as("even"))
            .collect()
        #expect(result.schema.names == ["city", "double", "even"])
        #expect(try result["city", as: String.self] == ["Rome", "Oslo", "Rome", "Rome"])
        #expect(try result["double", as: Int.self] == [4, 6, 10, 12])
        #expect(try result["even", as: Bool.self] == [true, false, false, true])
    }

    @Test func dropAndRename() throws {
        #expect(try sales.drop("amount").rename("pieces", to: "count").schema.names == ["city", "count"])
    }

    @Test func groupBySkipsNullsAndPropagatesNaN() async throws {
        let result = try await sales.groupBy("city").agg(sum("amount").as("total"), count().as("n")).sort("city")
            .collect()
        #expect(try result["city", as: String?.self] == ["Oslo", "Rome", nil])
        let totals = try result["total", as: Double.self]
        #expect(totals[0] == 10 && totals[1].isNaN && totals[2] == 40)
        #expect(try result["n", as: Int.self] == [2, 3, 1])
    }

    @Test func aggregatesOfNothing() async throws {
        let none = sales.filter(lit(false))
        let row = try #require(
            try await none.agg(
                count().as("n"), sum("pieces").as("s"), mean("amount").as("m"), min("city").as("least"),
                standardDeviation("amount").as("d")
            ).first())
        #expect(try row["n", as: Int.self] == 0)
        #expect(try row["s", as: Int.self] == nil)
        #expect(try row["m", as: Double.self] == nil)
        #expect(try row["least", as: String.self] == nil)
        #expect(try row["d", as: Double.self] == nil)
        #expect(try await none.groupBy("city").count().count() == 0)
    }

    @Test func joinKeepsTheOrderOfTheProbedSide() async throws {
        let countries = try session.dataFrame([
            "city": Column(["Rome", "Oslo"]), "country": Column(["Italy", "Norway"]),
        ])
        let left = try await sales.join(countries, on: "city", kind: .left).collect()
        #expect(try left["country", as: String?.self] == ["Norway", "Italy", "Norway", nil, "Italy", "Italy"])
        let inner = try await sales.join(countries, on: "city").collect()
        #expect(try inner["pieces", as: Int.self] == [1, 2, 3, 5, 6])
        #expect(inner.schema.names == ["city", "amount", "pieces", "country"])
    }

    @Test func sortPutsNaNAfterNumbersAndNullsLast() async throws {
        let ascending = try await sales.sort("amount").collect()
        #expect(try ascending["pieces", as: Int.self] == [1, 2, 4, 6, 5, 3])
        let descending = try await sales.sort(desc("amount")).collect()
        #expect(try descending["pieces", as: Int.self] == [5, 6, 4, 2, 1, 3])
    }

    @Test func limitSkipUnionDistinctCountFirst() async throws {
        #expect(try await sales.limit(2, skip: 3).collect()["pieces", as: Int.self] == [4, 5])
        #expect(try await sales.limit(0).count() == 0)
        let twice = sales.union(sales.select("city", "amount", "pieces"))
        #expect(try await twice.count() == 12)
        #expect(try await twice.distinct().count() == 6)
        #expect(try await sales.select("city").distinct().count() == 3)
        #expect(try await sales.first()?["pieces", as: Int.self] == 1)
        #expect(try await sales.filter(lit(false)).first() == nil)
    }

    @Test func describe() async throws {
        let summary = try await sales.describe()
        #expect(try summary["column", as: String.self] == ["city", "amount", "pieces"])
        #expect(try summary["nulls", as: Int.self] == [1, 1, 0])
        #expect(try summary["mean", as: Double?.self][2] == 3.5)
        #expect(try summary["min", as: String?.self][0] == "Oslo")
        #expect(try summary["max", as: String?.self][1] == "nan")
    }

    @Test func cacheIsReadByTheSecondAction() async throws {
        let cached = sales.mapBatches(Counting()).cache()
        #expect(try await cached.count() == 6)
        let after = calls.load(ordering: .relaxed)
        #expect(after == 3)
        #expect(try await cached.agg(sum("pieces").as("s")).collect()["s", as: Int.self] == [21])
        #expect(calls.load(ordering: .relaxed) == after)
        #expect(try cached.explain().contains("dataset"))
    }

    @Test func mapBatchesChecksWhatTheFunctionPromised() async throws {
        let error = await #expect(throws: StoaError.self) { try await sales.mapBatches(Liar()).collect() }
        #expect(error?.code == .schemaMismatch)
    }

    @Test func arraysOfTheWrongTypeOrWithNullsAreErrors() async throws {
        let result = try await sales.collect()
        #expect(throws: StoaError.self) { try result["amount", as: Double.self] }
        #expect(throws: StoaError.self) { try result["amount", as: Int.self] }
        let error = #expect(throws: StoaError.self) { try result["amonut", as: Double.self] }
        #expect(error?.description.contains("did you mean 'amount'") == true)
    }

    @Test func showTakesAnyNumberFromZeroOn() async throws {
        try await sales.show(0)
        try await sales.show(.max)
        let error = await #expect(throws: StoaError.self) { try await sales.show(-2) }
        #expect(error?.description.contains("show(-2)") == true)
    }

    @Test func describeNamesARepeatedColumn() async throws {
        let field = Field("a", .int64)
        let batch = try Batch(schema: Schema([field, field]), columns: [Column([1]), Column([2])])
        let error = #expect(throws: StoaError.self) { try session.dataFrame([batch]) }
        #expect(error?.code == .ambiguousColumn)
    }

    @Test func showFitsTheWidth() async throws {
        let text = try await sales.collect().formatted(rowLimit: 3, width: 24)
        let lines = text.split(separator: "\n")
        #expect(lines.dropLast(2).allSatisfy { $0.count <= 24 })
        #expect(text.contains("more than 3 rows"))
    }

    @Test func lessThanNoRowsAreNone() async throws {
        let table = try await sales.collect()
        #expect(table.formatted(rowLimit: -1) == table.formatted(rowLimit: 0))
        #expect(table.formatted(rowLimit: 0).contains("more than 0 rows"))
    }
}

/// Calls of the counting batch function, over all tests that use it (one).
private let calls = Atomic<Int>(0)

/// Counts the batches that pass.
struct Counting: BatchFunction {
    func outputSchema(for input: Schema) -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        calls.add(1, ordering: .relaxed)
        return batch
    }
}

/// Promises a column that it does not give.
struct Liar: BatchFunction {
    func outputSchema(for input: Schema) -> Schema { Schema([Field("other", .int64)]) }
    func callAsFunction(_ batch: Batch) -> Batch { batch }
}
