import Foundation
import Stoa
import StoaTestSupport
import Synchronization
import Testing

private let troubledPartitions = Mutex<Set<Int>>([])

/// Traces are in the Trace Event Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
@Suite struct TraceTests {
    private typealias Event = [String: Any]

    /// The events of a session in which something happens.
    private func trace(
        executors: Int, threads: Int, rows: Int = 1_000, speculation: Bool? = nil,
        _ body: (DataFrame) async throws -> Void = {
            _ = try await $0.mapBatches(CancellationTests.Slow()).agg(sum("x").as("s")).collect()
        }
    ) async throws -> [Event] {
        let folder = try TemporaryFolder()
        let path = folder.path("trace.json")
        var options = SessionOptions()
        options.trace = path
        options.speculation = speculation
        options.cancellationTimeout = .milliseconds(200)
        let session = try Session(
            cluster: .embedded(executors: executors, threadsPerExecutor: threads), options: options)
        let frame = try session.dataFrame(
            ["x": Column((0..<rows).map { Double($0) }), "partition": Column((0..<rows).map { $0 / 100 })],
            rowsPerPartition: 100)
        try await body(frame)
        session.stop()
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [Event])
    }

    @Test func everyEventHasWhatTheFormatAsksFor() async throws {
        let events = try await trace(executors: 2, threads: 2)
        try check(events)
        #expect(events.count { $0["ph"] as? String == "b" } == 1)
    }

    /// Fails at the first call for each tenth partition, and takes long at the first call for the last one.
    struct Troubled: BatchFunction {
        func outputSchema(for input: Schema) -> Schema { input }
        func callAsFunction(_ batch: Batch) throws -> Batch {
            let partition = try batch.column("partition").array(of: Int.self)[0]
            let isFirst = troubledPartitions.withLock { $0.insert(partition).inserted }
            if isFirst, partition == 19 { usleep(600_000) }
            if isFirst, partition % 10 == 0 {
                throw StoaError(.engineFailed, source: .environment, "a failure", isRetryable: true)
            }
            return CancellationTests.Slow()(batch)
        }
    }

    /// Attempts that fail and are tried again, one that is overtaken by a second one and whose thread is given up, and a thread
    /// in its place.
    @Test func troubleIsToldByTheSameRules() async throws {
        let events = try await trace(executors: 2, threads: 2, rows: 2_000, speculation: true) { frame in
            let troubled = frame.mapBatches(Troubled())
            #expect(try await troubled.agg(sum("x").as("s")).collect().rowCount == 1)
            try await Task.sleep(for: .milliseconds(500))
            #expect(try await frame.mapBatches(CancellationTests.Slow()).count() == 2_000)
        }
        try check(events)
        #expect(events.count { $0["name"] as? String == "task failed" } == 2)
        let attempts = events.filter { $0["ph"] as? String == "X" }
        #expect(attempts.contains { ($0["args"] as? Event)?["attempt"] as? Int == 2 })
        #expect(events.count { $0["ph"] as? String == "b" } == 2)
    }

    /// What the format asks for, and what viewers need to show slices where they belong.
    private func check(_ events: [Event]) throws {
        var named: Set<[Int]> = []
        var slices: [[Int]: [(start: Double, end: Double)]] = [:]
        var open: Set<Int> = []
        for event in events {
            let (process, thread) = (try #require(event["pid"] as? Int), try #require(event["tid"] as? Int))
            let time = event["ts"] as? Double ?? 0
            switch event["ph"] as? String {
            case "M":
                let arguments = try #require(event["args"] as? Event)
                switch event["name"] as? String {
                case "process_name":
                    #expect((arguments["name"] as? String)?.isEmpty == false)
                    #expect(named.insert([process]).inserted, "process \(process) is named twice")
                case "thread_name":
                    #expect((arguments["name"] as? String)?.isEmpty == false)
                    #expect(named.insert([process, thread]).inserted, "thread \(thread) is named twice")
                case "process_sort_index": #expect(arguments["sort_index"] is Int)
                default: Issue.record("\(event) is no metadata")
                }
            case "X":
                let duration = try #require(event["dur"] as? Double)
                slices[[process, thread], default: []].append((time, time + duration))
                // Microseconds: none of these takes a minute, or less than a tenth of one.
                #expect((0.1..<60_000_000).contains(duration) && time < 600_000_000)
            case "b": #expect(open.insert(try #require(event["id"] as? Int)).inserted)
            case "e": #expect(open.remove(try #require(event["id"] as? Int)) != nil)
            default: break
            }
        }
        #expect(open.isEmpty)
        // Slices of a thread are side by side, or one inside the other: viewers drop what overlaps otherwise.
        for (row, spans) in slices {
            #expect(named.contains(row) && named.contains([row[0]]))
            let sorted = spans.sorted { $0.start < $1.start }
            for (first, second) in zip(sorted, sorted.dropFirst()) { #expect(first.end <= second.start, "\(row)") }
        }
        for event in events {
            let phase = try #require(event["ph"] as? String)
            #expect(["X", "M", "b", "e", "i"].contains(phase))
            #expect(event["pid"] is Int && event["tid"] is Int && event["name"] is String)
            if phase != "M" { #expect(try #require(event["ts"] as? Double) >= 0) }
            if phase == "X" { #expect(try #require(event["dur"] as? Double) > 0) }
            if phase == "b" || phase == "e" { #expect(event["id"] is Int && event["cat"] as? String == "job") }
            if phase == "i" { #expect(["g", "p", "t"].contains(event["s"] as? String)) }
        }
    }

    @Test func aRowForEachThread() async throws {
        let events = try await trace(executors: 2, threads: 2)
        let attempts = events.filter { $0["ph"] as? String == "X" }
        // Ten partitions, three tasks that merge up to four of their states, and one that merges those.
        #expect(attempts.count == 14)
        var rows: Set<[Int]> = []
        for attempt in attempts {
            let (process, thread) = (try #require(attempt["pid"] as? Int), try #require(attempt["tid"] as? Int))
            #expect((1...2).contains(process) && (1...2).contains(thread))
            rows.insert([process, thread])
            let arguments = try #require(attempt["args"] as? Event)
            #expect(arguments["attempt"] as? Int == 1 && arguments["job"] as? Int == 0)
            #expect(arguments["stage"] is Int && arguments["partition"] is Int && arguments["rowsRead"] is Int)
            #expect((attempt["name"] as? String)?.hasPrefix("stage ") == true)
        }
        #expect(attempts.reduce(0) { $0 + (($1["args"] as? Event)?["rowsRead"] as? Int ?? 0) } >= 1_000)
        let names = events.filter { $0["name"] as? String == "thread_name" }
        #expect(names.count == rows.count)
        let processes = events.filter { $0["name"] as? String == "process_name" }
            .compactMap { ($0["args"] as? Event)?["name"] as? String }
        #expect(processes.contains("driver") && processes.contains { $0.hasPrefix("executor ") })
    }
}
