import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks

/// What may go wrong in a simulation, in percent where nothing else is said.
struct Weather {
    /// Of attempts: a failure that may pass.
    var failurePercent = 0.0
    /// Of attempts: a caller's mistake.
    var fatalPercent = 0.0
    /// Of attempts: takes twenty times as long.
    var stragglerPercent = 0.0
    /// Of answers: said again later, also when the executor is gone.
    var strayPercent = 0.0
    /// Of attempts: their executor dies while they run.
    var lossPercent = 0.0
    /// Of executors that are asked for: do not come.
    var notStartedPercent = 0.0
    /// Of attempts: a partition of a dataset is given up for room.
    var evictionPercent = 0.0
    /// Of attempts: a block vanishes, and nobody says so.
    var vanishingPercent = 0.0
    /// How long a task takes, and what is added by chance.
    var taskNanoseconds = 1_000_000
    /// How late events are at most.
    var latencyNanoseconds = 200_000
}

/// Executors in a simulated world: each runs as many attempts at once as it has slots, in the order they came, and keeps the
/// blocks that they leave. Notes whatever the driver does that a real cluster could not bear.
final class SimulatedExecutors: Cluster, @unchecked Sendable {
    final class Executor {
        let description: ExecutorDescription
        var isAlive = true
        var waiting: [TaskDescription] = []
        var firstWaiting = 0
        var running: [TaskID: Bool] = [:]
        /// What the blocks hold.
        var blocks: [BlockID: UInt64] = [:]
        /// When its last event is delivered: those of one executor keep their order.
        var lastDelivery = 0

        init(_ description: ExecutorDescription) { self.description = description }
    }

    // Unchecked: used by the simulation's one thread.
    var agenda = Agenda()
    var weather: Weather
    private let clock: ManualClock
    private let slots: Int
    private let nodes: Int
    private var random: SplitMix64
    private(set) var all: [Executor] = []
    private var byID: [ExecutorID: Executor] = [:]
    private var events: (@Sendable ([ClusterEvent]) -> Void)?
    private(set) var mistakes: [String] = []
    private(set) var submittedCount = 0
    private(set) var lossCount = 0
    private(set) var isStopped = false
    /// What the cluster's own side of the driver's calls has taken of the machine's time.
    private(set) var nanosecondsOfCalls = 0
    /// What was submitted, in order, while `isLogging`.
    private(set) var log: [(task: TaskDescription, executor: ExecutorID)] = []
    var isLogging = false
    /// Called when an attempt begins; may say how long it takes.
    var durationOf: ((TaskDescription, ExecutorID) -> Int?)?
    /// Called when an attempt ends well: what it added to accumulators.
    var accumulatorsOf: ((TaskDescription) -> [AccumulatorUpdate])?
    /// Called when an attempt ends; may say why it failed.
    var failureOf: ((TaskDescription, ExecutorID) -> StoaError?)?
    /// Whether blocks that the session has put can be copied from an executor that died, as from memory that others share.
    var keepsGiven = false
    /// Whether an attempt that is given up costs its executor its life; else its slot is free at once, and it ends later.
    var endsStuckExecutors = true
    private(set) var givenUp: [TaskID] = []
    private var given: [BlockID: UInt64] = [:]

    init(clock: ManualClock, count: Int, slots: Int, nodes: Int, weather: Weather, seed: Int) {
        self.clock = clock
        self.slots = slots
        self.nodes = nodes
        self.weather = weather
        random = SplitMix64(seed: seed)
        for _ in 0..<count { add() }
    }

    @discardableResult
    private func add() -> Executor {
        let number = all.count
        let executor = Executor(
            // Ids that are not positions, so that mixing them up shows.
            ExecutorDescription(
                id: ExecutorID(100 + number), name: "simulated \(number)", slots: slots, node: number % nodes))
        all.append(executor)
        byID[executor.description.id] = executor
        return executor
    }

    var executors: [ExecutorDescription] { all.map(\.description) }

    var alive: [Executor] { all.filter(\.isAlive) }

    subscript(id: ExecutorID) -> Executor? { byID[id] }

    /// Every block of an executor that lives, with its executor.
    var heldBlocks: Set<BlockLocation> {
        var held: Set<BlockLocation> = []
        for executor in alive {
            for block in executor.blocks.keys { held.insert(.init(block: block, executor: executor.description.id)) }
        }
        return held
    }

    func content(at location: BlockLocation) -> UInt64? {
        guard let executor = byID[location.executor], executor.isAlive else { return nil }
        return executor.blocks[location.block]
    }

    private func chance(_ percent: Double) -> Bool {
        percent > 0 && Double.random(in: 0..<100, using: &random) < percent
    }

    private func latency() -> Int { Int.random(in: 0...weather.latencyNanoseconds, using: &random) }

    /// Events of one executor come in their order.
    private func tell(_ event: ClusterEvent, by executor: Executor) {
        let time = max(executor.lastDelivery, clock.now + latency())
        executor.lastDelivery = time
        agenda.add(at: time) { [self] in events?([event]) }
    }

    private func tellSometime(_ event: ClusterEvent, within nanoseconds: Int) {
        agenda.add(at: clock.now + Int.random(in: 0...nanoseconds, using: &random)) { [self] in events?([event]) }
    }

    // MARK: - Cluster

    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) { self.events = events }

    func submit(_ tasks: [TaskDescription], to id: ExecutorID) {
        let start = MonotonicClock.nanoseconds
        defer { nanosecondsOfCalls += MonotonicClock.nanoseconds - start }
        guard let executor = byID[id] else { return mistakes.append("\(id) was never there") }
        if isStopped { mistakes.append("a task is submitted after the end") }
        submittedCount += tasks.count
        if isLogging { log += tasks.map { ($0, id) } }
        // The driver does not know yet.
        guard executor.isAlive else { return }
        executor.waiting += tasks
        startWaiting(executor)
    }

    func cancel(_ tasks: [TaskID], on id: ExecutorID) {
        guard let executor = byID[id], executor.isAlive else { return }
        for task in tasks {
            if executor.running[task] != nil {
                executor.running[task] = true
            } else if let index = executor.waiting[executor.firstWaiting...].firstIndex(where: { $0.id == task }) {
                executor.waiting.remove(at: index)
                tell(.taskCancelled(task, id), by: executor)
            }
        }
    }

    func giveUp(_ task: TaskID, on id: ExecutorID, _ reason: StoaError) {
        guard let executor = byID[id], executor.isAlive else { return }
        givenUp.append(task)
        guard let isCancelled = executor.running[task] else { return }
        if !isCancelled { mistakes.append("\(task) is given up and was not cancelled") }
        if endsStuckExecutors { return kill(executor, reason) }
        executor.running[task] = nil
        tell(.taskCancelled(task, id), by: executor)
        // It returns after all, and leaves what nobody wants.
        let block = BlockID.stage(task.job, task.stage, partition: task.partition, bucket: nil)
        agenda.add(at: clock.now + 10_000_000_000) { [self] in
            guard executor.isAlive else { return }
            executor.blocks[block] = 1
            let report = TaskReport(blocks: [Self.summary(block)], metrics: TaskMetrics())
            tell(.taskFinished(task, id, report), by: executor)
        }
        startWaiting(executor)
    }

    func drop(_ blocks: [BlockID], on id: ExecutorID) {
        let start = MonotonicClock.nanoseconds
        defer { nanosecondsOfCalls += MonotonicClock.nanoseconds - start }
        guard let executor = byID[id] else { return mistakes.append("\(id) was never there") }
        for block in blocks { executor.blocks[block] = nil }
    }

    func addExecutor() {
        let fails = chance(weather.notStartedPercent)
        agenda.add(at: clock.now + 5_000_000 + latency()) { [self] in
            if isStopped { return }
            if fails {
                events?([.executorNotStarted(StoaError(.engineFailed, source: .environment, "no more processes"))])
            } else {
                events?([.executorJoined(add().description)])
            }
        }
    }

    func removeExecutor(_ id: ExecutorID) {
        guard let executor = byID[id], executor.isAlive else { return }
        if !executor.running.isEmpty || executor.firstWaiting < executor.waiting.count {
            mistakes.append("\(id) is removed while it runs tasks")
        }
        executor.isAlive = false
        executor.blocks = [:]
        tell(.executorLeft(id), by: executor)
    }

    func copy(_ blocks: [BlockLocation], to id: ExecutorID) {
        agenda.add(at: clock.now + 1_000_000 + latency()) { [self] in
            guard let target = byID[id], target.isAlive else { return }
            var copied: [BlockSummary] = []
            for location in blocks {
                guard let content = content(at: location) ?? (keepsGiven ? given[location.block] : nil) else {
                    continue
                }
                target.blocks[location.block] = content
                copied.append(Self.summary(location.block))
            }
            tell(.blocksCopied(copied, id), by: target)
        }
    }

    func stop() { isStopped = true }

    // MARK: - Running

    private func startWaiting(_ executor: Executor) {
        while executor.running.count < executor.description.slots, executor.firstWaiting < executor.waiting.count {
            let task = executor.waiting[executor.firstWaiting]
            executor.firstWaiting += 1
            if executor.firstWaiting > 64, executor.firstWaiting * 2 > executor.waiting.count {
                executor.waiting.removeFirst(executor.firstWaiting)
                executor.firstWaiting = 0
            }
            start(task, on: executor)
        }
    }

    private func start(_ task: TaskDescription, on executor: Executor) {
        if executor.running[task.id] != nil { mistakes.append("\(task.id) runs twice on \(executor.description.id)") }
        executor.running[task.id] = false
        var duration = weather.taskNanoseconds / 2 + Int.random(in: 0...weather.taskNanoseconds, using: &random)
        if chance(weather.stragglerPercent) { duration *= 20 }
        if let wanted = durationOf?(task, executor.description.id) { duration = wanted }
        if chance(weather.lossPercent) {
            agenda.add(at: clock.now + duration / 2) { [self] in kill(executor) }
        }
        // Inputs are read when it begins.
        var missing: [BlockLocation] = []
        var hash = Content(task.work.plan, task.id.partition)
        for input in task.inputs {
            switch input {
            case .file: hash.combine(1)
            case .blocks(let locations):
                for location in locations {
                    if let content = content(at: location) { hash.combine(content) } else { missing.append(location) }
                }
            }
        }
        agenda.add(at: clock.now + (missing.isEmpty ? duration : duration / 10)) { [self] in
            end(task, on: executor, missing, hash, began: clock.now - duration)
        }
        sometimesLose(executor)
    }

    private func end(
        _ task: TaskDescription, on executor: Executor, _ missing: [BlockLocation], _ hash: Content, began: Int
    ) {
        guard executor.isAlive, let isCancelled = executor.running.removeValue(forKey: task.id) else { return }
        defer { startWaiting(executor) }
        let id = executor.description.id
        if isCancelled, !chance(30) { return tell(.taskCancelled(task.id, id), by: executor) }
        if !missing.isEmpty {
            let error = StoaError(.blockLost, source: .environment, "not there", isRetryable: true)
            return tell(.taskFailed(task.id, id, TaskFailure(error, missingBlocks: missing)), by: executor)
        }
        if let error = failureOf?(task, id) {
            return tell(.taskFailed(task.id, id, TaskFailure(error)), by: executor)
        }
        if chance(weather.fatalPercent) {
            return tell(.taskFailed(task.id, id, TaskFailure(StoaError(.overflow, "too much"))), by: executor)
        }
        if chance(weather.failurePercent) {
            let error = StoaError(.inputOutputFailed, source: .environment, "flaky", isRetryable: true)
            return tell(.taskFailed(task.id, id, TaskFailure(error)), by: executor)
        }
        var report = Self.report(of: task, nanoseconds: clock.now - began)
        report.accumulators = accumulatorsOf?(task) ?? []
        for (bucket, block) in report.blocks.enumerated() { executor.blocks[block.id] = hash.value(bucket: bucket) }
        tell(.taskFinished(task.id, id, report), by: executor)
        if chance(weather.strayPercent) { tellSometime(.taskFinished(task.id, id, report), within: 20_000_000) }
        if chance(weather.strayPercent) { tellSometime(.taskCancelled(task.id, id), within: 20_000_000) }
    }

    /// Gives an executor a block, as a session does with data in memory.
    func put(_ block: BlockID, _ content: UInt64, on id: ExecutorID) -> LocatedBlock {
        byID[id]?.blocks[block] = content
        given[block] = content
        return LocatedBlock(location: .init(block: block, executor: id), rowCount: 2, byteCount: 16)
    }

    /// Takes a block away; says so or not.
    func remove(_ block: BlockID, from executor: Executor, isTold: Bool) {
        executor.blocks[block] = nil
        if isTold { tell(.blocksEvicted([block], executor.description.id), by: executor) }
    }

    /// An executor dies: nothing more is heard of it but that.
    func kill(_ executor: Executor) {
        kill(executor, StoaError(.executorLost, source: .environment, "killed", isRetryable: true))
    }

    private func kill(_ executor: Executor, _ reason: StoaError) {
        guard executor.isAlive else { return }
        executor.isAlive = false
        executor.blocks = [:]
        executor.running = [:]
        executor.waiting = []
        executor.firstWaiting = 0
        lossCount += 1
        let id = executor.description.id
        tell(.executorLost(id, reason), by: executor)
    }

    private func sometimesLose(_ executor: Executor) {
        if chance(weather.evictionPercent) {
            let datasets = executor.blocks.keys.filter { $0.dataset != nil }.sorted { "\($0)" < "\($1)" }
            if let block = datasets.randomElement(using: &random) { remove(block, from: executor, isTold: true) }
        }
        if chance(weather.vanishingPercent) {
            if let block = executor.blocks.keys.sorted(by: { "\($0)" < "\($1)" }).randomElement(using: &random) {
                executor.blocks[block] = nil
            }
        }
    }

    // MARK: - What tasks leave

    /// What a block holds: a hash of the task and all that it has read.
    struct Content {
        private var state: UInt64

        init(_ plan: PhysicalPlan, _ partition: Int) {
            state = 0x9E37_79B9_7F4A_7C15
            if case .input(let number, _) = plan { combine(UInt64(number)) }
            combine(UInt64(partition))
        }

        mutating func combine(_ value: UInt64) {
            state = (state ^ value) &* 0xBF58_476D_1CE4_E5B9
            state ^= state >> 29
        }

        func value(bucket: Int) -> UInt64 {
            var copy = self
            copy.combine(UInt64(bucket))
            return copy.state
        }
    }

    private static func summary(_ block: BlockID) -> BlockSummary {
        BlockSummary(id: block, rowCount: 2, byteCount: 16)
    }

    private static func report(of task: TaskDescription, nanoseconds: Int) -> TaskReport {
        var metrics = TaskMetrics()
        metrics.rowsRead = 10
        metrics.nanoseconds = nanoseconds
        return TaskReport(blocks: task.leftBlocks.map(summary), metrics: metrics)
    }
}
