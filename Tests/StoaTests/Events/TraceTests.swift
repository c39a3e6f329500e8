import Foundation
import Stoa
import StoaTestSupport
import Testing

/// Traces are in the Trace Event Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
@Suite struct TraceTests {
    private typealias Event = [String: Any]

    private func trace(executors: Int, threads: Int, rows: Int = 1_000) async throws -> [Event] {
        let folder = try TemporaryFolder()
        let path = folder.path("trace.json")
        var options = SessionOptions()
        options.trace = path
        let session = try Session(
            cluster: .embedded(executors: executors, threadsPerExecutor: threads), options: options)
        let frame = try session.dataFrame(["x": Column((0..<rows).map { Double($0) })], rowsPerPartition: 100)
        _ = try await frame.mapBatches(CancellationTests.Slow()).agg(sum("x").as("s")).collect()
        session.stop()
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [Event])
    }

    @Test func everyEventHasWhatTheFormatAsksFor() async throws {
        let events = try await trace(executors: 2, threads: 2)
        for event in events {
            let phase = try #require(event["ph"] as? String)
            #expect(["X", "M", "b", "e", "i"].contains(phase))
            #expect(event["pid"] is Int && event["tid"] is Int && event["name"] is String)
            if phase != "M" { #expect(try #require(event["ts"] as? Double) >= 0) }
            if phase == "X" { #expect(try #require(event["dur"] as? Double) > 0) }
            if phase == "b" || phase == "e" { #expect(event["id"] is Int && event["cat"] as? String == "job") }
            if phase == "i" { #expect(["g", "p", "t"].contains(event["s"] as? String)) }
        }
        #expect(events.count { $0["ph"] as? String == "b" } == 1)
        #expect(events.count { $0["ph"] as? String == "e" } == 1)
    }

    @Test func aRowForEachThread() async throws {
        let events = try await trace(executors: 2, threads: 2)
        let attempts = events.filter { $0["ph"] as? String == "X" }
        // Ten partitions, three tasks that merge up to four of their states, and one that merges those.
        #expect(attempts.count == 14)
        var rows: [String: [(start: Double, end: Double)]] = [:]
        for attempt in attempts {
            let (process, thread) = (try #require(attempt["pid"] as? Int), try #require(attempt["tid"] as? Int))
            #expect((1...2).contains(process) && (1...2).contains(thread))
            let start = try #require(attempt["ts"] as? Double)
            rows["\(process)/\(thread)", default: []].append((start, start + (attempt["dur"] as? Double ?? 0)))
            let arguments = try #require(attempt["args"] as? Event)
            #expect(arguments["attempt"] as? Int == 1 && arguments["job"] as? Int == 0)
            #expect(arguments["stage"] is Int && arguments["partition"] is Int && arguments["rowsRead"] is Int)
            #expect((attempt["name"] as? String)?.hasPrefix("stage ") == true)
        }
        #expect(attempts.reduce(0) { $0 + (($1["args"] as? Event)?["rowsRead"] as? Int ?? 0) } >= 1_000)
        // A thread runs one attempt at a time.
        for (row, spans) in rows {
            let sorted = spans.sorted { $0.start < $1.start }
            for (first, second) in zip(sorted, sorted.dropFirst()) { #expect(first.end <= second.start, "\(row)") }
        }
        let names = events.filter { $0["name"] as? String == "thread_name" }
        #expect(names.count == rows.count)
        let processes = events.filter { $0["name"] as? String == "process_name" }
            .compactMap { ($0["args"] as? Event)?["name"] as? String }
        #expect(processes.contains("driver") && processes.contains { $0.hasPrefix("executor ") })
    }
}
