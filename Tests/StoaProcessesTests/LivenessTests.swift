import Foundation
import StoaColumns
import StoaExecution
import StoaPlan
import StoaProcesses
import StoaTasks
import StoaTestSupport
import Testing

/// Executors that end unasked, fall silent, or never begin; and a driver that is gone.
@Suite(.serialized) struct LivenessTests {
    @Test func aKilledExecutorIsLostAndReaped() throws {
        let harness = try Harness(executors: 2)
        try harness.start()
        defer { harness.cluster.stop() }
        let process = try harness.process(1)
        kill(process, SIGKILL)
        let error = try harness.loss(of: ExecutorID(1), seconds: 5)
        #expect(error.code == .executorLost && error.isRetryable)
        #expect(error.message == "executor 1 (process \(process)) was killed by signal 9")
        #expect(kill(process, 0) == -1)
        // The other one works on.
        let location = try harness.put(try Harness.rows(10, seed: 1), partition: 0, on: 0)
        #expect(try harness.report(of: try harness.copy([location], on: 0)).blocks[0].rowCount == 10)
    }

    @Test func aSilentExecutorIsLostAndKilled() throws {
        let harness = try Harness(executors: 2) {
            $0.heartbeatNanoseconds = 50_000_000
            $0.heartbeatTimeoutNanoseconds = 500_000_000
        }
        try harness.start()
        defer { harness.cluster.stop() }
        let process = try harness.process(0)
        kill(process, SIGSTOP)
        let error = try harness.loss(of: ExecutorID(0), seconds: 5)
        #expect(error.message.contains("has said nothing for"))
        #expect(kill(process, 0) == -1)
        #expect(isAlive(try harness.process(1)))
    }

    /// What a stopped executor is sent waits, and its driver does not.
    @Test func aStoppedExecutorKeepsNobodyWaiting() throws {
        let harness = try Harness(executors: 1)
        try harness.start()
        let process = try harness.process(0)
        kill(process, SIGSTOP)
        let start = Date()
        let blocks = (0..<100_000).map { BlockID.dataset(DatasetID(9), partition: $0) }
        for _ in 0..<20 { harness.cluster.drop(blocks, on: ExecutorID(0)) }
        #expect(Date().timeIntervalSince(start) < 2)
        kill(process, SIGCONT)
        let location = try harness.put(try Harness.rows(10, seed: 1), partition: 0, on: 0)
        #expect(try harness.report(of: try harness.copy([location], on: 0)).blocks[0].rowCount == 10)
        kill(process, SIGSTOP)
        harness.cluster.stop()
        #expect(kill(process, 0) == -1)
    }

    @Test func heartbeatsTellHowAnExecutorIs() throws {
        let harness = try Harness(executors: 1) { $0.heartbeatNanoseconds = 20_000_000 }
        try harness.start()
        defer { harness.cluster.stop() }
        let status = try harness.wait { event in
            if case .executorStatus(ExecutorID(0), let status) = event { status } else { nil }
        }
        #expect(status.residentBytes > 1 << 20)
    }

    /// A sort of two million rows, which has read them all long before it ends.
    private func longTask(_ harness: Harness, attempt: Int = 1) throws -> TaskDescription {
        let location = try harness.put(try Harness.rows(50_000, seed: 1), partition: 0, on: 0)
        let key = BoundSortKey(
            BoundExpression(.column(2), type: .float64, isNullable: true, text: "x"), isDescending: false,
            nullsFirst: false)
        return TaskDescription(
            id: TaskID(job: JobID(1), stage: StageID(0), partition: 0, attempt: attempt),
            work: TaskWork(plan: .sort([key], limit: nil, .input(0, Harness.schema)), output: .block),
            inputs: [.blocks(Array(repeating: location, count: 40))])
    }

    private func progress(of task: TaskID, _ harness: Harness) throws -> TaskProgress {
        try harness.wait { event -> TaskProgress? in
            guard case .executorStatus(_, let status) = event else { return nil }
            return status.progress.first { $0.task == task && $0.rowsRead > 0 }
        }
    }

    @Test func heartbeatsTellHowFarTasksAre() throws {
        let harness = try Harness(executors: 1) { $0.heartbeatNanoseconds = 2_000_000 }
        try harness.start()
        defer { harness.cluster.stop() }
        let task = try longTask(harness)
        harness.cluster.submit([task], to: ExecutorID(0))
        let progress = try progress(of: task.id, harness)
        #expect(progress.rowsRead % 50_000 == 0 && progress.rowsRead <= 2_000_000 && progress.bytesRead > 0)
        let report = try harness.report(of: task.id)
        #expect(report.metrics.rowsRead == 2_000_000)
        // Nothing is told of one that has ended.
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            guard case .executorStatus(_, let status)? = harness.events.last else { continue }
            if status.progress.isEmpty { return }
            usleep(2000)
        }
        Issue.record("an ended task is still told of")
    }

    /// What runs is finished before an executor ends; what waits is refused, to be tried elsewhere.
    @Test func anExecutorThatIsRemovedFinishesWhatItRuns() throws {
        let harness = try Harness(executors: 1) { $0.heartbeatNanoseconds = 2_000_000 }
        try harness.start()
        defer { harness.cluster.stop() }
        let (first, second) = (try longTask(harness), try longTask(harness, attempt: 2))
        harness.cluster.submit([first, second], to: ExecutorID(0))
        _ = try progress(of: first.id, harness)
        harness.cluster.removeExecutor(ExecutorID(0))
        #expect(try harness.report(of: first.id).blocks[0].rowCount == 2_000_000)
        let failure = try harness.wait { event in
            if case .taskFailed(second.id, _, let failure) = event { failure } else { nil }
        }
        #expect(failure.error.code == .executorLost && failure.error.isRetryable)
        #expect(failure.error.message.contains("takes no more tasks"))
        _ = try harness.wait { event in
            if case .executorLeft(ExecutorID(0)) = event { true } else { nil }
        }
        #expect(harness.cluster.processes.isEmpty)
    }

    @Test func aProgramThatDoesNotOpenASessionIsAnError() throws {
        let harness = try Harness(executors: 2, mode: ["no such mode"])
        let error = try #require(throws: StoaError.self) { try harness.start() }
        #expect(error.code == .executorLost)
        #expect(error.message.contains("ended with status 2 before it opened a session"))
        #expect(error.message.contains("which of the modes?"))
        #expect(error.advice.contains("let it open its session"))
        #expect(harness.cluster.processes.isEmpty)
    }

    @Test func aProgramThatTakesTooLongIsAnError() throws {
        let harness = try Harness(executors: 1, mode: ["never-open"]) {
            $0.registrationTimeoutNanoseconds = 300_000_000
        }
        let error = try #require(throws: StoaError.self) { try harness.start() }
        #expect(error.message.contains("has not opened a session within"))
        #expect(harness.cluster.processes.isEmpty)
    }

    @Test func aProgramThatIsNotThereIsAnError() throws {
        let harness = try Harness(executors: 1) { $0.program = ("/no/such/program", ["x"]) }
        let error = try #require(throws: StoaError.self) { try harness.start() }
        #expect(error.message.contains("/no/such/program: No such file"))
    }

    @Test func anExecutorThatCannotJoinIsAnAnswer() throws {
        let folder = try TemporaryFolder()
        let harness = try Harness(executors: 1) {
            $0.program = (
                "/bin/sh",
                [
                    "sh", "-c",
                    """
                    if [ -e \(folder.path)/second ]; then echo too many; exit 5; fi
                    touch \(folder.path)/second; exec \(BuiltProgram.processFixture.path) executor
                    """,
                ]
            )
        }
        try harness.start()
        defer { harness.cluster.stop() }
        harness.cluster.addExecutor()
        let error = try harness.wait { event in
            if case .executorNotStarted(let error) = event { error } else { nil }
        }
        #expect(error.message.contains("ended with status 5") && error.message.contains("too many"))
    }

    /// Kills the program that has the session: its executors must be gone within a second, stopped ones, too.
    @Test(arguments: [false, true])
    func executorsDoNotOutliveTheirDriver(isOneStopped: Bool) throws {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: BuiltProgram.processFixture.path)
        program.arguments = ["wait", "3"]
        let pipe = Pipe()
        program.standardOutput = pipe
        try program.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { break }
            line += more
        }
        let executors = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap {
            pid_t($0)
        }
        #expect(executors.count == 3)
        #expect(executors.allSatisfy(isAlive))
        if isOneStopped { kill(executors[0], SIGSTOP) }
        kill(program.processIdentifier, SIGKILL)
        let end = Date().addingTimeInterval(1)
        while executors.contains(where: isAlive), Date() < end { usleep(5000) }
        #expect(!executors.contains(where: isAlive))
        program.waitUntilExit()
    }
}
