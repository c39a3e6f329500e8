import StoaColumns
import StoaTasks
import Synchronization

/// A cluster whose executors take no time: every task is finished before `submit` returns. For what the driver itself costs.
final class AnsweringCluster: Cluster {
    /// A closure that is taken out of a Mutex gains a layer each time; a reference to one does not.
    private final class Listener: Sendable {
        let hear: @Sendable ([ClusterEvent]) -> Void
        init(_ hear: @escaping @Sendable ([ClusterEvent]) -> Void) { self.hear = hear }
    }

    let executors: [ExecutorDescription]
    private let listener = Mutex<Listener?>(nil)

    init(executorCount: Int, slots: Int) {
        executors = (0..<executorCount).map {
            ExecutorDescription(id: ExecutorID($0), name: "answering \($0)", slots: slots, node: 0)
        }
    }

    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        listener.withLock { $0 = Listener(events) }
    }

    func submit(_ tasks: [TaskDescription], to executor: ExecutorID) {
        let listener = listener.withLock { $0 }
        listener?.hear(
            tasks.map { task in
                var report = SimulatedCluster.report(of: task)
                report.metrics.nanoseconds = 1000
                return .taskFinished(task.id, executor, report)
            })
    }

    func cancel(_ tasks: [TaskID], on executor: ExecutorID) {}

    func drop(_ blocks: [BlockID], on executor: ExecutorID) {}

    func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {}

    func addExecutor() {}

    func removeExecutor(_ id: ExecutorID) {}

    func copy(_ blocks: [BlockLocation], to executor: ExecutorID) {}

    func stop() {}
}
