import Stoa
import StoaDriver
import StoaTasks
import Synchronization
import Testing

/// The line that is shown while jobs run.
@Suite(.serialized) struct ProgressBarTests {
    @Test func aJobIsShownFromItsEvents() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let shown = Mutex<[String]>([])
        let bar = ProgressBar(width: { 100 }) { text in shown.withLock { $0.append(text) } }
        bar.follow(session)
        let frame = try session.dataFrame(["x": Column((0..<60_000).map { Double($0) })], rowsPerPartition: 100)
        bar.begin()
        let slow = frame.mapBatches(CancellationTests.Slow())
        #expect(try await slow.agg(sum("x").as("s")).collect().rowCount == 1)
        bar.end()
        let lines = shown.withLock { $0 }
        #expect(lines.count > 3 && lines.last == "\r\u{1B}[K")
        var last = 0
        for line in lines.dropLast() {
            let text = try #require(
                line.wholeMatch(of: #/\r\x{1B}\[K([█░]{20}) (\d+)/(\d+) tasks  (\d)/(\d) stages  .*/#))
            let complete = try #require(Int(text.2))
            #expect(complete >= last)
            last = complete
            #expect(line.count - 5 < 100)
        }
        #expect(last > 0)
        #expect(lines.contains { $0.contains(" rows  ") })
        // Nothing is drawn when nobody waits.
        try await Task.sleep(for: .milliseconds(300))
        #expect(shown.withLock { $0.count } == lines.count)
        session.stop()
    }

    @Test func shortJobsAreNotShown() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let shown = Mutex(0)
        let bar = ProgressBar(width: { nil }) { _ in shown.withLock { $0 += 1 } }
        bar.follow(session)
        let frame = try session.dataFrame(["x": Column([1.0])])
        bar.begin()
        _ = try await frame.count()
        bar.end()
        #expect(shown.withLock { $0 } == 0)
        session.stop()
    }

    /// An executor tells of its tasks, and answers one of them before that has arrived.
    @Test func aTaskThatIsAnsweredCountsOnce() async throws {
        let shown = Mutex<[String]>([])
        let bar = ProgressBar(width: { 100 }) { text in shown.withLock { $0.append(text) } }
        let executor = ExecutorID(0)
        let tasks = (0..<2).map { TaskID(job: JobID(0), stage: StageID(0), partition: $0, attempt: 1) }
        let progress = tasks.map { TaskProgress(task: $0, rowsRead: 300 + 400 * $0.partition, bytesRead: 0) }
        for kind in [
            .jobStarted(JobID(0), []), .taskStarted(tasks[0], executor), .taskStarted(tasks[1], executor),
            .taskCancelled(tasks[1], executor), .executorStatus(executor, ExecutorStatus(progress: progress)),
        ] as [DriverEvent.Kind] {
            bar.take(DriverEvent(nanoseconds: MonotonicClock.nanoseconds, kind: kind))
        }
        bar.begin()
        let deadline = MonotonicClock.nanoseconds + 10_000_000_000
        while shown.withLock({ $0.isEmpty }), MonotonicClock.nanoseconds < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        bar.end()
        let first = shown.withLock { $0.first }
        let line = try #require(first)
        #expect(line.contains("  300 rows  "), "\(line)")
    }
}
