import Foundation
import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaPlan
import StoaProcesses
import StoaTasks
import StoaTestSupport
import Synchronization

/// A cluster of processes of the fixture, and what it has told.
final class Harness: Sendable {
    let cluster: ProcessCluster
    private let heard = Mutex<[ClusterEvent]>([])
    private let printed = Mutex<(output: String, errors: String)>(("", ""))

    /// - Parameter mode: what the fixture does: `executor` opens a session at once.
    init(
        executors: Int, threads: Int = 1, mode: [String] = ["executor"],
        _ configure: (inout ProcessOptions) -> Void = { _ in }
    )
        throws
    {
        var options = ProcessOptions()
        options.coreGroups.executorCount = executors
        options.coreGroups.threadsPerExecutor = threads
        options.coreGroups.pinning = .off
        options.program = (BuiltProgram.processFixture.path, ["fixture"] + mode)
        let box = Box()
        options.output = { text, isError in box.add(String(decoding: text, as: UTF8.self), isError) }
        configure(&options)
        cluster = try ProcessCluster(topology: .machine(), options: options)
        box.harness.withLock { $0.harness = self }
    }

    private final class Box: Sendable {
        struct Weakly { weak var harness: Harness? }
        let harness = Mutex(Weakly())
        func add(_ text: String, _ isError: Bool) {
            harness.withLock { $0.harness }?.printed.withLock {
                if isError { $0.errors += text } else { $0.output += text }
            }
        }
    }

    func start() throws { try cluster.start { events in self.heard.withLock { $0 += events } } }

    var events: [ClusterEvent] { heard.withLock { $0 } }
    var output: String { printed.withLock { $0.output } }
    var errors: String { printed.withLock { $0.errors } }

    /// Waits until something among the events is what is looked for.
    func wait<Found>(
        seconds: Double = 20, for look: (ClusterEvent) -> Found?
    ) throws -> Found {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if let found = events.lazy.compactMap(look).first { return found }
            usleep(2000)
        }
        throw TimeOut(events: events.map { "\($0)" }.suffix(20))
    }

    struct TimeOut: Error {
        let events: [String]
    }

    func report(of task: TaskID) throws -> TaskReport {
        try wait { event in
            if case .taskFinished(task, _, let report) = event { report } else { nil }
        }
    }

    func loss(of executor: ExecutorID, seconds: Double = 20) throws -> StoaError {
        try wait(seconds: seconds) { event in
            if case .executorLost(executor, let error) = event { error } else { nil }
        }
    }

    func process(_ executor: Int) throws -> pid_t {
        guard let process = cluster.processes[ExecutorID(executor)] else { throw TimeOut(events: ["no executor"]) }
        return pid_t(process)
    }

    // MARK: Tasks

    static let schema = Schema([
        Field("key", .int64, isNullable: false), Field("word", .utf8, isNullable: true),
        Field("x", .float64, isNullable: true),
    ])

    static func rows(_ count: Int, seed: UInt64) throws -> Batch {
        var random = SplitMix64(seed: seed)
        let batch = try Batch([
            "key": Column((0..<count).map { _ in Int64(random.below(1000)) }),
            "word": Column((0..<count).map { _ -> String? in random.chance(10) ? nil : "word \(random.below(50))" }),
            "x": Column(
                (0..<count).map { _ -> Double? in random.chance(10) ? nil : Double(random.below(1 << 40)) / 3 }),
        ])
        return Batch(unchecked: schema, columns: batch.columns, rowCount: count)
    }

    /// All values of the batches, a text a row.
    static func values(of batches: [Batch]) throws -> [String] {
        try batches.flatMap { batch in
            let keys = try batch.columns[0].array(of: Int64.self)
            let words = try batch.columns[1].array(of: String?.self)
            let numbers = try batch.columns[2].array(of: Double?.self)
            return keys.indices.map { "\(keys[$0]) \(words[$0] ?? "-") \(numbers[$0]?.bitPattern ?? 0)" }
        }
    }

    func put(_ batch: Batch, partition: Int, on executor: Int) throws -> BlockLocation {
        let id = BlockID.dataset(DatasetID(1), partition: partition)
        try cluster.put(Block(rows: [batch]), id: id, on: ExecutorID(executor))
        return BlockLocation(block: id, executor: ExecutorID(executor))
    }

    /// Runs a task that gives its input back.
    func copy(
        _ inputs: [BlockLocation], output: TaskOutput = .block, stage: Int = 0, partition: Int = 0, on executor: Int
    ) throws -> TaskID {
        let id = TaskID(job: JobID(1), stage: StageID(stage), partition: partition, attempt: 1)
        let work = TaskWork(plan: .input(0, Self.schema), output: output)
        cluster.submit([TaskDescription(id: id, work: work, inputs: [.blocks(inputs)])], to: ExecutorID(executor))
        return id
    }
}

/// Whether a process is there and no zombie.
func isAlive(_ process: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let end = status.lastIndex(of: ")")
    else { return false }
    return !status[end...].hasPrefix(") Z")
}
