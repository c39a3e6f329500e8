import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks

/// One line of an event log: flat, so that any program can read it. What an event has nothing to say of is left out.
///
/// Times are nanoseconds since the session was opened. A new field may be added in this version; another meaning of one that
/// there is makes the next version.
struct EventRecord: Codable, Hashable, Sendable {
    static let currentVersion = 1

    enum Name: String, Codable, Hashable, Sendable {
        case sessionOpened, sessionClosed
        case jobStarted, jobEnded, stageReady, stageRebuilding, stageCompleted
        case taskStarted, taskSpeculated, taskFinished, taskFailed, taskCancelled
        case executorJoined, executorLost, executorLeft, executorExcluded, executorStatus
        case partitionsStored, partitionsEvicted, partitionsLost, datasetReleased
        case eventsLost
    }

    struct Stage: Codable, Hashable, Sendable {
        var stage: Int
        var label: String
        var tasks: Int
    }

    /// A partition of a dataset. Blocks between stages are not told of.
    struct Partition: Codable, Hashable, Sendable {
        var dataset: Int
        var partition: Int
        var rows: Int?
        var bytes: Int?
    }

    var version = currentVersion
    var time: Int
    var event: Name
    /// Of the opening: microseconds since 1970, Stoa's version, and the options in force.
    var opened: Int?
    var stoa: String?
    var options: [String: String]?

    var job: Int?
    var stage: Int?
    var partition: Int?
    var attempt: Int?
    var stages: [Stage]?
    var label: String?
    var tasks: Int?
    /// When an attempt began, and how long it took.
    var start: Int?
    var nanoseconds: Int?
    var rowsRead: Int?
    var bytesRead: Int?
    var rowsWritten: Int?
    var bytesWritten: Int?
    /// Whether it is this attempt whose rows count.
    var counts: Bool?
    var retried: Bool?
    var error: StoaError?

    var executor: Int?
    var thread: Int?
    var name: String?
    var threads: Int?
    var node: Int?
    var memory: SessionStatus.Memory?

    var dataset: Int?
    var partitions: [Partition]?
    var lost: Int?

    init(_ event: Name, at time: Int) {
        self.event = event
        self.time = time
    }
}

extension EventRecord {
    /// Nil for what a log does not tell.
    ///
    /// - Parameter start: when the session was opened, on the driver's clock.
    init?(_ event: DriverEvent, since start: Int) {
        let time = event.nanoseconds - start
        switch event.kind {
        case .jobStarted(let job, let stages):
            self.init(.jobStarted, at: time)
            self.job = job.value
            self.stages = stages.map { Stage(stage: $0.id.value, label: $0.label, tasks: $0.taskCount) }
        case .jobEnded(let job, let error):
            self.init(.jobEnded, at: time)
            (self.job, self.error) = (job.value, error)
        case .stageReady(let job, let stage): self.init(.stageReady, at: time, job, stage)
        case .stageRebuilding(let job, let stage): self.init(.stageRebuilding, at: time, job, stage)
        case .stageCompleted(let job, let stage, let metrics):
            self.init(.stageCompleted, at: time)
            (self.job, self.stage) = (job.value, stage.value)
            set(metrics)
        case .taskStarted(let task, let executor): self.init(.taskStarted, at: time, task, executor)
        case .taskSpeculated(let task, let executor): self.init(.taskSpeculated, at: time, task, executor)
        case .taskCancelled(let task, let executor): self.init(.taskCancelled, at: time, task, executor)
        case .taskFinished(let task, let executor, let timing, let metrics, let counts):
            self.init(.taskFinished, at: time, task, executor)
            self.counts = counts
            self.start = timing.startedAt == 0 ? nil : timing.startedAt - start
            thread = timing.thread
            set(metrics)
        case .taskFailed(let task, let executor, let error, let willRetry):
            self.init(.taskFailed, at: time, task, executor)
            (self.error, retried) = (error, willRetry)
        case .executorJoined(let description):
            self.init(.executorJoined, at: time)
            (executor, name) = (description.id.value, description.name)
            (threads, node) = (description.slots, description.node)
        case .executorLost(let executor, let error): self.init(.executorLost, at: time, executor, error)
        case .executorExcluded(let executor, let error): self.init(.executorExcluded, at: time, executor, error)
        case .executorLeft(let executor): self.init(.executorLeft, at: time, executor, nil)
        case .executorStatus(let executor, let status):
            self.init(.executorStatus, at: time, executor, nil)
            (memory, tasks) = (SessionStatus.Memory(status), status.runningTasks)
        case .blocksStored(let blocks, let executor):
            self.init(
                .partitionsStored, at: time, executor,
                blocks.compactMap { Partition($0.id, rows: $0.rowCount, bytes: $0.byteCount) })
        case .blocksEvicted(let blocks, let executor):
            self.init(.partitionsEvicted, at: time, executor, blocks.compactMap { Partition($0) })
        case .blocksLost(let blocks, let executor):
            self.init(.partitionsLost, at: time, executor, blocks.compactMap { Partition($0) })
        case .eventsLost(let count):
            self.init(.eventsLost, at: time)
            lost = count
        }
    }

    private init(_ event: Name, at time: Int, _ job: JobID, _ stage: DriverEvent.StageOutline) {
        self.init(event, at: time)
        (self.job, self.stage) = (job.value, stage.id.value)
        (label, tasks) = (stage.label, stage.taskCount)
    }

    private init(_ event: Name, at time: Int, _ task: TaskID, _ executor: ExecutorID) {
        self.init(event, at: time)
        (job, stage) = (task.job.value, task.stage.value)
        (partition, attempt) = (task.partition, task.attempt)
        self.executor = executor.value
    }

    private init(_ event: Name, at time: Int, _ executor: ExecutorID, _ error: StoaError?) {
        self.init(event, at: time)
        (self.executor, self.error) = (executor.value, error)
    }

    private init?(_ event: Name, at time: Int, _ executor: ExecutorID, _ partitions: [Partition]) {
        if partitions.isEmpty { return nil }
        self.init(event, at: time)
        (self.executor, self.partitions) = (executor.value, partitions)
    }

    private mutating func set(_ metrics: TaskMetrics) {
        (rowsRead, bytesRead) = (metrics.rowsRead, metrics.bytesRead)
        (rowsWritten, bytesWritten) = (metrics.rowsWritten, metrics.bytesWritten)
        nanoseconds = metrics.nanoseconds
    }
}

extension EventRecord.Partition {
    fileprivate init?(_ block: BlockID, rows: Int? = nil, bytes: Int? = nil) {
        guard case .dataset(let dataset, let partition) = block else { return nil }
        self.init(dataset: dataset.value, partition: partition, rows: rows, bytes: bytes)
    }
}
