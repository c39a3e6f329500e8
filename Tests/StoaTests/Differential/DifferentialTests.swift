import Foundation
import Stoa
import StoaTestSupport
import Testing

/// Generated queries against DuckDB, the independent oracle.
@Suite struct DifferentialTests {
    /// At least 300 queries over tables of several sizes, each with several partitions and executors;
    /// every task of them travels as bytes.
    @Test(arguments: [
        (seed: UInt64(1), rows: 1_000, queries: 130), (seed: 2, rows: 37, queries: 60),
        (seed: 3, rows: 20_011, queries: 120),
        (seed: 4, rows: 1, queries: 15), (seed: 5, rows: 0, queries: 15),
    ])
    func sameAnswersAsDuckDB(seed: UInt64, rows: Int, queries: Int) async throws {
        let cluster = try TravellingCluster(executors: 2, threadsPerExecutor: 2)
        let session = try Session(executors: cluster)
        let folder = try TemporaryFolder()
        let facts = try session.dataFrame(
            [RandomTables.facts(rows: rows, seed: seed)], rowsPerPartition: Swift.max(1, rows / 7))
        let dimensions = try session.dataFrame(
            [RandomTables.dimensions(rows: 25, seed: seed + 100)], rowsPerPartition: 9)
        try await facts.write.parquet(folder.path("t.parquet"))
        try await dimensions.write.parquet(folder.path("d.parquet"))

        var generator = QueryGenerator(seed: seed, facts: facts, dimensions: dimensions)
        var list: [[String: Any]] = []
        for number in 0..<queries {
            let query = generator.next()
            list.append(["sql": query.sql, "ordered": query.isOrdered])
            do {
                try await query.frame.write.parquet(folder.path("\(number).parquet"))
            } catch {
                Issue.record("seed \(seed), query \(number): \(error)\n  \(query.sql)")
                return
            }
        }
        try JSONSerialization.data(withJSONObject: list).write(to: URL(fileURLWithPath: folder.path("queries.json")))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("compare.py")
            .path
        let outcome = try BuiltProgram.python.run([script, folder.path])
        #expect(outcome.status == 0, "seed \(seed): \(outcome.output)\(outcome.errors)")
        #expect(outcome.output.hasSuffix("\(queries) queries, 0 differences\n"), "\(outcome.output)")
        #expect(cluster.taskCount > queries, "every task was encoded, decoded and run as decoded")
    }
}
