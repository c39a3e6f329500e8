import Foundation
import Stoa
import StoaTestSupport
import Testing

/// What happened in a session is written as it happens, and read back as it was.
@Suite struct EventLogTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ change: (inout SessionOptions) -> Void) throws -> Session {
        var options = SessionOptions()
        change(&options)
        return try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2), options: options)
    }

    private func numbers(_ session: Session) throws -> DataFrame {
        try session.dataFrame(
            ["x": Column((0..<1_000).map { Double($0) }), "k": Column((0..<1_000).map { $0 % 7 })],
            rowsPerPartition: 100)
    }

    /// The status without what executors say of themselves now and then, which may come between two looks.
    private func settled(_ status: SessionStatus) -> SessionStatus {
        var status = status
        for index in status.executors.indices { status.executors[index].memory = nil }
        return status
    }

    @Test func theLogReplaysToTheStatus() async throws {
        let path = folder.path("events.jsonl")
        let session = try open { $0.eventLog = path }
        let frame = try numbers(session)
        let cached = frame.withColumn("y", col("x") * 2).cache()
        #expect(try await cached.groupBy("k").agg(sum("y").as("s")).collect().rowCount == 7)
        #expect(try await cached.count() == 1_000)
        await #expect(throws: StoaError.self) {
            try await frame.mapBatches(Failing()).select("missing").collect()
        }
        await #expect(throws: StoaError.self) { try await frame.mapBatches(AlwaysFailing()).collect() }
        let status = try await session.status()
        #expect(status.executors.count == 2 && status.jobs.isEmpty)
        #expect(status.datasets.map(\.partitions) == [10, 10])
        #expect(status.datasets.allSatisfy { $0.heldPartitions == 10 && $0.rows == 1_000 && $0.bytes >= 16_000 })
        #expect(status.datasets.allSatisfy { $0.partitionsByExecutor.values.reduce(0, +) == 10 })
        session.stop()

        let history = try SessionHistory(eventLog: path)
        #expect(settled(history.status) == settled(status))
        #expect(history.isClosed && history.lostEvents == 0)
        #expect(history.options["executors"] == "2")
        // The query that names a missing column is no job.
        #expect(history.endedJobs.count == 3)
        #expect(history.endedJobs.map { $0.error == nil } == [true, true, false])
        for job in history.endedJobs.prefix(2) {
            #expect(job.stages.allSatisfy { $0.state == .complete && $0.completeTasks == $0.taskCount })
            #expect(job.duration > .zero)
        }
        withExtendedLifetime((frame, cached)) {}
    }

    /// Each line is an object that says its version, its time and what it is; cut short, it reads up to there.
    @Test func everyLineIsAnEvent() async throws {
        let path = folder.path("events.jsonl")
        let session = try open { $0.eventLog = path }
        _ = try await numbers(session).agg(sum("x").as("s")).collect()
        session.stop()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n")
        var names: Set<String> = []
        var last = 0
        for line in lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["version"] as? Int == 1)
            names.insert(try #require(object["event"] as? String))
            last = max(last, try #require(object["time"] as? Int))
        }
        #expect(
            names.isSuperset(of: [
                "sessionOpened", "executorJoined", "jobStarted", "stageReady", "taskStarted", "taskFinished",
                "stageCompleted", "jobEnded", "sessionClosed",
            ]))
        #expect(last > 0 && last < 600_000_000_000)

        // Killed in the middle of a line, while the job ran.
        let end = try #require(lines.firstIndex { $0.contains("\"taskFinished\"") })
        let cut = try folder.write(lines[...end].joined(separator: "\n") + "\n{\"vers", to: "cut.jsonl")
        let history = try SessionHistory(eventLog: cut)
        #expect(!history.isClosed && history.eventCount == end + 1)
        #expect(history.status.jobs.count == 1)
        #expect(history.status.jobs[0].stages.reduce(0) { $0 + $1.completeTasks } == 1)
    }

    @Test func whatIsNoLogIsAnError() throws {
        #expect(throws: StoaError.self) { try SessionHistory(eventLog: folder.path("none")) }
        let text = try folder.write("{\"event\":\"jobEnded\",\"time\":0,\"version\":1}\nhello\n", to: "text")
        let malformed = #expect(throws: StoaError.self) { try SessionHistory(eventLog: text) }
        #expect(malformed?.code == .malformedFile && malformed?.location.row == 2)
        let later = try folder.write("{\"event\":\"somethingNew\",\"time\":0,\"version\":2}\n", to: "later")
        let unsupported = #expect(throws: StoaError.self) { try SessionHistory(eventLog: later) }
        #expect(unsupported?.code == .unsupported)
        #expect(unsupported?.description.contains("version 2") == true)
    }

    @Test func aPathThatCannotBeWrittenIsAnError() throws {
        for change in [
            { (options: inout SessionOptions) in options.eventLog = "/nowhere/events.jsonl" },
            { (options: inout SessionOptions) in options.trace = "/nowhere/trace.json" },
        ] {
            let error = #expect(throws: StoaError.self) { try open(change) }
            #expect(error?.code == .inputOutputFailed)
            #expect(error?.location.file?.hasPrefix("/nowhere") == true)
        }
    }

    @Test func aFullDiskStopsTheLogAlone() async throws {
        let session = try open { $0.eventLog = "/dev/full" }
        #expect(try await numbers(session).count() == 1_000)
        session.stop()
    }

    @Test func theStatusPrints() async throws {
        let session = try open { _ in }
        let frame = try numbers(session)
        let status = try await session.status()
        let text = "\(status)"
        #expect(text.contains("no job runs"))
        #expect(text.contains("executor 1: core group 1"))
        #expect(text.contains("dataset 1: 10 of 10 partitions, 1000 rows"))
        session.stop()
        let error = await #expect(throws: StoaError.self) { try await session.status() }
        #expect(error?.code == .cancelled)
        withExtendedLifetime(frame) {}
    }

    /// Seen from outside while a job runs.
    @Test func runningJobsAreShown() async throws {
        let session = try open { _ in }
        let frame = try numbers(session).mapBatches(CancellationTests.Slow())
        let job = Task { try await frame.count() }
        var seen: SessionStatus?
        for _ in 0..<2_000 where seen == nil {
            let status = try await session.status()
            if !status.jobs.isEmpty { seen = status } else { try await Task.sleep(for: .microseconds(100)) }
        }
        let running = try #require(seen?.jobs.first)
        #expect(running.stages.map(\.taskCount).first == 10)
        #expect(seen.map { "\($0)" }?.contains("of 10 tasks") == true)
        #expect(try await job.value == 1_000)
    }
}

/// Fails for every batch.
struct AlwaysFailing: BatchFunction {
    struct Problem: Error {}

    func outputSchema(for input: Schema) -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch { throw Problem() }
}
