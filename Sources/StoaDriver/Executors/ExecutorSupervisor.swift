import StoaColumns
import StoaPlan
import StoaTasks

/// Who is there: executors that join, die, are replaced, drained and removed. Used by the driver's thread alone.
///
/// Executors that die one after the other without a task that was completed in between are not replaced for ever: when none is
/// left and none can be had, all jobs fail with the last reason.
final class ExecutorSupervisor {
    /// Who asked for an executor.
    enum Request {
        case replacement
        case allocation
        case session(@Sendable (Result<ExecutorID, StoaError>) -> Void)
    }

    let calls: ClusterCalls
    let executors: ExecutorTable
    let tasks: TaskScheduler
    let stages: StageScheduler
    let options: DriverOptions
    let clock: LoopClock
    let bus: EventBus
    /// Answered by the cluster one after the other.
    private var requests: [Request] = []
    /// Executors that died or could not be started since a task was complete.
    private var failuresInARow = 0
    private var completeAtFailure = 0
    private let maximumFailuresInARow: Int
    private var lastError: StoaError?
    /// Whether the last that was heard of new executors is that one could not be started.
    private var cannotStart = false
    private var allocation: ExecutorAllocation?
    /// Executors that are to leave.
    private var leaving: [Int] = []

    init(stages: StageScheduler) {
        self.stages = stages
        calls = stages.calls
        executors = stages.executors
        tasks = stages.tasks
        options = stages.options
        clock = stages.clock
        bus = stages.bus
        maximumFailuresInARow = max(options.maximumLossesInARow, 2 * executors.all.count)
        allocation = options.allocation.map { ExecutorAllocation(options: $0) }
    }

    // MARK: - Events of the cluster

    func join(_ description: ExecutorDescription) {
        _ = executors.join(description, at: clock.turn)
        cannotStart = false
        stages.sendRestorations()
        if bus.isListening { bus.send(.executorJoined(description)) }
        if requests.isEmpty { return }
        if case .session(let reply) = requests.removeFirst() { reply(.success(description.id)) }
    }

    func notStarted(_ error: StoaError) {
        noteFailure(error)
        cannotStart = true
        if requests.isEmpty { return }
        switch requests.removeFirst() {
        case .session(let reply): reply(.failure(error))
        // Jobs go on with the others meanwhile.
        case .replacement where !executors.active.isEmpty && failuresInARow <= maximumFailuresInARow:
            request(.replacement)
        case .replacement, .allocation: break
        }
    }

    func lose(_ id: ExecutorID, _ error: StoaError) {
        guard let executor = executors.position(of: id) else { return }
        executors.countLoss()
        noteFailure(error)
        let losses = tasks.lose(executor, error)
        depart(executor)
        if bus.isListening { bus.send(.executorLost(id, error)) }
        for loss in losses {
            guard let job = stages.jobs[loss.job] else { continue }
            if let error = loss.error { stages.end(job, error) }
        }
        stages.loseBlocks(on: executor)
        for job in Array(stages.jobs.values) { stages.endIfSettled(job) }
        if options.replacesLostExecutors, failuresInARow <= maximumFailuresInARow { request(.replacement) }
    }

    func left(_ id: ExecutorID) {
        guard let executor = executors.position(of: id) else { return }
        depart(executor)
        if bus.isListening { bus.send(.executorLeft(id)) }
        // What could not be copied.
        stages.loseBlocks(on: executor)
    }

    func copied(_ blocks: [BlockSummary], at id: ExecutorID) {
        if bus.isListening { bus.send(.blocksStored(blocks, id)) }
        guard let target = executors.position(of: id), let order = stages.arrived(blocks, at: target) else { return }
        if case .drain = order.purpose { copyEnded(of: order.source, isWhole: true) }
    }

    private func depart(_ executor: Int) {
        let state = executors.all[executor].state
        executors.setState(.gone, of: executor)
        calls.forget(executor)
        tasks.release(executor)
        leaving.removeAll { $0 == executor }
        switch state {
        case .draining(let drain), .leaving(let drain): drain.reply(.success(()))
        case .active, .excluded, .gone: break
        }
        for order in stages.ordersLost(with: executor) {
            if case .drain = order.purpose { copyEnded(of: order.source, isWhole: false) }
        }
    }

    private func noteFailure(_ error: StoaError) {
        if tasks.completeCount != completeAtFailure {
            failuresInARow = 0
            completeAtFailure = tasks.completeCount
        }
        failuresInARow += 1
        lastError = error
    }

    // MARK: - Calls of the session

    func request(_ request: Request) {
        requests.append(request)
        calls.addExecutor()
    }

    /// Lets an executor leave when it has nothing to do any more and others hold its blocks.
    func remove(_ id: ExecutorID, _ reply: @escaping @Sendable (Result<Void, StoaError>) -> Void) {
        guard let executor = executors.position(of: id) else {
            let names = executors.alive.map { "\(executors.ids[$0].value)" }.joined(separator: ", ")
            return reply(
                .failure(
                    StoaError(.unknownName, "there is no \(id)", advice: "the executors that are there: \(names)")))
        }
        switch executors.all[executor].state {
        case .draining(var drain):
            drain.replies.append(reply)
            executors.setState(.draining(drain), of: executor)
        case .leaving(var drain):
            drain.replies.append(reply)
            executors.setState(.leaving(drain), of: executor)
        case .gone: reply(.success(()))
        case .active, .excluded:
            guard executors.active.contains(where: { $0 != executor }) || !requests.isEmpty else {
                return reply(
                    .failure(
                        StoaError(
                            .invalidArgument, "\(id) is the only one that takes tasks", advice: "add another one first")
                    ))
            }
            drain(executor, [reply])
        }
    }

    private func drain(_ executor: Int, _ replies: [@Sendable (Result<Void, StoaError>) -> Void]) {
        executors.setState(.draining(Drain(replies: replies)), of: executor)
        tasks.release(executor)
        leaving.append(executor)
    }

    /// Answers whoever still waits: the driver stops.
    func stop() {
        for case .session(let reply) in requests { reply(.failure(Driver.isStopped)) }
        requests = []
        for executor in leaving {
            switch executors.all[executor].state {
            case .draining(let drain), .leaving(let drain): drain.reply(.failure(Driver.isStopped))
            case .active, .excluded, .gone: break
            }
        }
    }

    func count(into tables: inout DriverTables) {
        tables.executorRequests = requests.count
        tables.drainingExecutors = leaving.count
    }

    // MARK: - Every turn

    /// Goes on with what waits for answers and for time; gives when to look again at the latest.
    func look() -> Int? {
        var next: Int? = executors.endExclusions(at: clock.turn)
        if !leaving.isEmpty { for executor in leaving { advance(executor) } }
        if executors.active.isEmpty {
            lookForAnybody()
            // One that stays takes over from the others that are to leave.
            if !executors.active.isEmpty { for executor in leaving { advance(executor) } }
        }
        // Somebody may take tasks again who did not join.
        stages.sendRestorations()
        if var policy = allocation {
            let decision = policy.decide(
                executors, waitingTasks: tasks.waitingCount, requested: requests.count, at: clock.turn)
            allocation = policy
            for _ in 0..<decision.additions { request(.allocation) }
            for executor in decision.removals { drain(executor, []) }
            if !decision.removals.isEmpty { for executor in leaving { advance(executor) } }
            next = min(next ?? decision.nextLook, decision.nextLook)
        }
        return next
    }

    // Nobody takes tasks: one that was to leave stays, else a new one comes, else the jobs fail.
    private func lookForAnybody() {
        if !requests.isEmpty { return }
        for executor in leaving {
            guard case .draining(let drain) = executors.all[executor].state else { continue }
            leaving.removeAll { $0 == executor }
            stages.stay(executor, drain)
            executors.setState(.active, of: executor)
            drain.reply(
                .failure(
                    StoaError(
                        .invalidArgument, "\(executors.ids[executor]) is the last executor, the others have died",
                        advice: "add another one first")))
            return
        }
        guard stages.hasJobs else { return }
        let error =
            lastError
            ?? StoaError(.executorLost, source: .environment, "no executor is left", isRetryable: true)
        if options.replacesLostExecutors, failuresInARow <= maximumFailuresInARow, !cannotStart {
            return request(.replacement)
        }
        var reason = error
        reason.message = "no executor is left, and none can be had: \(error.message)"
        stages.endAll(reason)
        // The next job is worth another try.
        cannotStart = false
    }

    private func advance(_ executor: Int) {
        guard case .draining(var drain) = executors.all[executor].state else { return }
        switch drain.phase {
        case .runningTasks:
            guard executors.load[executor] == 0, let orders = stages.ordersToEmpty(executor) else { return }
            drain.phase = orders.isEmpty ? .copied : .copying(left: orders.count, isWhole: true)
            executors.setState(.draining(drain), of: executor)
            for order in orders { stages.mover.send(order) }
            if orders.isEmpty { advance(executor) }
        case .copying: break
        case .copied:
            // Copies that were under way to it have arrived since.
            guard !stages.mover.hasOrders(to: executor) else { return }
            guard let orders = stages.ordersToEmpty(executor) else { return }
            if !orders.isEmpty {
                drain.phase = .runningTasks
                executors.setState(.draining(drain), of: executor)
                return advance(executor)
            }
            // Whoever has not released a result may still read it there.
            guard !stages.hasResults(on: executor) else { return }
            executors.setState(.leaving(drain), of: executor)
            calls.sendDrops()
            calls.removeExecutor(executor)
        }
    }

    // When a target has died, the rest goes to others.
    private func copyEnded(of source: Int, isWhole: Bool) {
        guard case .draining(var drain) = executors.all[source].state,
            case .copying(let left, let wasWhole) = drain.phase
        else { return }
        let isWhole = isWhole && wasWhole
        drain.phase = left > 1 ? .copying(left: left - 1, isWhole: isWhole) : isWhole ? .copied : .runningTasks
        executors.setState(.draining(drain), of: source)
    }
}
