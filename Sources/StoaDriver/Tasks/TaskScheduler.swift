import StoaColumns
import StoaPlan
import StoaTasks

/// How an executor has ended an attempt.
enum Answer {
    case finished(TaskReport)
    case failed(TaskFailure)
    case cancelled
}

/// Which task runs on which executor: the second of the driver's three jobs. Used by the driver's thread alone.
///
/// An executor is given tasks while it has a free slot, and some beyond that, so that it has the next task before its answer
/// has reached the driver: a number it asks for, then `DriverOptions.queuedNanoseconds` worth of tasks. Jobs take turns, task
/// by task; within a job tasks go in the order in which their stages could run, then by partition. A task goes to the
/// executor that holds its input; an executor that would be idle also takes tasks that prefer another, first of its own
/// node. Handing out a task costs the same however many wait.
///
/// Every table is empty of a job after `close`, except `abandoned`, which the executors' answers empty.
final class TaskScheduler {
    /// What an answer of an executor means.
    enum Outcome {
        /// Nobody waits for this answer, of an attempt that does not count any more.
        case stale
        /// A second answer, or one of an attempt that was taken back.
        case unknown
        /// The task is complete and recorded in its stage's run; its blocks may be there already.
        case complete(StageRun, isSurplus: Bool)
        /// The task will be tried again, or another attempt at it still runs.
        case willRetry
        /// Inputs were not there: the task waits in its stage's run, unless another attempt at it still runs.
        case missing(StageRun, [BlockLocation])
        /// The job has to fail.
        case failed(StoaError)
        /// The job is ending; this attempt of it has stopped. Blocks that it left are nobody's.
        case withdrawn
    }

    final class JobTasks {
        let id: JobID
        @exclusivity(unchecked) var queue = JobQueue()
        /// By stage; nil for those that do not run.
        @exclusivity(unchecked) var runs: [StageRun?]
        /// Attempts that count and are not answered.
        @exclusivity(unchecked) var runningCount = 0
        @exclusivity(unchecked) var isWithdrawn = false
        /// When its attempts were asked to stop.
        var withdrawnAt = 0
        @exclusivity(unchecked) var isInRotation = false
        /// How long a task of the stage took that answered last; nil when a stage has started since.
        @exclusivity(unchecked) var meanNanoseconds: Int?

        init(id: JobID, stageCount: Int) {
            self.id = id
            runs = Array(repeating: nil, count: stageCount)
        }
    }

    let calls: ClusterCalls
    let executors: ExecutorTable
    let options: DriverOptions
    let clock: LoopClock
    let bus: EventBus
    @exclusivity(unchecked) var jobs: [JobID: JobTasks] = [:]
    /// The one among them to which the last answer belonged.
    @exclusivity(unchecked) private var lastAnswered: JobTasks?
    /// Attempts that no longer count and were cancelled: second attempts that were slower, what a complete job no longer
    /// needs, and what an ended job has not waited for.
    @exclusivity(unchecked) var abandoned: [TaskID: AbandonedAttempt] = [:]
    /// When one of them will have had its time; nil when none waits for that.
    @exclusivity(unchecked) var abandonedDueAt: Int?
    /// Tasks that were complete, ever.
    @exclusivity(unchecked) private(set) var completeCount = 0
    /// The jobs that have tasks to hand out, in the order of their turns.
    @exclusivity(unchecked) var rotation: [JobTasks] = []
    @exclusivity(unchecked) var turn = 0
    /// Where in the list of executors the next round begins.
    @exclusivity(unchecked) var firstCandidate = 0
    /// Executors that have answered since tasks were handed out.
    @exclusivity(unchecked) var answered = TouchedExecutors()
    /// Whether tasks may suit executors that have not answered.
    @exclusivity(unchecked) var mustAskAll = true
    /// Tasks that could not be handed out, since an input was gone.
    var stranded: [(job: JobID, stage: Int, partition: Int)] = []
    @exclusivity(unchecked) private var scratch = ByteCounts()
    var speculatesAt: Int?

    init(calls: ClusterCalls, options: DriverOptions, clock: LoopClock, bus: EventBus) {
        self.calls = calls
        executors = calls.executors
        self.options = options
        self.clock = clock
        self.bus = bus
    }

    // MARK: - Jobs and stages

    func open(_ job: JobID, stageCount: Int) {
        jobs[job] = JobTasks(id: job, stageCount: stageCount)
    }

    /// More stages of a job that runs.
    func extend(_ job: JobID, stageCount: Int) {
        let tasks = tasks(of: job)
        while tasks.runs.count < stageCount { tasks.runs.append(nil) }
    }

    /// Queues all tasks of a stage that begins.
    func start(_ run: StageRun) {
        let tasks = tasks(of: run.job)
        tasks.runs[run.stage.id.value] = run
        tasks.meanNanoseconds = nil
        for partition in run.tasks.indices {
            tasks.queue.append(
                QueuedTask(stage: Int32(run.stage.id.value), partition: Int32(partition), attempt: 1),
                preferring: run.preferredExecutor(of: partition, scratch: &scratch))
        }
        rotate(tasks)
    }

    /// Takes in a stage of which some tasks will run, which wait until `queue`.
    func startWaiting(_ run: StageRun) {
        let tasks = tasks(of: run.job)
        tasks.runs[run.stage.id.value] = run
        tasks.meanNanoseconds = nil
    }

    /// Queues a task that waited for its inputs.
    func queue(_ partition: Int, of run: StageRun) {
        guard case .waiting(let attempt) = run.tasks[partition] else {
            preconditionFailure("partition \(partition) of \(run.stage.id) of \(run.job) does not wait")
        }
        let tasks = tasks(of: run.job)
        run.setState(.queued(attempt: attempt), of: partition)
        tasks.queue.append(
            QueuedTask(stage: Int32(run.stage.id.value), partition: Int32(partition), attempt: attempt),
            preferring: run.preferredExecutor(of: partition, scratch: &scratch))
        rotate(tasks)
    }

    /// A complete stage needs no tasks any more.
    func finish(_ run: StageRun) {
        tasks(of: run.job).runs[run.stage.id.value] = nil
    }

    /// Drops the job's queued tasks and asks executors to stop the running ones, each of which will still be answered.
    func withdraw(_ job: JobID) {
        let tasks = tasks(of: job)
        guard !tasks.isWithdrawn else { return }
        tasks.isWithdrawn = true
        tasks.withdrawnAt = clock.turn
        tasks.queue = JobQueue()
        forEachRunning(of: tasks) { run, partition, attempt in
            calls.cancel(run.id(of: partition, attempt), on: Int(attempt.executor))
        }
        leaveRotation(tasks)
    }

    /// Stops whatever still runs of a job that is complete; the answers do not count.
    func abandonAll(of job: JobID) {
        let tasks = tasks(of: job)
        tasks.queue = JobQueue()
        leaveRotation(tasks)
        guard tasks.runningCount > 0 else { return }
        forEachRunning(of: tasks) { run, partition, attempt in
            abandon(run.id(of: partition, attempt), of: tasks, attempt)
        }
    }

    func abandon(_ id: TaskID, of tasks: JobTasks, _ attempt: Attempt) {
        noteAbandoned(id, of: tasks, attempt, since: clock.turn)
        calls.cancel(id, on: Int(attempt.executor))
    }

    func forEachRunning(of tasks: JobTasks, _ body: (StageRun, Int, Attempt) -> Void) {
        for case let run? in tasks.runs {
            for (partition, state) in run.tasks.enumerated() {
                switch state {
                case .running(let attempt): body(run, partition, attempt)
                case .racing(let first, let second):
                    body(run, partition, first)
                    body(run, partition, second)
                case .absent, .waiting, .queued, .complete: break
                }
            }
        }
    }

    /// Attempts of a job that count and that executors have not answered.
    func runningCount(of job: JobID) -> Int { tasks(of: job).runningCount }

    /// Whether attempts of a job that do not count are still to be answered.
    func hasAbandoned(of job: JobID) -> Bool { !abandoned.isEmpty && abandoned.keys.contains { $0.job == job } }

    /// Forgets a job, none of whose attempts runs.
    func close(_ job: JobID) {
        let tasks = tasks(of: job)
        precondition(tasks.runningCount == 0, "\(job) is closed while attempts run")
        leaveRotation(tasks)
        jobs[job] = nil
        if lastAnswered === tasks { lastAnswered = nil }
    }

    func count(into tables: inout DriverTables) {
        tables.queuedTasks = jobs.values.reduce(0) { $0 + $1.queue.count }
        tables.runningAttempts = executors.load.reduce(0, +)
    }

    // MARK: - Answers

    /// An executor has ended an attempt.
    func answer(_ task: TaskID, from executor: Int, _ answer: Answer) -> Outcome {
        guard let tasks = knownTasks(of: task.job), tasks.runs.indices.contains(task.stage.value),
            let run = tasks.runs[task.stage.value], run.tasks.indices.contains(task.partition)
        else { return forgetAbandoned(task, executor) }
        let other: Attempt?
        switch run.tasks[task.partition] {
        case .running(let attempt) where attempt.isAttempt(task.attempt, on: executor): other = nil
        case .racing(let first, let second) where first.isAttempt(task.attempt, on: executor): other = second
        case .racing(let first, let second) where second.isAttempt(task.attempt, on: executor): other = first
        default: return forgetAbandoned(task, executor)
        }
        tasks.runningCount -= 1
        noteAnswer(of: executor)
        if tasks.isWithdrawn {
            run.setState(other.map(TaskState.running) ?? .absent, of: task.partition)
            return .withdrawn
        }
        switch answer {
        case .finished(let report): return finished(task, report, run, tasks, on: executor, insteadOf: other)
        case .failed(let failure) where !failure.missingBlocks.isEmpty:
            run.setState(
                other.map(TaskState.running)
                    ?? .waiting(attempt: run.attempt(after: Int32(task.attempt))), of: task.partition)
            return .missing(run, failure.missingBlocks)
        case .failed(let failure): return failed(task, failure.error, run, tasks, on: executor, other)
        case .cancelled:
            let error = StoaError(
                .executorLost, source: .environment,
                "\(executors.name(of: executor)) stopped the task without being asked", isRetryable: true)
            return failed(task, error, run, tasks, on: executor, other)
        }
    }

    private func finished(
        _ task: TaskID, _ report: TaskReport, _ run: StageRun, _ tasks: JobTasks, on executor: Int,
        insteadOf other: Attempt?
    ) -> Outcome {
        if let other { abandon(run.id(of: task.partition, other), of: tasks, other) }
        guard report.blocks.count == run.blocksPerTask else {
            run.setState(.absent, of: task.partition)
            let sentence = "\(task) left \(report.blocks.count) blocks where its stage promises \(run.blocksPerTask)"
            return .failed(StoaError(.engineFailed, source: .engine, sentence))
        }
        // Another job may have computed a partition of a dataset at the same time, elsewhere: readers have been sent there.
        let isSurplus = run.table[task.partition].map { $0.executor != executor } ?? false
        run.complete(
            task.partition,
            isSurplus ? nil : PartitionBlocks(executor: executor, sizes: BlockSizes(report.blocks)), report)
        completeCount += 1
        tasks.meanNanoseconds = run.meanNanoseconds
        if options.speculation != nil { run.durations.add(report.metrics.nanoseconds) }
        return .complete(run, isSurplus: isSurplus)
    }

    private func failed(
        _ task: TaskID, _ error: StoaError, _ run: StageRun, _ tasks: JobTasks, on executor: Int, _ other: Attempt?
    ) -> Outcome {
        let next = run.attempt(after: Int32(task.attempt))
        run.setState(other.map(TaskState.running) ?? .queued(attempt: next), of: task.partition)
        guard error.isRetryable else { return .failed(error.located(run.location(of: task.partition))) }
        let count = run.noteFailure(of: task.partition)
        guard count < options.maximumAttempts else {
            return .failed(run.givingUp(task.partition, after: count, on: executors.name(of: executor), error))
        }
        run.retryCount += 1
        exclude(executor, afterFailure: error)
        if other != nil { return .willRetry }
        tasks.queue.append(
            QueuedTask(stage: Int32(task.stage.value), partition: Int32(task.partition), attempt: next),
            avoiding: executor)
        rotate(tasks)
        return .willRetry
    }

    // An executor on which many attempts fail gets none for a while, unless there is no other.
    private func exclude(_ executor: Int, afterFailure error: StoaError) {
        guard let limits = options.exclusion, executors.noteFailure(of: executor, at: clock.turn, limits),
            executors.isActive[executor], executors.active.count > 1
        else { return }
        executors.setState(.excluded(until: clock.turn + limits.nanoseconds), of: executor)
        release(executor)
        if bus.isListening { bus.send(.executorExcluded(executors.ids[executor], error)) }
    }

    private func forgetAbandoned(_ task: TaskID, _ executor: Int) -> Outcome {
        if !abandoned.isEmpty, let attempt = abandoned[task], attempt.executor == executor {
            abandoned[task] = nil
            if attempt.isForsaken { executors.stuck[executor] -= 1 }
            noteAnswer(of: executor)
            return .stale
        }
        return .unknown
    }

    private func noteAnswer(of executor: Int) {
        executors.load[executor] -= 1
        executors.busyAt[executor] = clock.turn
        // While more wait there than run, the next one begins now; after that all run that there are.
        if executors.load[executor] >= executors.slots[executor] { executors.answeredAt[executor] = clock.turn }
        answered.insert(executor)
    }

    func tasks(of job: JobID) -> JobTasks {
        guard let tasks = jobs[job] else { preconditionFailure("\(job) has no tasks table") }
        return tasks
    }

    // Answers come in runs of the same job.
    private func knownTasks(of job: JobID) -> JobTasks? {
        if let lastAnswered, lastAnswered.id == job { return lastAnswered }
        lastAnswered = jobs[job]
        return lastAnswered
    }

    func rotate(_ tasks: JobTasks) {
        mustAskAll = true
        guard !tasks.isInRotation, tasks.queue.count > 0 else { return }
        tasks.isInRotation = true
        rotation.append(tasks)
    }

    func leaveRotation(_ tasks: JobTasks) {
        guard tasks.isInRotation, let position = rotation.firstIndex(where: { $0 === tasks }) else { return }
        tasks.isInRotation = false
        rotation.remove(at: position)
        if position < turn { turn -= 1 }
    }
}

extension StageRun {
    func id(of partition: Int, _ attempt: Attempt) -> TaskID {
        TaskID(job: job, stage: stage.id, partition: partition, attempt: Int(attempt.number))
    }

    func location(of partition: Int) -> StoaError.Location {
        .init(stage: stage.id.value, partition: partition)
    }

    /// Why a job fails of which a task failed as often as it may: the last error, with its code, and how often.
    func givingUp(_ partition: Int, after count: Int, on executor: String, _ error: StoaError) -> StoaError {
        var error = error.located(location(of: partition))
        error.message = "\(stage.label): tried \(count) times, the last time on \(executor): \(error.message)"
        return error
    }
}
