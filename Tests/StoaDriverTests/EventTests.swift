import FoundationEssentials
import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Testing

/// What listeners are told.
@Suite struct EventTests {
    @Test func aJobIsToldFromItsStartToItsEnd() async throws {
        let driver = try Driver(cluster: AnsweringCluster(executorCount: 2, slots: 2))
        let events = driver.events()
        try await driver.run(Graphs.chain(stages: 2, tasks: 3)).release()
        driver.stop()
        var told: [String] = []
        var last = 0
        for await event in events {
            #expect(event.nanoseconds >= last)
            last = event.nanoseconds
            // A log of them can be read again.
            #expect(try JSONDecoder().decode(DriverEvent.self, from: JSONEncoder().encode(event)) == event)
            switch event.kind {
            case .jobStarted(_, let stages): told.append("job \(stages.map(\.taskCount))")
            case .stageReady(_, let stage): told.append("\(stage.label) ready")
            case .stageCompleted(_, let stage, let metrics): told.append("\(stage) complete, \(metrics.rowsRead) rows")
            case .taskStarted: told.append("start")
            case .taskFinished(_, _, _, _, let counts): told.append(counts ? "finish" : "late")
            case .blocksStored(let blocks, _): #expect(blocks.count == 1)
            case .jobEnded(_, let error): told.append(error.map { "failed: \($0)" } ?? "end")
            default: Issue.record("\(event)")
            }
        }
        #expect(told.first == "job [3, 3]" && told.last == "end")
        #expect(told.count { $0 == "start" } == 6 && told.count { $0 == "finish" } == 6)
        let stages = told.filter { $0.hasPrefix("stage") }
        #expect(
            stages == [
                "stage number 0 ready", "stage 0 complete, 30 rows", "stage number 1 ready",
                "stage 1 complete, 30 rows",
            ])
    }

    @Test func aSlowListenerIsToldHowManyItLost() async throws {
        let driver = try Driver(cluster: AnsweringCluster(executorCount: 1, slots: 4))
        let slow = driver.events(capacity: 10)
        let quick = driver.events()
        try await driver.run(Graphs.scan(100)).release()
        var iterator = slow.makeAsyncIterator()
        var seen = 0
        for _ in 0..<10 {
            let event = await iterator.next()
            if case .eventsLost = event?.kind { Issue.record("lost too early") }
            seen += 1
        }
        driver.stop()
        var lost = 0
        while let event = await iterator.next() {
            if case .eventsLost(let count) = event.kind { lost += count } else { seen += 1 }
        }
        var all = 0
        for await _ in quick { all += 1 }
        // Start, ready, 100 times started, finished and stored, complete, end.
        #expect(all == 304)
        #expect(seen + lost == all && lost > 0)
    }

    @Test func whoHasGoneIsTold() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: DriverEvent.self, bufferingPolicy: .unbounded)
        try {
            let world = try SimulatedWorld(executors: 2, slots: 1)
            world.post(.listen(0, continuation))
            world.at(500_000) { world.cluster.kill(world.cluster.all[0]) }
            try #require(world.outcome(of: Graphs.scan(3))).get().release()
            world.pass(nanoseconds: 20_000_000)
            world.stop()
        }()
        var lost: [ExecutorID] = []
        var joined: [ExecutorID] = []
        for await event in stream {
            if case .executorLost(let executor, _) = event.kind { lost.append(executor) }
            if case .executorJoined(let executor) = event.kind { joined.append(executor.id) }
        }
        #expect(lost == [ExecutorID(100)] && joined == [ExecutorID(102)])
    }

    @Test func endedListenersCostNothing() async throws {
        let driver = try Driver(cluster: AnsweringCluster(executorCount: 1, slots: 1))
        do {
            let events = driver.events()
            try await driver.run(Graphs.scan(1)).release()
            for await event in events { if case .jobEnded = event.kind { break } }
        }
        try await driver.run(Graphs.scan(1)).release()
        #expect(try #require(await driver.tables()) == DriverTables())
        driver.stop()
        var late = driver.events().makeAsyncIterator()
        #expect(await late.next() == nil)
    }
}
