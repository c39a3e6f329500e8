import Foundation
import StoaTestSupport
import Testing

/// The suite measures what it says: every query of Stoa's worker gives DuckDB's answer, and wrong answers are found.
@Suite struct StoaBenchmarksTests {
    /// One answer line for each request line, as JSON.
    private func ask(_ requests: [String]) throws -> [[String: Any]] {
        let folder = try TemporaryFolder()
        let input = try folder.write(requests.joined(separator: "\n") + "\n", to: "requests")
        let outcome = try BuiltProgram.environment.run(["sh", "-c", "'\(BuiltProgram.benchmarks.path)' < '\(input)'"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    /// A Parquet file of the suite's own data, which the check below makes too.
    private func table() throws -> String {
        let program =
            "import sys; sys.path.insert(0, 'Perf'); from suite import data;"
            + " print(data.paths('groupby-nulls5', 20000)['table'])"
        let outcome = try BuiltProgram.python.run(["-c", program])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func answersOfAllQueriesAreThoseOfDuckDB() throws {
        let outcome = try BuiltProgram.python.run([
            "Perf/bench.py", "--check", "--full", "--size", "20000", "--engines", "stoa,duckdb",
            "--workloads", "scalars,groupby,fused,scan,skew", "--stoa", BuiltProgram.benchmarks.path,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
        let compared = try #require(outcome.output.firstMatch(of: /(\d+) answers compared, 0 wrong or failed/))
        #expect(try #require(Int(compared.1)) >= 400)
    }

    @Test func theComparisonIsTested() throws {
        let outcome = try BuiltProgram.python.run([
            "-m", "unittest", "Perf/tests/test_answers.py", "Perf/tests/test_comparisons.py",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func requestsAreAnsweredInOrder() throws {
        let path = try table()
        let answers = try ask([
            #"{"do": "hello", "threads": 1}"#,
            #"{"do": "load", "workload": "groupby", "variant": "loaded", "paths": {"table": "\#(path)"}}"#,
            #"{"do": "run", "query": "q1"}"#, #"{"do": "answer", "query": "q1"}"#, #"{"do": "peak", "query": "q1"}"#,
            #"{"do": "unload"}"#, #"{"do": "run", "query": "q1"}"#,
        ])
        #expect(answers.count == 7)
        #expect(answers[0]["engine"] as? String == "stoa")
        #expect(try #require(answers[1]["ms"] as? Double) > 0)
        #expect(try #require(answers[2]["ms"] as? Double) > 0)
        // 5 of 100 keys are null, and so one group more; 20,000 rows have all the others.
        #expect(answers[3]["rows"] as? Int == 96)
        let columns = try #require(answers[3]["columns"] as? [[String: Any]])
        #expect(columns.map { $0["nulls"] as? Int } == [1, 0])
        #expect(columns[0]["sum"] as? Int == 95 * 5)
        let peak = try #require(answers[4]["peak_rss_mb"] as? Double)
        #expect(peak >= (try #require(answers[4]["base_rss_mb"] as? Double)) - 1)
        #expect(answers[5].isEmpty)
        #expect(answers[6]["error"] != nil)
    }

    @Test func mistakesAreSaidAndTheWorkerGoesOn() throws {
        let answers = try ask([
            #"{"do": "run", "query": "q1"}"#, "no JSON", #"{"do": "dance"}"#, #"{"do": "hello"}"#,
            #"{"do": "load", "workload": "groupby", "variant": "loaded", "paths": {"table": "/nowhere.parquet"}}"#,
            #"{"do": "load", "workload": "chess", "variant": "loaded"}"#,
            #"{"do": "load", "workload": "groupby", "variant": "loaded", "paths": {"table": "\#(try table())"}}"#,
            #"{"do": "answer", "query": "q99"}"#, #"{"do": "answer", "query": "q4"}"#,
        ])
        #expect(answers.count == 9)
        #expect((answers[0]["error"] as? String)?.contains("nothing is loaded") == true)
        #expect(answers[1]["error"] != nil)
        #expect((answers[2]["error"] as? String)?.contains("dance") == true)
        #expect(answers[3]["version"] != nil)
        #expect((answers[4]["error"] as? String)?.contains("/nowhere.parquet") == true)
        #expect((answers[5]["unsupported"] as? String)?.contains("chess") == true)
        #expect((answers[7]["unsupported"] as? String)?.contains("q99") == true)
        #expect(answers[8]["rows"] as? Int == 96)
    }

    @Test func tinyTasksAllRun() throws {
        let path = try table()
        let load = #"{"do": "load", "workload": "stages", "variant": "no data", "paths": {"csv": "\#(path)"}}"#
        let answers = try ask(
            [#"{"do": "hello"}"#, load]
                + ["empty_job", "planned_job", "tasks_1000"].map { #"{"do": "answer", "query": "\#($0)"}"# })
        let counts = answers.dropFirst(2).map { ($0["columns"] as? [[String: Any]])?.first?["sum"] as? Int }
        #expect(counts == [1, 1, 1_000])
    }
}
