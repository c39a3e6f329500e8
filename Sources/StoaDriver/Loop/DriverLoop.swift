import StoaColumns
import StoaTasks

/// The serial loop that owns all scheduling state. It is made and used on one thread, the driver's or a test's, and nothing
/// but its messages leads into it, so it has no locks.
///
/// Review of a change: every table that is added here or below is emptied when its job ends, and is counted in
/// `DriverTables`, which tests find empty after each job.
package struct DriverLoop {
    private let options: DriverOptions
    private let calls: ClusterCalls
    private let tasks: TaskScheduler
    private let stages: StageScheduler
    private let supervisor: ExecutorSupervisor
    private let clock: LoopClock
    private let bus: EventBus
    private let activeExecutors: ActiveExecutors
    private var isStopping = false

    /// - Parameter cluster: was started; its events come as messages.
    package init(
        cluster: any Cluster, options: DriverOptions, clock: DriverClock, mailbox: Mailbox<DriverMessage>,
        snapshot: HeldDatasets, activeExecutors: ActiveExecutors = ActiveExecutors()
    ) {
        self.activeExecutors = activeExecutors
        self.options = options
        self.clock = LoopClock(clock)
        bus = EventBus(clock: self.clock)
        calls = ClusterCalls(
            cluster: cluster, executors: ExecutorTable(cluster.executors, at: self.clock.turn))
        tasks = TaskScheduler(calls: calls, options: options, clock: self.clock, bus: bus)
        stages = StageScheduler(calls: calls, tasks: tasks, snapshot: snapshot, mailbox: mailbox)
        supervisor = ExecutorSupervisor(stages: stages)
    }

    /// Runs until it is told to stop and the last job has ended.
    mutating func run(_ mailbox: Mailbox<DriverMessage>) {
        var messages: [DriverMessage] = []
        var deadline: Int?
        while !hasEnded {
            // While tasks wait that no executor takes, all have enough to do: the next answer is not urgent, and the CPU is
            // theirs.
            mailbox.takeAll(
                into: &messages, until: deadline, spinNanoseconds: tasks.hasWaiting ? 0 : options.spinNanoseconds)
            deadline = turn(messages)
        }
        end(with: mailbox.close())
    }

    /// Whether the loop was told to stop and the last job has ended.
    package var hasEnded: Bool { isStopping && !stages.hasJobs }

    /// Takes messages in and does what they make possible; gives the time at which the next turn is due at the latest.
    package mutating func turn(_ messages: [DriverMessage]) -> Int? {
        clock.beginTurn()
        for message in messages { receive(message) }
        var deadline: Int?
        // A stranded task may end its job: then all of this is looked at again.
        repeat {
            deadline = [supervisor.look(), stages.endOverdue(), tasks.giveUpAbandoned()].compactMap { $0 }.min()
            if calls.executors.hasChanged {
                activeExecutors.publish(calls.executors.active.map { calls.executors.ids[$0] })
            }
            calls.sendCancellations()
            // Drops go before attempts: one that is handed out next may leave a block of the same name.
            calls.sendDrops()
            tasks.handOut()
        } while stages.settleStranded()
        if let next = tasks.speculate() { deadline = min(deadline ?? next, next) }
        return deadline
    }

    /// Frees what is left, stops the cluster, and answers whoever came too late.
    package mutating func end(with messages: [DriverMessage]) {
        stages.releaseAllResults()
        supervisor.stop()
        calls.stop()
        for message in messages { refuse(message) }
        bus.finish()
    }

    private mutating func receive(_ message: DriverMessage) {
        switch message {
        case .run(let request):
            if isStopping { refuse(message) } else { stages.run(request) }
        case .cancel(let job): stages.cancel(job)
        case .release(let job): stages.release(job)
        case .releasePartition(let job, let partition): stages.release(job, partition: partition)
        case .events(let events): for event in events { receive(event) }
        case .register(let dataset, let blocks): stages.register(dataset, blocks)
        case .unpersist(let dataset): stages.unpersist(dataset)
        case .addExecutor(let reply): supervisor.request(.session(reply))
        case .removeExecutor(let id, let reply): supervisor.remove(id, reply)
        case .listen(let id, let continuation): bus.add(id, continuation)
        case .endListening(let id): bus.remove(id)
        case .inspect(let reply):
            calls.sendDrops()
            reply(tables)
        case .report(let reply): reply(status)
        case .stop:
            isStopping = true
            stages.endAll(StageScheduler.stopped)
        }
    }

    private func receive(_ event: ClusterEvent) {
        switch event {
        case .taskFinished(let task, let executor, let report): stages.answer(task, from: executor, .finished(report))
        case .taskFailed(let task, let executor, let failure): stages.answer(task, from: executor, .failed(failure))
        case .taskCancelled(let task, let executor): stages.answer(task, from: executor, .cancelled)
        case .executorJoined(let description): supervisor.join(description)
        case .executorNotStarted(let error): supervisor.notStarted(error)
        case .executorLost(let executor, let error): supervisor.lose(executor, error)
        case .executorLeft(let executor): supervisor.left(executor)
        case .blocksEvicted(let blocks, let executor):
            guard let position = calls.executors.position(of: executor) else { return }
            if bus.isListening { bus.send(.blocksEvicted(blocks, executor)) }
            stages.evict(blocks, on: position)
        case .blocksCopied(let blocks, let executor): supervisor.copied(blocks, at: executor)
        case .executorStatus(let executor, let status):
            guard let position = calls.executors.position(of: executor) else { return }
            calls.executors.setStatus(status, of: position)
            if bus.isListening { bus.send(.executorStatus(executor, status)) }
        }
    }

    // What still arrives at a driver that stops: only those who wait for an answer matter.
    private func refuse(_ message: DriverMessage) {
        switch message {
        case .run(let request): request.answer(.failure(Driver.isStopped))
        case .addExecutor(let reply): reply(.failure(Driver.isStopped))
        case .removeExecutor(_, let reply): reply(.failure(Driver.isStopped))
        case .inspect(let reply): reply(tables)
        case .report(let reply): reply(status)
        case .listen(_, let continuation): continuation.finish()
        case .cancel, .release, .releasePartition, .events, .register, .unpersist, .endListening, .stop: break
        }
    }

    private var tables: DriverTables {
        var tables = DriverTables()
        stages.count(into: &tables)
        tasks.count(into: &tables)
        supervisor.count(into: &tables)
        return tables
    }

    private var status: DriverStatus { DriverStatus(stages) }
}
