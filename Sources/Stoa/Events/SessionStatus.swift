import StoaColumns
import StoaDriver
import StoaTasks

/// What a session is doing: `print(try await session.status())`. Also what an event log says that a session was doing.
public struct SessionStatus: Hashable, Codable, Sendable {
    /// A stage of a job that runs.
    public struct Stage: Hashable, Codable, Sendable {
        /// Where a stage is.
        public enum State: String, Hashable, Codable, Sendable { case waiting, ready, running, complete }

        /// Its position in the plan.
        public var id: Int
        /// What it does.
        public var label: String
        /// Where it is.
        public var state: State
        /// Tasks that are complete.
        public var completeTasks: Int
        /// All its tasks, one a partition.
        public var taskCount: Int
        /// Rows that its tasks have read: the complete ones, and those that run in processes as far as these have told.
        public var rowsRead: Int
        /// Bytes that they have read.
        public var bytesRead: Int
    }

    /// A job that runs.
    public struct Job: Hashable, Codable, Sendable {
        /// Its number in the session.
        public var id: Int
        /// In the order of the plan.
        public var stages: [Stage]
    }

    /// An executor that has not left or died.
    public struct Executor: Hashable, Codable, Sendable {
        /// Whether it is given tasks.
        public enum State: String, Hashable, Codable, Sendable {
            /// It is.
            case active
            /// Its tasks failed too often: it is given none for a while.
            case excluded
            /// It is about to leave, and hands over what it keeps.
            case draining
        }

        /// Its number in the session, which is never used again.
        public var id: Int
        /// Where it is.
        public var name: String
        /// Whether it is given tasks.
        public var state: State
        /// How many tasks it runs at once.
        public var threads: Int
        /// Tasks that it was given and has not answered.
        public var tasks: Int
        /// What it said last of its memory; nil when it has said nothing.
        public var memory: Memory?
    }

    /// An executor's memory, in bytes.
    public struct Memory: Hashable, Codable, Sendable {
        /// Columns and states.
        public var used: Int
        /// The most there were.
        public var peak: Int
        /// What there may be; nil without a limit.
        public var limit: Int?
        /// Memory of its process, which it may share with others.
        public var resident: Int
        /// Blocks that it keeps in memory.
        public var stored: Int
        /// What it keeps in files.
        public var spilled: Int
    }

    /// A dataset that executors hold.
    public struct Dataset: Hashable, Codable, Sendable {
        /// Its number in the session.
        public var id: Int
        /// All partitions that it has.
        public var partitions: Int
        /// Those that executors hold. The others were lost or given up for room, and are computed again by who reads them.
        public var heldPartitions: Int
        /// Rows of the partitions that are held.
        public var rows: Int
        /// Bytes of the partitions that are held.
        public var bytes: Int
        /// How many partitions each executor holds.
        public var partitionsByExecutor: [Int: Int]
    }

    /// Those that run, in the order in which they began.
    public var jobs: [Job] = []
    /// In the order in which they came.
    public var executors: [Executor] = []
    /// In the order of their numbers.
    public var datasets: [Dataset] = []
    /// What kept threads from being pinned to their CPUs, if anything did. They work unpinned, at less regular speed.
    public var unpinned: String?

    init() {}

    init(_ status: DriverStatus) {
        jobs = status.jobs.map { job in
            Job(
                id: job.job.value,
                stages: job.stages.map { stage in
                    let state: Stage.State =
                        switch stage.state {
                        case .waiting: .waiting
                        case .ready: .ready
                        case .running: .running
                        case .complete: .complete
                        }
                    return Stage(
                        id: stage.id.value, label: stage.label, state: state, completeTasks: stage.completeTasks,
                        taskCount: stage.taskCount, rowsRead: stage.metrics.rowsRead,
                        bytesRead: stage.metrics.bytesRead)
                })
        }
        executors = status.executors.map { report in
            let state: Executor.State =
                switch report.state {
                case .active: .active
                case .excluded: .excluded
                case .draining: .draining
                }
            return Executor(
                id: report.description.id.value, name: report.description.name, state: state,
                threads: report.description.slots, tasks: report.unansweredTasks, memory: report.status.map(Memory.init)
            )
        }
        datasets = status.datasets.sorted { $0.id < $1.id }.map { report in
            Dataset(
                id: report.id.value, partitions: report.partitionCount, heldPartitions: report.heldPartitionCount,
                rows: report.rowCount, bytes: report.byteCount,
                partitionsByExecutor: Dictionary(
                    uniqueKeysWithValues: report.partitionsByExecutor.map { ($0.key.value, $0.value) }))
        }
    }
}

extension SessionStatus.Memory {
    init(_ status: ExecutorStatus) {
        self.init(
            used: status.memoryUsed, peak: status.memoryPeak, limit: status.memoryLimit,
            resident: status.residentBytes, stored: status.storedBytes, spilled: status.spilledBytes)
    }
}

extension Session {
    /// Jobs that run, executors and their memory, datasets that they hold. Throws `cancelled` when the session is stopped.
    public func status() async throws(StoaError) -> SessionStatus {
        guard let status = await driver.status() else { throw StoaError(.cancelled, "the session is stopped") }
        var shown = SessionStatus(status)
        shown.unpinned = cluster.pinningError?.description
        return shown
    }
}

extension SessionStatus: CustomStringConvertible {
    /// A line for each job, stage, executor and dataset.
    public var description: String {
        var lines: [String] = []
        lines.append(jobs.isEmpty ? "no job runs" : "jobs:")
        for job in jobs {
            lines.append("  job \(job.id)")
            for stage in job.stages {
                var line = "    stage \(stage.id): \(stage.state.rawValue), "
                line += "\(stage.completeTasks) of \(stage.taskCount) tasks"
                if stage.rowsRead > 0 { line += ", \(stage.rowsRead) rows, \(ByteCount(bytes: stage.bytesRead)) read" }
                lines.append("\(line)  (\(stage.label))")
            }
        }
        lines.append("executors:")
        for executor in executors {
            var line = "  executor \(executor.id): \(executor.name), "
            line += "\(executor.tasks) tasks on \(executor.threads) threads"
            if executor.state != .active { line += ", \(executor.state.rawValue)" }
            if let memory = executor.memory { line += ", \(memory)" }
            lines.append(line)
        }
        if let unpinned { lines.append("threads are not pinned: \(unpinned)") }
        if !datasets.isEmpty { lines.append("datasets:") }
        for dataset in datasets {
            var line = "  dataset \(dataset.id): \(dataset.heldPartitions) of \(dataset.partitions) partitions, "
            line += "\(dataset.rows) rows, \(ByteCount(bytes: dataset.bytes))"
            let places = dataset.partitionsByExecutor.sorted { $0.key < $1.key }.map { "\($0.value) on \($0.key)" }
            if !places.isEmpty { line += " (executors: \(places.joined(separator: ", ")))" }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}

extension SessionStatus.Memory: CustomStringConvertible {
    /// `2 MiB of 4 GiB used, 1 MiB in blocks`
    public var description: String {
        var text = "\(ByteCount(bytes: used))"
        if let limit { text += " of \(ByteCount(bytes: limit))" }
        text += " used, at most \(ByteCount(bytes: peak)), \(ByteCount(bytes: stored)) in blocks"
        if spilled > 0 { text += ", \(ByteCount(bytes: spilled)) in files" }
        return text
    }
}
