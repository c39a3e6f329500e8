import Foundation
import Stoa
import StoaTestSupport
import Testing

/// `explain(.analyze)`: rows and bytes are exact, times add up, nothing of the run is left.
@Suite struct ExplainAnalyzeTests {
    /// One operator's line.
    private struct Line {
        let text: String
        let rows: Int
        let hasRate: Bool
        let nanoseconds: Double

        /// `filter x > 1 [10 rows, 80 B, 1.2 us, 0.07 GB/s]`
        init?(_ line: Substring) {
            guard let open = line.lastIndex(of: "["), line.hasSuffix("]") else { return nil }
            let parts = line[line.index(after: open)...].dropLast().components(separatedBy: ", ")
            guard parts.count >= 3, let rows = Int(parts[0].prefix { $0.isNumber }), parts[0].contains("row"),
                parts[1].hasSuffix("B")
            else { return nil }
            let time = parts[2].split(separator: " ")
            let units = ["ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9]
            guard time.count == 2, let value = Double(time[0]), let unit = units[String(time[1])] else { return nil }
            text = line[..<open].trimmingCharacters(in: .whitespaces)
            self.rows = rows
            hasRate = parts.count == 4 && parts[3].hasSuffix("GB/s")
            nanoseconds = value * unit
        }
    }

    private func lines(_ explanation: String) -> [Line] { explanation.split(separator: "\n").compactMap { Line($0) } }

    private func rows(_ lines: [Line], _ prefix: String) -> Int {
        lines.filter { $0.text.hasPrefix(prefix) }.reduce(0) { $0 + $1.rows }
    }

    private func numbers(_ session: Session, count: Int, rowsPerPartition: Int) throws -> DataFrame {
        try session.dataFrame(
            [
                "n": Column((0..<count).map { Int64($0) }),
                "group": Column((0..<count).map { Int64($0 % 7) }),
                "value": Column((0..<count).map { Double($0) / 3 }),
            ], rowsPerPartition: rowsPerPartition)
    }

    @Test(arguments: [(1, 1), (1, 2), (3, 2)]) func rowsAreExact(executors: Int, threads: Int) async throws {
        let session = try Session(cluster: .embedded(executors: executors, threadsPerExecutor: threads))
        defer { session.stop() }
        let frame = try numbers(session, count: 10_000, rowsPerPartition: 1_024)
        let text = try await frame.filter(col("n") >= 4_000).groupBy("group").agg(sum("value")).explain(.analyze)
        let found = lines(text)
        #expect(text.hasPrefix("Stages\n") && text.contains("\nTotal: "))
        #expect(rows(found, "filter") == 6_000)
        // Ten partitions of which four are filtered away wholly or in part, seven groups in each of the others.
        #expect(rows(found, "aggregate, partial") == 7 * 7)
        #expect(rows(found, "aggregate, finish") == 7)
        let inputs = found.filter { $0.text.hasPrefix("input 0 ") }
        #expect(inputs.count == 2 && inputs[0].rows == 10_000 && inputs[1].rows == 7 * 7)
        #expect(found.filter { $0.text == "output" }.map(\.rows) == [7 * 7, 7])
        #expect(text.contains("strategy: "))
        #expect(found.first { $0.text.hasPrefix("filter") }?.hasRate == true)
        // Blocks are handed over, not read.
        #expect(inputs.allSatisfy { !$0.hasRate })
        #expect(await session.isIdle())
    }

    @Test(arguments: [0, 1_000, 4_000, 9_999, 10_000]) func fusedFiltersTellTheirRows(least: Int) async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 1))
        defer { session.stop() }
        let frame = try numbers(session, count: 10_000, rowsPerPartition: 1_024)
        let passed = frame.filter(col("n") >= lit(least))
        let queries: [DataFrame] = [
            passed.agg(count()), passed.agg(sum("value")), passed.agg(variance("value"), max(col("n") * 2)),
        ]
        for query in queries {
            let text = try await query.explain(.analyze)
            let rows = least == 9_999 ? "1 row" : "\(10_000 - least) rows"
            #expect(
                text.split(separator: "\n").contains {
                    $0.contains("filter") && $0.hasSuffix("[\(rows), within the operator above]")
                }, "\(text)")
        }
        #expect(await session.isIdle())
    }

    @Test func distinctCountsTellTheirStrategy() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 2))
        defer { session.stop() }
        let frame = try numbers(session, count: 10_000, rowsPerPartition: 1_024)
        for name in ["group", "value"] {
            let text = try await frame.agg(countDistinct(name)).explain(.analyze)
            #expect(!text.contains("[0 rows"), "\(text)")
            #expect(text.contains("one bit for each") || text.contains("a set of hashes"), "\(text)")
        }
        let keys = try await frame.select("group").distinct().explain(.analyze)
        #expect(keys.contains("strategy: "), "\(keys)")
    }

    @Test func ownTimesAreNoMoreThanTheTasks() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        defer { session.stop() }
        let frame = try numbers(session, count: 400_000, rowsPerPartition: 100_000)
        let start = ContinuousClock.now
        let text = try await frame.filter(col("n") % 2 == 0).select("n", (col("value") * 2).as("twice")).explain(
            .analyze)
        let elapsed = ContinuousClock.now - start
        // One thread: what the operators took one after the other fits into the time of the call.
        let sum = lines(text).reduce(0) { $0 + $1.nanoseconds }
        let whole = Double(elapsed.components.seconds) * 1e9 + Double(elapsed.components.attoseconds) / 1e9
        #expect(sum > 0 && sum <= whole * 1.05)
        #expect(lines(text).first { $0.text.hasPrefix("project") }?.rows == 200_000)
    }

    @Test func joinsSortsAndLimits() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 1))
        defer { session.stop() }
        let frame = try numbers(session, count: 3_000, rowsPerPartition: 500)
        let names = try session.dataFrame([
            "group": Column((0..<5).map { Int64($0) }), "name": Column((0..<5).map { "name \($0)" }),
        ])
        let expected = (0..<3_000).count { $0 % 7 < 5 }
        let joined = frame.join(names, on: "group")
        let text = try await joined.sort(desc("n")).explain(.analyze)
        let found = lines(text)
        #expect(found.filter { $0.text.contains("join on") }.reduce(0) { $0 + $1.rows } == expected)
        #expect(rows(found, "merge sorted") == expected)
        #expect(found.last { $0.text.hasPrefix("input 0 ") }?.rows == expected)
        let first = try await frame.sort("value").limit(10).explain(.analyze)
        #expect(rows(lines(first), "merge sorted") == 10)
        #expect(rows(lines(first), "top 10") == 60)
        let union = try await frame.union(frame.filter(col("n") < 100)).explain(.analyze)
        #expect(rows(lines(union), "filter") == 100)
        #expect(union.contains("pipeline 1, 6 of the tasks"))
    }

    @Test func filesAreReadAtARate() async throws {
        let folder = try TemporaryFolder()
        let session = try Session()
        defer { session.stop() }
        let frame = try numbers(session, count: 50_000, rowsPerPartition: 50_000)
        try await frame.write.parquet(folder.path("numbers.parquet"))
        let read = session.read.parquet(folder.path("numbers.parquet"))
        let text = try await read.agg(sum("value")).explain(.analyze)
        let input = try #require(lines(text).first { $0.text.hasPrefix("input 0 ") })
        #expect(input.rows == 50_000 && input.hasRate)
        // A held dataset says so.
        let cached = read.cache()
        let first = try await cached.agg(count()).explain(.analyze)
        #expect(first.contains("persist"))
        #expect(try await cached.agg(count()).explain(.plan) == cached.agg(count()).explain())
    }

    @Test func mistakesAreThrown() async throws {
        let session = try Session()
        defer { session.stop() }
        let frame = try numbers(session, count: 10, rowsPerPartition: 5)
        let error = await #expect(throws: StoaError.self) { _ = try await frame.select("m").explain(.analyze) }
        #expect(error?.code == .unknownColumn)
        #expect(await session.isIdle())
    }
}
