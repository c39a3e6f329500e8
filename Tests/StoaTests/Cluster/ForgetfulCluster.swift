import Stoa
import StoaCoreGroups
import StoaExecution
import Synchronization

/// The in-process cluster, of which some blocks cannot be had when the session asks for them.
final class ForgetfulCluster: SessionCluster {
    private let inner: CoreGroupCluster
    private let reads = Atomic<Int>(0)
    private let failing: Set<Int>

    /// - Parameter failing: which reads fail, counted from 1.
    init(failing: Set<Int>) throws {
        var options = CoreGroupOptions()
        options.executorCount = 2
        options.threadsPerExecutor = 1
        inner = try CoreGroupCluster(topology: .machine(), options: options)
        self.failing = failing
    }

    var executors: [ExecutorDescription] { inner.executors }

    func read(_ location: BlockLocation) throws(StoaError) -> Block {
        if failing.contains(reads.add(1, ordering: .relaxed).newValue) {
            throw StoaError(.blockLost, source: .environment, "\(location.block) is gone", isRetryable: true)
        }
        return try inner.read(location)
    }

    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        try inner.start(events: events)
    }

    func expect(taskCount: Int) { inner.expect(taskCount: taskCount) }
    func submit(_ tasks: [TaskDescription], to executor: ExecutorID) { inner.submit(tasks, to: executor) }
    func cancel(_ tasks: [TaskID], on executor: ExecutorID) { inner.cancel(tasks, on: executor) }
    func drop(_ blocks: [BlockID], on executor: ExecutorID) { inner.drop(blocks, on: executor) }
    func put(_ block: Block, id: BlockID, on executor: ExecutorID) { inner.put(block, id: id, on: executor) }
    func addExecutor() { inner.addExecutor() }
    func removeExecutor(_ id: ExecutorID) { inner.removeExecutor(id) }
    func copy(_ blocks: [BlockLocation], to executor: ExecutorID) { inner.copy(blocks, to: executor) }
    func stop() { inner.stop() }
}
