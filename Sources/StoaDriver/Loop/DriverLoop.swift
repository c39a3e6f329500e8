import StoaTasks

/// The serial loop that owns all scheduling state. It is made and used on the driver's thread, and nothing but the mailbox
/// leads into it, so it has no locks.
///
/// Review of a change: every table that is added here or below is emptied when its job ends, and is counted in
/// `DriverTables`, which tests find empty after each job.
struct DriverLoop {
    private let mailbox: Mailbox<DriverMessage>
    private let options: DriverOptions
    private let calls: ClusterCalls
    private let tasks: TaskScheduler
    private let stages: StageScheduler
    private var isStopping = false

    init(cluster: any Cluster, options: DriverOptions, mailbox: Mailbox<DriverMessage>, snapshot: HeldDatasets) {
        self.mailbox = mailbox
        self.options = options
        calls = ClusterCalls(cluster: cluster)
        tasks = TaskScheduler(calls: calls, options: options)
        stages = StageScheduler(calls: calls, tasks: tasks, snapshot: snapshot, mailbox: mailbox)
    }

    /// Runs until it is told to stop and the last job has ended.
    mutating func run() {
        var messages: [DriverMessage] = []
        var deadline: Int?
        while !isStopping || stages.hasJobs {
            // While tasks wait that no executor takes, all have enough to do: the next answer is not urgent, and the CPU is
            // theirs.
            mailbox.takeAll(
                into: &messages, until: deadline, spinNanoseconds: tasks.hasWaiting ? 0 : options.spinNanoseconds)
            for message in messages { receive(message) }
            // Drops go first: an attempt that is handed out next may leave a block of the same name.
            calls.sendDrops()
            tasks.handOut()
            deadline = stages.reportProgress(interval: options.progressIntervalNanoseconds)
        }
        stages.releaseAllResults()
        calls.stop()
        for message in mailbox.close() { refuse(message) }
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
        case .inspect(let continuation):
            calls.sendDrops()
            continuation.resume(returning: tables())
        case .stop:
            isStopping = true
            stages.cancelAll()
        }
    }

    private func receive(_ event: ClusterEvent) {
        switch event {
        case .taskFinished(let task, let executor, let report): stages.answer(task, from: executor, .success(report))
        case .taskFailed(let task, let executor, let failure):
            stages.answer(task, from: executor, .failure(failure.error))
        case .taskCancelled(let task, let executor): stages.answer(task, from: executor, nil)
        case .executorJoined, .executorNotStarted, .executorLost, .executorLeft, .blocksEvicted, .blocksCopied,
            .executorStatus:
            break
        }
    }

    // What still arrives at a driver that stops: only those who wait for an answer matter.
    private func refuse(_ message: DriverMessage) {
        switch message {
        case .run(let request): StageScheduler.resume(request, .failure(Driver.isStopped))
        case .inspect(let continuation): continuation.resume(returning: tables())
        case .cancel, .release, .releasePartition, .events, .register, .unpersist, .stop: break
        }
    }

    private func tables() -> DriverTables {
        var tables = DriverTables()
        stages.count(into: &tables)
        tasks.count(into: &tables)
        return tables
    }
}
