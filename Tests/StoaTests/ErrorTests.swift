import Foundation
import Stoa
import StoaTestSupport
import Testing

/// Mistakes are thrown by the action, and name what was found, where, and what would be right.
@Suite struct ErrorTests {
    let session: Session
    let frame: DataFrame

    init() throws {
        session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 1))
        frame = try session.dataFrame(
            [
                "carrier": Column(["AA", "UA", "DL"]), "delay": Column([1, 2, Int.max]), "zero": Column([1, 0, 1]),
            ], rowsPerPartition: 2)
    }

    private func error(_ frame: DataFrame) async throws -> StoaError {
        try #require(await #expect(throws: StoaError.self) { try await frame.collect() })
    }

    @Test func unknownColumnOffersTheNearest() async throws {
        let error = try await error(frame.filter(col("carier") == "AA"))
        #expect(error.code == .unknownColumn && error.source == .caller)
        #expect(error.description.contains("'carier'") && error.description.contains("did you mean 'carrier'"))
    }

    @Test func wrongTypesAreNamed() async throws {
        let error = try await error(frame.select((col("carrier") + 1).as("x")))
        #expect(error.code == .typeMismatch)
        #expect(error.description.contains("utf8"))
    }

    @Test func overflowNamesColumnRowAndPartition() async throws {
        let error = try await error(frame.select((col("delay") + 1).as("next")))
        #expect(error.code == .overflow)
        #expect(error.location.partition == 1)
        #expect(error.location.row == 0)
        #expect(error.location.column?.contains("delay") == true)
        let wrapped = try await frame.select((col("delay") &+ 1).as("next")).collect()
        #expect(try wrapped["next", as: Int.self] == [2, 3, Int.min])
    }

    @Test func divisionByZeroIsAnErrorForIntegersOnly() async throws {
        let error = try await error(frame.select((col("delay") % col("zero")).as("r")))
        #expect(error.code == .divisionByZero)
        #expect(
            try await frame.select((col("delay") / col("zero")).as("q")).collect()["q", as: Double.self][1] == .infinity
        )
    }

    @Test func castsAreChecked() async throws {
        #expect(try await error(frame.select(col("delay").cast(to: .int8).as("d"))).code == .castFailed)
        let tried = try await frame.select(col("delay").tryCast(to: .int8).as("d")).collect()
        #expect(try tried["d", as: Int8?.self] == [1, 2, nil])
    }

    @Test func sumsOutOfRangeAreErrorsAtTheEndOnly() async throws {
        #expect(try await error(frame.agg(sum("delay").as("s"))).code == .overflow)
        let back = try session.dataFrame(["d": Column([Int.max, Int.max, -Int.max])])
        #expect(try await back.agg(sum("d").as("s")).collect()["s", as: Int.self] == [Int.max])
    }

    @Test func negativeLimitAndForeignSession() async throws {
        #expect(try await error(frame.limit(-1)).code == .invalidArgument)
        let other = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let foreign = try other.dataFrame(["carrier": Column(["AA"])])
        #expect(try await error(frame.join(foreign, on: "carrier")).code == .invalidArgument)
    }

    @Test func missingFileNamesItsNeighbours() async throws {
        let folder = try TemporaryFolder()
        try "a,b\n1,2\n".write(toFile: folder.path("numbers.csv"), atomically: true, encoding: .utf8)
        let error = try await error(session.read.csv(folder.path("nubmers.csv")))
        #expect(error.code == .fileNotFound)
        #expect(error.description.contains("numbers.csv"))
    }

    @Test func badValueNamesFileRowColumnTextAndType() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("bad.csv")
        let rows = (1...5_000).map { "\($0),\($0 == 4_321 ? "oops" : "\($0)")" }
        try ("id,value\n" + rows.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let error = try await error(session.read.csv(path, types: ["value": .int64]))
        #expect(error.code == .malformedFile)
        #expect(error.location.file == path)
        #expect(error.location.column == "value")
        #expect(error.location.row == 4_322)
        #expect(error.description.contains("oops") && error.description.contains("int64"))
    }

    @Test func failedWriteLeavesNothing() async throws {
        let folder = try TemporaryFolder()
        await #expect(throws: StoaError.self) {
            try await frame.select((col("delay") + 1).as("n")).write.parquet(folder.path("out.parquet"))
        }
        await #expect(throws: StoaError.self) {
            try await frame.select((col("delay") + 1).as("n")).write.parquet(folder.path("parts/"))
        }
        #expect(try folder.contents().isEmpty)
        try await frame.write.csv(folder.path("parts/"))
        let again = await #expect(throws: StoaError.self) { try await frame.write.csv(folder.path("parts/")) }
        #expect(again?.code == .invalidArgument)
        #expect(try folder.contents() == ["parts"])
        try FileManager.default.createDirectory(atPath: folder.path("empty"), withIntermediateDirectories: false)
        await #expect(throws: StoaError.self) {
            try await frame.select((col("delay") + 1).as("n")).write.csv(folder.path("empty/"))
        }
        #expect(try folder.contents() == ["empty", "parts"])
        try await frame.write.csv(folder.path("empty/"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("empty")).count == 2)
    }

    @Test func impossibleNumbersOfExecutors() throws {
        #expect(throws: StoaError.self) { try Session(cluster: .embedded(executors: 0)) }
        #expect(throws: StoaError.self) { try Session(cluster: .embedded(threadsPerExecutor: 5_000)) }
    }

    @Test func userFailureIsLocated() async throws {
        let error = try await error(frame.mapBatches(Failing()))
        #expect(error.location.partition == 1)
        #expect(error.description.contains("Problem"))
    }
}

/// Fails for the batch that holds the largest integer.
struct Failing: BatchFunction {
    struct Problem: Error {}

    func outputSchema(for input: Schema) -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        if try batch.column("delay").array(of: Int.self).contains(Int.max) { throw Problem() }
        return batch
    }
}
