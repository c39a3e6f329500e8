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

    package init(id: ExecutorID, name: String, slots: Int, node: Int) {
        self.id = id
        self.name = name
        self.slots = slots
        self.node = node
    }
}

/// What executors tell the driver. Events of one task come in order; tasks interleave freely.
package enum ClusterEvent: Sendable {
    case taskFinished(TaskID, ExecutorID, TaskReport)
    case taskFailed(TaskID, ExecutorID, StoaError)
    /// A task that was cancelled has stopped and left nothing behind.
    case taskCancelled(TaskID, ExecutorID)
}

/// Where executors come from: this process, local processes, Apache Spark. The driver reaches executors through it alone.
///
/// Calls return at once; every submitted task is answered by exactly one event. All calls come from the driver's thread.
package protocol Cluster: Sendable {
    /// The executors, fixed between `start` and `stop`.
    var executors: [ExecutorDescription] { get }

    /// Begins to deliver events, on threads of the cluster's own.
    func start(events: @escaping @Sendable (ClusterEvent) -> Void) throws(StoaError)

    /// Queues one attempt on an executor.
    func submit(_ task: TaskDescription, to executor: ExecutorID)

    /// Asks an executor to stop a task soon (milliseconds); it answers with `taskCancelled`, or with the event that was faster.
    func cancel(_ task: TaskID, on executor: ExecutorID)

    /// Frees blocks that no job and no dataset needs any more.
    func drop(_ blocks: [BlockID], on executor: ExecutorID)

    /// Ends all executors; no event comes after it returns.
    func stop()
}
