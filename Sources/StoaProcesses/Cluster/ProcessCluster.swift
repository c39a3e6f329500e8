import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaKernels
import StoaTasks
import Synchronization

/// Executors as processes of their own on this machine: this program started again, one a core group, bound to its CPUs and
/// its memory. Blocks are read where they were written, in shared memory.
package final class ProcessCluster: Cluster {
    package let topology: Topology
    package let executors: [ExecutorDescription]
    private let groups: [CoreGroup]
    private let options: ProcessOptions
    private let state = ClusterState()
    private let thread: ClusterThread
    /// Core group of each executor that was ever asked for, by its number.
    private let places: Mutex<[Int]>
    private let isStarted = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)

    /// Lays out the executors; their processes begin with `start`.
    ///
    /// Throws `incompatibleMachine` when this machine lacks instructions that the program was compiled for, and
    /// `invalidArgument` for impossible options.
    package init(topology: Topology, options: ProcessOptions = ProcessOptions()) throws(StoaError) {
        try options.check()
        try options.coreGroups.check()
        try InstructionSet.current.check()
        self.topology = topology
        self.options = options
        let coreGroups = options.coreGroups
        let groups =
            if let count = coreGroups.executorCount {
                topology.coreGroups(by: coreGroups.grouping, executorCount: count)
            } else {
                topology.coreGroups(by: coreGroups.grouping)
            }
        self.groups = groups
        places = Mutex(Array(groups.indices))
        executors = groups.indices.map {
            Self.describe(ExecutorID($0), groups[$0], coreGroups, queuedTasksPerSlot: groups.count == 1 ? 15 : 1)
        }
        let isPinning = coreGroups.pinning == .auto && topology.isThisMachine
        let nodeCount = topology.nodes.count { !$0.cpus.isEmpty }
        thread = try ClusterThread(state: state, options: options) { description, group in
            let cpus = groups[group].cpus
            let count = description.slots
            return ExecutorSettings(
                id: description.id, name: description.name,
                threadCPUs: (0..<count).map { isPinning ? (count <= cpus.count ? [cpus[$0]] : cpus) : [] },
                cpus: isPinning ? cpus : [], memoryNode: isPinning && nodeCount > 1 ? groups[group].node : nil,
                spinNanoseconds: coreGroups.spinNanoseconds, heartbeatNanoseconds: options.heartbeatNanoseconds,
                memoryLimit: coreGroups.executorMemory(executors: groups.count),
                spillFolder: coreGroups.spillFolder, segmentByteCount: 0, isSharing: false)
        }
    }

    private static func describe(
        _ id: ExecutorID, _ group: CoreGroup, _ options: CoreGroupOptions, queuedTasksPerSlot: Int
    ) -> ExecutorDescription {
        ExecutorDescription(
            id: id, name: "executor \(id.value) (node \(group.node), CPUs \(group.cpus.rangesText))",
            slots: options.threadsPerExecutor ?? group.cpus.count, node: group.node,
            queuedTasksPerSlot: queuedTasksPerSlot)
    }

    deinit { stop() }

    /// The process of each executor that lives, by its number.
    package var processes: [ExecutorID: Int] {
        Dictionary(uniqueKeysWithValues: state.all.map { ($0.id, Int($0.process)) })
    }

    /// How many outputs are known and places in use, and how many places this process reads: all zero when no job, no dataset
    /// and no result is left.
    package var sharedCounts: (outputs: Int, places: Int, leases: Int) {
        let counts = state.table.counts
        return (counts.outputs, counts.places, state.readers.leaseCount)
    }

    /// What kept executors' threads or memory from being bound, if anything did; they run unbound then.
    package var pinningError: StoaError? { state.pinningError }

    // MARK: - Cluster

    package func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        precondition(!isStarted.exchange(true, ordering: .relaxed), "a cluster is started once")
        OpenFiles.raiseLimit()
        state.listen(events)
        do throws(StoaError) {
            try thread.start(executors.indices.map { (executors[$0], $0) })
        } catch {
            stop()
            throw error
        }
    }

    package func submit(_ tasks: [TaskDescription], to executor: ExecutorID) {
        // What is given to one who was just lost needs no answer: the driver is being told.
        guard let handle = state.handle(executor) else { return }
        var granted: [PlacedOutput] = []
        do throws(StoaError) {
            try handle.number(tasks, state.works) { (works, numbers) throws(StoaError) in
                let assignments = zip(tasks, numbers).map { task, number in
                    TaskAssignment(id: task.id, work: number, inputs: task.inputs)
                }
                granted = grants(for: tasks.lazy.flatMap(\.inputs).flatMap(\.locations), to: executor)
                try handle.channel.send(works + [.tasks(assignments, inputs: granted)])
            }
            state.returnGrants(ofGone: executor)
        } catch {
            let places = granted.map { ReturnedPlace(segment: $0.place.segment, offset: $0.place.offset, grants: 1) }
            state.free(state.table.returned(places, by: .init(executor)))
            state.post(tasks.map { .taskFailed($0.id, executor, TaskFailure(error)) })
        }
    }

    /// The places of blocks that others have left, each granted once.
    private func grants(for locations: some Sequence<BlockLocation>, to executor: ExecutorID) -> [PlacedOutput] {
        var known: Set<OutputLocation> = []
        var inputs: [PlacedOutput] = []
        for location in locations where location.executor != executor {
            let output = OutputLocation(location)
            if known.insert(output).inserted, let place = state.table.grant(output, to: .init(executor)) {
                inputs.append(PlacedOutput(location: output, place: place))
            }
        }
        return inputs
    }

    package func cancel(_ tasks: [TaskID], on executor: ExecutorID) { state.send([.cancel(tasks)], to: executor) }

    /// Kills the process of the executor.
    package func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {
        thread.end(executor, "was ended: \(reason.message)", advice: reason.advice)
    }

    package func drop(_ blocks: [BlockID], on executor: ExecutorID) {
        state.fetches.drop(blocks, on: executor)
        let free = state.table.drop(blocks, on: executor)
        // One that is being started has nothing to forget.
        for handle in state.all where handle.isWelcome.load(ordering: .acquiring) {
            state.send([handle.id == executor ? .drop(blocks) : .forget(blocks)], to: handle.id)
        }
        state.free(free)
    }

    package func addExecutor() {
        let living = state.all.map(\.group)
        let group =
            groups.indices.min { left, right in
                living.count { $0 == left } < living.count { $0 == right }
            } ?? 0
        let number = places.withLock { places in
            places.append(group)
            return places.count - 1
        }
        thread.add(
            Self.describe(ExecutorID(number), groups[group], options.coreGroups, queuedTasksPerSlot: 1), group: group)
    }

    package func removeExecutor(_ id: ExecutorID) { thread.remove(id) }

    package func copy(_ blocks: [BlockLocation], to executor: ExecutorID) {
        // One who was just lost does not answer: the driver is being told, and asks another one.
        guard state.handle(executor) != nil else { return }
        state.table.hold(blocks.lazy.map(\.block), by: executor)
        state.send([.copy(blocks, inputs: grants(for: blocks, to: executor))], to: executor)
        state.returnGrants(ofGone: executor)
    }

    /// Ends all executors; none of their processes is left when this returns.
    package func stop() {
        state.listen(nil)
        if !isStopped.exchange(true, ordering: .relaxed) { thread.stop() }
    }

    // MARK: - Blocks

    /// The rows or the state of a block; rows share the memory of the segment that they are in, and keep it as it is.
    ///
    /// Throws a retryable `blockLost` when the executor does not hold it, or is gone.
    package func read(_ location: BlockLocation) throws(StoaError) -> Block { try state.read(location) }

    /// Gives an executor a block: a copy in shared memory that outlives the executor. Throws `outOfMemory`.
    package func put(_ block: Block, id: BlockID, on executor: ExecutorID) throws(StoaError) {
        try state.put(block, id: id, on: executor)
    }
}

extension TaskInput {
    fileprivate var locations: [BlockLocation] {
        if case .blocks(let locations) = self { locations } else { [] }
    }
}
