import Glibc
import StoaColumns
import StoaExecution
import StoaKernels
import StoaTasks
import Synchronization

/// Executors inside this process: one a core group, with threads of its own. Tasks hand blocks over by reference.
package final class CoreGroupCluster: Cluster {
    /// A closure that is taken out of a Mutex gains a layer each time; a reference to one does not.
    private final class Listener: Sendable {
        let hear: @Sendable ([ClusterEvent]) -> Void
        init(_ hear: @escaping @Sendable ([ClusterEvent]) -> Void) { self.hear = hear }
    }

    package let topology: Topology
    package let executors: [ExecutorDescription]
    private let groups: [CoreGroup]
    private let options: CoreGroupOptions
    private let directory: ExecutorDirectory
    /// Set from `start` to `stop`.
    private let listener = Mutex<Listener?>(nil)
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
        let directory = ExecutorDirectory()
        self.directory = directory
        executors = groups.indices.map { group in
            let member = Self.add(to: directory, group, of: groups, options)
            // A single executor gets all tasks anyway.
            return Self.describe(member, groups, options, queuedTasksPerSlot: groups.count == 1 ? 15 : 1)
        }
    }

    private static func add(
        to directory: ExecutorDirectory, _ group: Int, of groups: [CoreGroup], _ options: CoreGroupOptions
    ) -> ExecutorDirectory.Member {
        directory.add { id in
            // The directory knows the executors, so they must not keep it alive.
            let executor = TaskExecutor(
                id: id, name: name(of: id, groups[group]),
                memoryLimit: options.executorMemory(executors: groups.count),
                spillFolder: options.spillFolder
            ) {
                [weak directory] (location) throws(StoaError) -> Block in
                guard let directory else {
                    throw StoaError(.executorLost, source: .environment, "the executors have ended", isRetryable: true)
                }
                return try directory.read(location)
            }
            return ExecutorDirectory.Member(executor: executor, threads: nil, group: group)
        }
    }

    private static func name(of id: ExecutorID, _ group: CoreGroup) -> String {
        "core group \(id.value) (node \(group.node), CPUs \(group.cpus.rangesText))"
    }

    private static func describe(
        _ member: ExecutorDirectory.Member, _ groups: [CoreGroup], _ options: CoreGroupOptions, queuedTasksPerSlot: Int
    ) -> ExecutorDescription {
        let group = groups[member.group]
        return ExecutorDescription(
            id: member.executor.id, name: member.executor.name, slots: options.threadsPerExecutor ?? group.cpus.count,
            node: group.node, queuedTasksPerSlot: queuedTasksPerSlot)
    }

    deinit { stop() }

    /// What kept threads from being pinned, if anything did; they run unpinned then.
    package var pinningError: StoaError? { firstPinningError.withLock { $0 } }

    /// The CPUs of each executor that was there at the start.
    package var coreGroups: [CoreGroup] { groups }

    // MARK: - Cluster

    package func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        listener.withLock {
            precondition($0 == nil, "a cluster is started once")
            $0 = Listener(events)
        }
        do throws(StoaError) {
            for member in directory.all { try start(member, events) }
        } catch {
            stop()
            throw error
        }
    }

    private func start(
        _ member: ExecutorDirectory.Member, _ events: @escaping @Sendable ([ClusterEvent]) -> Void
    ) throws(StoaError) {
        let threads = ExecutorThreads(
            executor: member.executor, threadCPUs: threadCPUs(of: groups[member.group]), binder: topology.binder,
            spinNanoseconds: options.spinNanoseconds, events: events,
            onPinningFailure: { [weak self] error in
                self?.firstPinningError.withLock { $0 = $0 ?? error }
            })
        let id = member.executor.id
        member.executor.store.onEviction { events([.blocksEvicted($0, id)]) }
        directory.setThreads(threads, of: id)
        try threads.start()
    }

    private func threadCPUs(of group: CoreGroup) -> [[Int]] {
        let count = options.threadsPerExecutor ?? group.cpus.count
        guard options.pinning == .auto, topology.binder != nil else { return Array(repeating: [], count: count) }
        return (0..<count).map { count <= group.cpus.count ? [group.cpus[$0]] : group.cpus }
    }

    package func expect(taskCount: Int) {
        var rest = taskCount
        // Who will be given the tasks is not known here: one thread of each executor, then more.
        let all = directory.all
        let share = max(1, taskCount / max(1, all.count))
        for member in all where rest > 0 {
            member.threads?.expect(taskCount: min(share, rest))
            rest -= share
        }
    }

    package func submit(_ tasks: [TaskDescription], to executor: ExecutorID) { threads(of: executor).submit(tasks) }

    package func cancel(_ tasks: [TaskID], on executor: ExecutorID) { threads(of: executor).cancel(tasks) }

    /// Nothing inside this process can be ended: the thread is let go, with whatever it keeps.
    package func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {
        threads(of: executor).giveUp(task)
    }

    package func drop(_ blocks: [BlockID], on executor: ExecutorID) {
        for member in directory.all {
            if member.executor.id == executor {
                member.executor.drop(blocks)
            } else {
                member.executor.forgetTables(builtFrom: blocks)
            }
        }
    }

    /// Starts the threads of one more executor, on the core group that has the fewest. CPUs are shared with the executors
    /// that are there.
    package func addExecutor() {
        guard let listener = listener.withLock({ $0 }) else { return }
        let counts = directory.all.reduce(into: Array(repeating: 0, count: groups.count)) { $0[$1.group] += 1 }
        let group = counts.indices.min { counts[$0] < counts[$1] } ?? 0
        let member = Self.add(to: directory, group, of: groups, options)
        divideMemory()
        do throws(StoaError) {
            try start(member, listener.hear)
            listener.hear([.executorJoined(Self.describe(member, groups, options, queuedTasksPerSlot: 1))])
        } catch {
            end(directory.remove(member.executor.id))
            divideMemory()
            listener.hear([.executorNotStarted(error)])
        }
    }

    /// Ends an executor's threads and frees its blocks; a task that runs is cancelled.
    package func removeExecutor(_ id: ExecutorID) {
        guard let listener = listener.withLock({ $0 }) else { return }
        end(directory.remove(id))
        divideMemory()
        listener.hear([.executorLeft(id)])
    }

    /// Executors beyond those that were expected have their share of the memory from the others.
    private func divideMemory() {
        if options.executorMemory != nil { return }
        let all = directory.all
        let limit = options.executorMemory(executors: max(all.count, groups.count))
        for member in all where member.executor.memory.limit != limit { member.executor.memory.setLimit(limit) }
    }

    private func end(_ member: ExecutorDirectory.Member?) {
        member?.threads?.stop()
        member?.executor.dropAll()
    }

    package func copy(_ blocks: [BlockLocation], to executor: ExecutorID) {
        guard let listener = listener.withLock({ $0 }) else { return }
        let target = directory[executor]?.executor
        var copied: [BlockSummary] = []
        for location in blocks {
            guard let target, let block = directory[location.executor]?.executor.store.get(location.block) else {
                continue
            }
            target.store.put(block, as: location.block)
            copied.append(
                BlockSummary(id: location.block, rowCount: block.rowCount, byteCount: block.byteCount))
        }
        listener.hear([.blocksCopied(copied, executor)])
    }

    /// Ends all threads and frees all blocks; a task that runs is cancelled. One that does not stop, as in a function of the
    /// user that never returns, is named on standard error after a while, and its thread runs on.
    package func stop() {
        listener.withLock { $0 = nil }
        let all = directory.all
        for member in all { member.threads?.beginStopping() }
        let deadline = MonotonicClock.nanoseconds + options.stopNanoseconds
        for member in all {
            for task in member.threads?.stop(by: deadline) ?? [] { Self.warn(task, on: member.executor.name) }
        }
        for member in all { member.executor.dropAll() }
    }

    private static func warn(_ task: TaskID, on executor: String) {
        var text = "stoa: the session has ended, but \(task) on \(executor) has not: a function in it does not return\n"
        text.withUTF8 { bytes in
            // Who reads no warnings misses this one.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }

    private func threads(of executor: ExecutorID) -> ExecutorThreads {
        guard let threads = directory[executor]?.threads else { preconditionFailure("\(executor) is not started") }
        return threads
    }

    // MARK: - Blocks

    /// A block, by reference. Throws a retryable `blockLost` when the executor does not hold it, or has left.
    package func read(_ location: BlockLocation) throws(StoaError) -> Block { try directory.read(location) }

    /// Gives an executor a block, by reference; one that has just left takes none, and readers will miss it.
    package func put(_ block: Block, id: BlockID, on executor: ExecutorID) {
        directory[executor]?.executor.store.put(block, as: id)
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

    /// What an executor that has not left holds: blocks and the memory of its tasks.
    package func taskExecutor(_ executor: ExecutorID) -> TaskExecutor {
        guard let member = directory[executor] else { preconditionFailure("\(executor) has left") }
        return member.executor
    }
}
