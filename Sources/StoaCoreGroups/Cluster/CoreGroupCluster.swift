import StoaColumns
import StoaExecution
import StoaKernels
import StoaTasks
import Synchronization

/// Executors inside this process: one a core group, with threads of its own. Tasks hand blocks over by reference.
package final class CoreGroupCluster: Cluster {
    /// The executors without their threads, for each other's blocks.
    private final class Directory: Sendable {
        private let executors = Mutex<[TaskExecutor]>([])

        func set(_ executors: [TaskExecutor]) { self.executors.withLock { $0 = executors } }

        func executor(_ id: ExecutorID) -> TaskExecutor? {
            executors.withLock { $0.indices.contains(id.value) ? $0[id.value] : nil }
        }

        func read(_ location: BlockLocation) throws(StoaError) -> Block {
            guard let block = executor(location.executor)?.store.get(location.block) else {
                throw StoaError(
                    .executorLost, source: .environment,
                    "\(location.executor) does not hold the block \(location.block)",
                    isRetryable: true)
            }
            return block
        }
    }

    package let topology: Topology
    package let executors: [ExecutorDescription]
    private let groups: [CoreGroup]
    private let options: CoreGroupOptions
    private let taskExecutors: [TaskExecutor]
    private let directory: Directory
    private let threads = Mutex<[ExecutorThreads]>([])
    private let firstPinningError = Mutex<StoaError?>(nil)

    /// Lays out the executors; their threads begin with `start`.
    ///
    /// Throws `incompatibleMachine` when this machine lacks instructions that the program was compiled for.
    package init(topology: Topology, options: CoreGroupOptions = CoreGroupOptions()) throws(StoaError) {
        try options.check()
        try InstructionSet.current.check()
        self.topology = topology
        self.options = options
        let groups =
            if let count = options.executorCount {
                topology.coreGroups(by: options.grouping, executorCount: count)
            } else {
                topology.coreGroups(by: options.grouping)
            }
        self.groups = groups
        executors = groups.enumerated().map { position, group in
            ExecutorDescription(
                id: ExecutorID(position),
                name: "core group \(position) (node \(group.node), CPUs \(group.cpus.rangesText))",
                slots: options.threadsPerExecutor ?? group.cpus.count, node: group.node,
                // A single executor gets all tasks anyway.
                queuedTasksPerSlot: groups.count == 1 ? 15 : 1)
        }
        let directory = Directory()
        self.directory = directory
        // The directory knows the executors, so they must not keep it alive.
        let executorsOfGroups = executors.map { description in
            TaskExecutor(id: description.id, name: description.name) {
                [weak directory] (location) throws(StoaError) -> Block in
                guard let directory else {
                    throw StoaError(.executorLost, source: .environment, "the executors have ended", isRetryable: true)
                }
                return try directory.read(location)
            }
        }
        taskExecutors = executorsOfGroups
        directory.set(executorsOfGroups)
    }

    deinit { stop() }

    /// What kept threads from being pinned, if anything did; they run unpinned then.
    package var pinningError: StoaError? { firstPinningError.withLock { $0 } }

    /// The CPUs of each executor.
    package var coreGroups: [CoreGroup] { groups }

    // MARK: - Cluster

    package func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        let all = zip(taskExecutors, groups).map { executor, group in
            ExecutorThreads(
                executor: executor, threadCPUs: threadCPUs(of: group), binder: topology.binder,
                spinNanoseconds: options.spinNanoseconds, events: events,
                onPinningFailure: { [weak self] error in
                    self?.firstPinningError.withLock { $0 = $0 ?? error }
                })
        }
        threads.withLock {
            precondition($0.isEmpty, "a cluster is started once")
            $0 = all
        }
        do throws(StoaError) {
            for executor in all { try executor.start() }
        } catch {
            stop()
            throw error
        }
    }

    private func threadCPUs(of group: CoreGroup) -> [[Int]] {
        let count = options.threadsPerExecutor ?? group.cpus.count
        guard options.pinning == .auto, topology.binder != nil else { return Array(repeating: [], count: count) }
        return (0..<count).map { count <= group.cpus.count ? [group.cpus[$0]] : group.cpus }
    }

    package func expect(taskCount: Int) {
        var rest = taskCount
        // Who will be given the tasks is not known here: one thread of each executor, then more.
        threads.withLock { all in
            let share = max(1, taskCount / max(1, all.count))
            for executor in all where rest > 0 {
                executor.expect(taskCount: min(share, rest))
                rest -= share
            }
        }
    }

    package func submit(_ tasks: [TaskDescription], to executor: ExecutorID) { threads(of: executor).submit(tasks) }

    package func cancel(_ tasks: [TaskID], on executor: ExecutorID) { threads(of: executor).cancel(tasks) }

    package func drop(_ blocks: [BlockID], on executor: ExecutorID) {
        taskExecutors[executor.value].drop(blocks)
        for other in taskExecutors.indices where other != executor.value {
            taskExecutors[other].forgetTables(builtFrom: blocks)
        }
    }

    /// Ends all threads and frees all blocks; a task that runs is cancelled.
    package func stop() {
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for executor in all { executor.stop() }
        for executor in taskExecutors { executor.dropAll() }
    }

    private func threads(of executor: ExecutorID) -> ExecutorThreads {
        threads.withLock {
            precondition($0.indices.contains(executor.value), "\(executor) is not started")
            return $0[executor.value]
        }
    }

    // MARK: - Blocks

    /// A block, by reference. Throws a retryable `executorLost` when the executor does not hold it.
    package func read(_ location: BlockLocation) throws(StoaError) -> Block { try directory.read(location) }

    /// Gives an executor a block, by reference.
    package func put(_ block: Block, id: BlockID, on executor: ExecutorID) {
        taskExecutors[executor.value].store.put(block, as: id)
    }

    /// The batches of a block of rows, by reference: for those above the executors, who know no blocks.
    package func rows(at location: BlockLocation) throws(StoaError) -> [Batch] { try read(location).rows() }

    /// The state in a block that a user's aggregate left.
    package func state(at location: BlockLocation) throws(StoaError) -> any Codable & Sendable {
        try read(location).state()
    }

    /// Gives an executor a partition of an in-memory dataset, by reference; the answer is what `Driver.register` takes.
    package func put(_ rows: [Batch], id: BlockID, on executor: ExecutorID) -> BlockSummary {
        let block = Block(rows: rows)
        put(block, id: id, on: executor)
        return BlockSummary(id: id, rowCount: block.rowCount, byteCount: block.byteCount)
    }

    /// What an executor holds: blocks and the memory of its tasks.
    package func taskExecutor(_ executor: ExecutorID) -> TaskExecutor { taskExecutors[executor.value] }
}
