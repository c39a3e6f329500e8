import Stoa
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
}
