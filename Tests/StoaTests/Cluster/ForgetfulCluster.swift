import Stoa
import StoaCoreGroups
import StoaExecution
import Synchronization

/// The in-process cluster, of which some blocks cannot be had when the session asks for them, and to which some cannot be
/// given.
final class ForgetfulCluster: SessionCluster {
    private let inner: CoreGroupCluster
    private let reads = Atomic<Int>(0)
    private let failing: Set<Int>
    private let failingPut: Int?
    private let given = Mutex<Set<BlockID>>([])

    /// - Parameters:
    ///   - failing: which reads fail, counted from 1.
    ///   - failingPut: how many blocks have been given when no more are taken; nil to take all.
    init(failing: Set<Int> = [], failingPut: Int? = nil) throws {
        var options = CoreGroupOptions()
        options.executorCount = 2
        options.threadsPerExecutor = 1
        inner = try CoreGroupCluster(topology: .machine(), options: options)
        self.failing = failing
        self.failingPut = failingPut
    }

    /// Blocks that the session gave and did not drop.
    var givenBlocks: Set<BlockID> { given.withLock { $0 } }

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
    func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {
        inner.giveUp(task, on: executor, reason)
    }

    func drop(_ blocks: [BlockID], on executor: ExecutorID) {
        given.withLock { $0.subtract(blocks) }
        inner.drop(blocks, on: executor)
    }

    func put(_ block: Block, id: BlockID, on executor: ExecutorID) throws(StoaError) {
        if givenBlocks.count == failingPut {
            throw StoaError(.outOfMemory, source: .environment, "no room for \(id)")
        }
        given.withLock { _ = $0.insert(id) }
        inner.put(block, id: id, on: executor)
    }

    var pinningError: StoaError? { inner.pinningError }
    func addExecutor() { inner.addExecutor() }
    func removeExecutor(_ id: ExecutorID) { inner.removeExecutor(id) }
    func copy(_ blocks: [BlockLocation], to executor: ExecutorID) { inner.copy(blocks, to: executor) }
    func stop() { inner.stop() }
}
