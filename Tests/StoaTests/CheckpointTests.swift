import Foundation
import Stoa
import StoaTestSupport
import Testing

/// A checkpoint gives the same rows, types, bits and partitions back, or is not there.
@Suite struct CheckpointTests {
    let session: Session
    let folder: TemporaryFolder

    init() throws {
        session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        folder = try TemporaryFolder()
    }

    /// Every type, with nulls, NaN of both signs, both zeros, repeated and empty text.
    private func everything(rows: Int, rowsPerPartition: Int) throws -> DataFrame {
        var facts = try RandomTables.facts(rows: rows, seed: 7)
        for (name, source, type) in [
            ("day", "k", DataType.date32), ("moment", "n", .timestamp(zone: "Europe/Rome")), ("local", "n", .timestamp),
        ] {
            let column = try facts.column(source)
            let retyped = Column(
                type: type, count: rows, offset: column.offset, validity: column.validity, storage: column.storage)
            facts = try Batch(
                schema: Schema(facts.schema.fields + [Field(name, type)]), columns: facts.columns + [retyped])
        }
        return try session.dataFrame([facts], rowsPerPartition: rowsPerPartition).withColumns(
            (col("k") + 5).cast(to: .uint8).as("u8"), (col("k") + 5).cast(to: .uint32).as("u32"),
            (col("n") + 1_000_000).cast(to: .uint64).as("u64"), col("n").tryCast(to: .int16).as("i16"),
            col("n").cast(to: .decimal(precision: 12, scale: 2)).as("small decimal"),
            col("n").cast(to: .decimal(precision: 38, scale: 7)).as("large decimal"))
    }

    /// How many tasks give the rows.
    private func partitionCount(_ frame: DataFrame) throws -> Int {
        try #require(frame.explain().matches(of: /; (\d+) tasks?,/).last.flatMap { Int($0.1) })
    }

    @Test(arguments: ["rows", "rows.arrow", "v1.2/", "rows.parquet"])
    func everythingComesBack(name: String) async throws {
        let frame = try everything(rows: 7_000, rowsPerPartition: 1_500)
        let saved = try await frame.checkpoint(to: folder.path(name))
        #expect(try saved.schema == frame.schema)
        let (expected, found) = (try await frame.collect(), try await saved.collect())
        #expect(expected == found)
        #expect(try partitionCount(saved) == 5)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
        #expect(files == (0..<5).map { "part-0000\($0)." + (name.hasSuffix(".arrow") ? "arrow" : "parquet") })
        #expect(try folder.contents() == [name.hasSuffix("/") ? String(name.dropLast()) : name])
    }

    /// Sums join partitions in order: other partitions would give other bits.
    @Test(arguments: [FileFormat.parquet, .arrow])
    func partitionsAndBitsStay(format: FileFormat) async throws {
        let rows = 500_000
        let values = (0..<rows).map { row -> Double in
            let value = 1 / Double(row + 1)
            return row % 3 == 0 ? value * -1e10 : value
        }
        let keys: [Int] = (0..<rows).map { row in row / 300_000 }
        // Partitions larger than what a file is read in otherwise, one of a row, and some of none.
        let many = try session.dataFrame(["x": Column(values), "k": Column(keys)], rowsPerPartition: 300_000)
        let one = try session.dataFrame(["x": Column([0.1]), "k": Column([9])])
        let frame = many.union(one).filter(col("k") != 1)
        let saved = try await frame.checkpoint(to: folder.path("saved"), format: format)
        #expect(try partitionCount(frame) == 3)
        #expect(try partitionCount(saved) == 3)
        let expected = try await frame.agg(sum("x").as("s"), standardDeviation("x").as("d")).collect()
        #expect(try await saved.agg(sum("x").as("s"), standardDeviation("x").as("d")).collect() == expected)
        #expect(try await saved.count() == 300_001)
        // Statistics rule out whole files, which stay partitions.
        let last = saved.filter(col("k") > 5)
        #expect(try partitionCount(last) == 3)
        #expect(try await last.collect()["x", as: Double.self] == [0.1])
    }

    @Test func nothingAtAllComesBack() async throws {
        let none = try everything(rows: 100, rowsPerPartition: 40).filter(lit(false))
        let saved = try await none.checkpoint(to: folder.path("none"))
        #expect(try saved.schema == none.schema)
        #expect(try await saved.collect().rowCount == 0)
        #expect(try partitionCount(saved) == 3)
        #expect(try await saved.agg(sum("x").as("s")).collect()["s", as: Double?.self] == [nil])
    }

    /// Text that is held as codes is text again.
    @Test func encodedTextComesBack() async throws {
        let path = try folder.write("city,n\n" + String(repeating: "Oslo,1\nRome,2\n,3\n", count: 500), to: "a.csv")
        let cached = session.read.csv(path).cache()
        for format in [FileFormat.parquet, .arrow] {
            let saved = try await cached.checkpoint(to: folder.path("\(format)"), format: format)
            #expect(try await saved.collect() == cached.collect())
        }
    }

    @Test func theLineageIsCut() async throws {
        let path = try folder.write("a,b\n1,2\n3,4\n", to: "a.csv")
        let saved = try await session.read.csv(path).withColumn("c", col("a") + col("b"))
            .checkpoint(to: folder.path("saved"))
        try FileManager.default.removeItem(atPath: path)
        #expect(try await saved.collect()["c", as: Int.self] == [3, 7])
        #expect(try saved.explain().contains("a.csv") == false)
        // It reads as any folder does.
        #expect(try await session.read.parquet(folder.path("saved")).count() == 2)
    }

    @Test func mistakesLeaveNothing() async throws {
        let frame = try session.dataFrame(["a": Column([1, 2, Int.max])], rowsPerPartition: 1)
        try FileManager.default.createDirectory(atPath: folder.path("empty"), withIntermediateDirectories: false)
        func failure(_ path: String, _ format: FileFormat? = nil, of frame: DataFrame) async throws -> StoaError {
            let path = folder.path(path)
            return try #require(
                await #expect(throws: StoaError.self) { try await frame.checkpoint(to: path, format: format) })
        }
        #expect(try await failure("sum", of: frame.withColumn("a", col("a") + 1)).code == .overflow)
        #expect(try await failure("none/sum", of: frame).code == .fileNotFound)
        let text = try await failure("sum.csv", of: frame)
        #expect(text.code == .invalidArgument && text.description.contains(".parquet or .arrow"))
        #expect(try await failure("sum", .json, of: frame).code == .invalidArgument)
        #expect(try folder.contents() == ["empty"])
        #expect(try await frame.checkpoint(to: folder.path("empty")).count() == 3)
        let full = try await failure("empty", of: frame)
        #expect(full.code == .invalidArgument && full.description.contains("something at this path already"))
        let file = try folder.write("", to: "file")
        #expect(try await failure("file", of: frame).location.file == file)
        #expect(try folder.contents() == ["empty", "file"])
    }

    @Test func cancellingLeavesNothing() async throws {
        let frame = try session.dataFrame(["x": Column((0..<400).map { Double($0) })], rowsPerPartition: 1)
            .mapBatches(CancellationTests.Slow())
        let path = folder.path("slow")
        let job = Task { try await frame.checkpoint(to: path) }
        try await Task.sleep(for: .milliseconds(60))
        #expect(try folder.contents().count == 1)
        job.cancel()
        await #expect(throws: StoaError.self) { try await job.value }
        #expect(try folder.contents().isEmpty)
    }
}
