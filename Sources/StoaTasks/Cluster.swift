import StoaColumns
import StoaPlan

/// An executor as a cluster offers it.
package struct ExecutorDescription: Hashable, Codable, Sendable {
    package let id: ExecutorID
    /// Shown to users: `core group 0 (node 0, CPUs 0-7)`.
    package let name: String
    /// How many tasks it runs at once.
    package let slots: Int
    /// Memory node, for locality.
    package let node: Int
    /// How many attempts beyond its slots it is given, for each of them, before it is known how long the tasks take. One
    /// hides the way of an answer; more save messages, but bind tasks to this executor that others could run.
    package let queuedTasksPerSlot: Int

    package init(id: ExecutorID, name: String, slots: Int, node: Int, queuedTasksPerSlot: Int = 1) {
        self.id = id
        self.name = name
        self.slots = slots
        self.node = node
        self.queuedTasksPerSlot = queuedTasksPerSlot
    }
}

/// Why an attempt ended without a result.
package struct TaskFailure: Error, Hashable, Codable, Sendable {
    package let error: StoaError
    /// Inputs that were not where the task was told. Such a failure is no fault of the task or its executor: it is tried
    /// again when the blocks have been computed again, as often as that happens.
    package let missingBlocks: [BlockLocation]

    package init(_ error: StoaError, missingBlocks: [BlockLocation] = []) {
        self.error = error
        self.missingBlocks = missingBlocks
    }
}

/// How far an attempt is that runs.
package struct TaskProgress: Hashable, Codable, Sendable {
    package let task: TaskID
    /// What it has read so far; its report counts them again.
    package let rowsRead: Int
    package let bytesRead: Int

    package init(task: TaskID, rowsRead: Int, bytesRead: Int) {
        self.task = task
        self.rowsRead = rowsRead
        self.bytesRead = bytesRead
    }
}

/// What an executor says about itself now and then.
package struct ExecutorStatus: Hashable, Codable, Sendable {
    /// Bytes drawn from its pool, now and at most.
    package var memoryUsed: Int
    package var memoryPeak: Int
    /// Bytes that its pool gives; nil without a limit.
    package var memoryLimit: Int?
    /// Bytes of memory of its process, as the kernel counts them; with executors that share a process, of that process.
    package var residentBytes: Int
    /// Bytes of blocks that it keeps in memory.
    package var storedBytes: Int
    /// Bytes of blocks and states that it keeps in files.
    package var spilledBytes: Int
    /// Attempts that it has and did not answer.
    package var runningTasks: Int
    /// Those that a thread is at. One of them may have ended since.
    package var progress: [TaskProgress]

    package init(
        memoryUsed: Int = 0, memoryPeak: Int = 0, memoryLimit: Int? = nil, residentBytes: Int = 0, storedBytes: Int = 0,
        spilledBytes: Int = 0, runningTasks: Int = 0, progress: [TaskProgress] = []
    ) {
        self.memoryUsed = memoryUsed
        self.memoryPeak = memoryPeak
        self.memoryLimit = memoryLimit
        self.residentBytes = residentBytes
        self.storedBytes = storedBytes
        self.spilledBytes = spilledBytes
        self.runningTasks = runningTasks
        self.progress = progress
    }
}

/// What executors tell the driver, in any order between executors. An attempt is answered by one event, unless its executor
/// is lost before.
package enum ClusterEvent: Sendable {
    case taskFinished(TaskID, ExecutorID, TaskReport)
    case taskFailed(TaskID, ExecutorID, TaskFailure)
    /// A task that was cancelled has stopped and left nothing behind.
    case taskCancelled(TaskID, ExecutorID)
    /// An executor can be given tasks from now on. Ids are never used twice in a session.
    case executorJoined(ExecutorDescription)
    /// The answer to `addExecutor` when none could be started.
    case executorNotStarted(StoaError)
    /// An executor died: its attempts are not answered any more and its blocks are gone. No event of it follows.
    case executorLost(ExecutorID, StoaError)
    /// The answer to `removeExecutor`. No event of it follows.
    case executorLeft(ExecutorID)
    /// Partitions of persisted datasets that an executor gave up for room; readers that come too late miss them.
    case blocksEvicted([BlockID], ExecutorID)
    /// The answer to `copy`: those that are there now.
    case blocksCopied([BlockSummary], ExecutorID)
    case executorStatus(ExecutorID, ExecutorStatus)
}

/// Where executors come from: this process, local processes, Apache Spark. The driver reaches executors through it alone.
///
/// Calls return at once; every submitted task is answered by exactly one event, unless its executor is lost or it is given
/// up. All calls but `expect` come from the driver's thread.
/// Tasks and events travel in batches: a message costs more than a small task. An executor keeps an event back only while
/// it has more tasks of the same stage to run, which take a fraction of a millisecond as the one before did.
package protocol Cluster: Sendable {
    /// The executors there are at the start; others come and go by events.
    var executors: [ExecutorDescription] { get }

    /// Begins to deliver events, on threads of the cluster's own or on the one that calls.
    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError)

    /// About this many tasks will be submitted within microseconds: a cluster whose threads sleep may wake some now, so that
    /// they wake while the driver does. Only a hint, and the one call that comes from any thread.
    func expect(taskCount: Int)

    /// Queues attempts on an executor: those of a job run in this order, jobs take turns.
    func submit(_ tasks: [TaskDescription], to executor: ExecutorID)

    /// Asks an executor to stop tasks soon (milliseconds); each is answered with `taskCancelled`, or with the event that was
    /// faster.
    func cancel(_ tasks: [TaskID], on executor: ExecutorID)

    /// An attempt that was cancelled long ago has not answered. An executor in a process of its own is ended, answered by
    /// `executorLost` with this reason; one inside this process does without the attempt's thread and starts another in its
    /// place, answered by `taskCancelled` before the attempt has really ended. An attempt that has answered meanwhile is no
    /// mistake. What one that was given up leaves when it returns after all is told by an event once more.
    func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError)

    /// Frees blocks that no job and no dataset needs any more. An executor that is gone is no mistake.
    func drop(_ blocks: [BlockID], on executor: ExecutorID)

    /// Asks for one more executor; answered by `executorJoined` or `executorNotStarted`.
    func addExecutor()

    /// Ends an executor that runs no task and whose blocks nobody needs; answered by `executorLeft`.
    func removeExecutor(_ id: ExecutorID)

    /// Copies blocks to an executor, before the one that holds them leaves; answered by one `blocksCopied`, which leaves out
    /// those that could not be read, unless the executor is lost.
    func copy(_ blocks: [BlockLocation], to executor: ExecutorID)

    /// Ends all executors; no event comes after it returns.
    func stop()
}

extension Cluster {
    package func expect(taskCount: Int) {}
}
