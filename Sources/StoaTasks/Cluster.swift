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

/// What executors tell the driver: one event an attempt, in any order.
package enum ClusterEvent: Sendable {
    case taskFinished(TaskID, ExecutorID, TaskReport)
    case taskFailed(TaskID, ExecutorID, StoaError)
    /// A task that was cancelled has stopped and left nothing behind.
    case taskCancelled(TaskID, ExecutorID)
}

/// Where executors come from: this process, local processes, Apache Spark. The driver reaches executors through it alone.
///
/// Calls return at once; every submitted task is answered by exactly one event. All calls but `expect` come from the
/// driver's thread.
/// Tasks and events travel in batches: a message costs more than a small task. An executor keeps an event back only while
/// it has more tasks of the same stage to run, which take a fraction of a millisecond as the one before did.
package protocol Cluster: Sendable {
    /// The executors, fixed between `start` and `stop`.
    var executors: [ExecutorDescription] { get }

    /// Begins to deliver events, on threads of the cluster's own.
    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError)

    /// About this many tasks will be submitted within microseconds: a cluster whose threads sleep may wake some now, so that
    /// they wake while the driver does. Only a hint, and the one call that comes from any thread.
    func expect(taskCount: Int)

    /// Queues attempts on an executor: those of a job run in this order, jobs take turns.
    func submit(_ tasks: [TaskDescription], to executor: ExecutorID)

    /// Asks an executor to stop tasks soon (milliseconds); each is answered with `taskCancelled`, or with the event that was
    /// faster.
    func cancel(_ tasks: [TaskID], on executor: ExecutorID)

    /// Frees blocks that no job and no dataset needs any more.
    func drop(_ blocks: [BlockID], on executor: ExecutorID)

    /// Ends all executors; no event comes after it returns.
    func stop()
}

extension Cluster {
    package func expect(taskCount: Int) {}
}
