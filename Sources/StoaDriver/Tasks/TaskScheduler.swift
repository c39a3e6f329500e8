import StoaColumns
import StoaPlan
import StoaTasks

/// Which task runs on which executor: the second of the driver's three jobs. Used by the driver's thread alone.
///
/// An executor is given tasks while it has a free slot, and some beyond that, so that it has the next task before its answer
/// has reached the driver: a number it asks for, then `DriverOptions.queuedNanoseconds` worth of tasks. Jobs take turns, task
/// by task; within a job tasks go in the order in which their stages could run, then by partition. A task goes to the
/// executor that holds its input; an executor that would be idle also takes tasks that prefer another, first of its own
/// node. Handing out a task costs the same however many wait.
///
/// Every table is empty of a job after `close`.
final class TaskScheduler {
    /// What an answer of an executor means.
    enum Outcome {
        /// Nobody waits for this answer: an old attempt, a second answer, or a job that has gone.
        case stale
        /// The task is complete and recorded in its stage's run.
        case complete(StageRun)
        /// The task will be tried again.
        case willRetry
        /// The job has to fail.
        case failed(StoaError)
        /// The job is ending; this attempt of it has stopped. Blocks that it left are nobody's.
        case withdrawn
    }

    private final class JobTasks {
        let id: JobID
        var queue: JobQueue
        /// By stage; nil for those that do not run.
        var runs: [StageRun?]
        var runningCount = 0
        var isWithdrawn = false
        var isInRotation = false
        /// How long a task of the stage took that answered last; nil when a stage has started since.
        var meanNanoseconds: Int?

        init(id: JobID, stageCount: Int, nodes: [Int]) {
            self.id = id
            queue = JobQueue(nodes: nodes)
            runs = Array(repeating: nil, count: stageCount)
        }
    }

    private let calls: ClusterCalls
    private let options: DriverOptions
    private let executorIDs: [ExecutorID]
    private let nodes: [Int]
    /// Attempts that each executor has been given and has not answered.
    private var load: [Int]
    private var jobs: [JobID: JobTasks] = [:]
    /// The one among them to which the last answer belonged.
    private var lastAnswered: JobTasks?
    /// The jobs that have tasks to hand out, in the order of their turns.
    private var rotation: [JobTasks] = []
    private var turn = 0
    private var firstExecutor = 0
    private var byteCounts: [Int]

    init(calls: ClusterCalls, options: DriverOptions) {
        self.calls = calls
        self.options = options
        executorIDs = calls.executors.map(\.id)
        nodes = calls.executors.map(\.node)
        load = Array(repeating: 0, count: nodes.count)
        byteCounts = load
    }

    // MARK: - Jobs and stages

    func open(_ job: JobID, stageCount: Int) {
        jobs[job] = JobTasks(id: job, stageCount: stageCount, nodes: nodes)
    }

    /// Makes the tasks of a stage that can run, and queues them.
    func start(
        _ stage: Stage, of job: JobID, parents: StageTables, datasets: [DatasetID: BlockTable], isAnalyzed: Bool
    ) -> StageRun {
        let tasks = tasks(of: job)
        let run = StageRun(
            job: job, stage: stage, parents: parents, datasets: datasets, executorIDs: executorIDs,
            isAnalyzed: isAnalyzed)
        tasks.runs[stage.id.value] = run
        tasks.meanNanoseconds = nil
        for partition in stage.tasks.indices {
            tasks.queue.append(
                QueuedTask(stage: Int32(stage.id.value), partition: Int32(partition), attempt: 1),
                preferring: run.preferredExecutor(of: partition, byteCounts: &byteCounts))
        }
        rotate(tasks)
        return run
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
        tasks.queue = JobQueue(nodes: nodes)
        var attempts: [[TaskID]] = Array(repeating: [], count: nodes.count)
        for case let run? in tasks.runs {
            for (partition, state) in run.tasks.enumerated() {
                if case .running(let attempt, let executor) = state {
                    attempts[executor].append(
                        TaskID(job: job, stage: run.stage.id, partition: partition, attempt: attempt))
                }
            }
        }
        calls.cancel(attempts)
        leaveRotation(tasks)
    }

    /// Attempts of a job that executors have not answered.
    func runningCount(of job: JobID) -> Int { tasks(of: job).runningCount }

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
        tables.runningAttempts = load.reduce(0, +)
    }

    // MARK: - Handing out

    /// Whether a task waits for an executor.
    var hasWaiting: Bool { !rotation.isEmpty }

    /// Gives tasks to executors until all are full or no task waits.
    func handOut() {
        if rotation.isEmpty { return }
        fill(ahead: false, mayTakeOthers: false)
        // Only what executors with a free slot did not want for themselves goes elsewhere.
        fill(ahead: false, mayTakeOthers: true)
        fill(ahead: true, mayTakeOthers: false)
        calls.sendTasks()
    }

    // One task an executor and round, so that few tasks spread over many executors.
    private func fill(ahead: Bool, mayTakeOthers: Bool) {
        var handedOut = true
        while handedOut, !rotation.isEmpty {
            handedOut = false
            for step in load.indices {
                let executor = (firstExecutor + step) % load.count
                guard ahead || load[executor] < calls.executors[executor].slots else { continue }
                if handOutOne(to: executor, ahead: ahead, mayTakeOthers: mayTakeOthers) {
                    handedOut = true
                    if rotation.isEmpty {
                        firstExecutor = (executor + 1) % load.count
                        return
                    }
                }
            }
        }
    }

    private func handOutOne(to executor: Int, ahead: Bool, mayTakeOthers: Bool) -> Bool {
        for _ in rotation.indices {
            if turn >= rotation.count { turn = 0 }
            let tasks = rotation[turn]
            guard !ahead || load[executor] < mostAhead(of: tasks, on: executor),
                let task = tasks.queue.next(for: executor, mayTakeOthers: mayTakeOthers)
            else {
                turn += 1
                continue
            }
            turn += 1
            if tasks.queue.count == 0 { leaveRotation(tasks) }
            submit(task, of: tasks, to: executor)
            return true
        }
        return false
    }

    /// How many unanswered attempts, of all jobs, an executor may have when it is given another one of this job.
    private func mostAhead(of tasks: JobTasks, on executor: Int) -> Int {
        let description = calls.executors[executor]
        var queued = description.queuedTasksPerSlot
        if let mean = tasks.meanNanoseconds { queued = max(queued, options.queuedNanoseconds / max(mean, 1000)) }
        return description.slots * (1 + queued)
    }

    private func submit(_ task: QueuedTask, of tasks: JobTasks, to executor: Int) {
        let (partition, attempt) = (Int(task.partition), Int(task.attempt))
        guard let run = tasks.runs[Int(task.stage)], case .queued(attempt) = run.tasks[partition] else {
            preconditionFailure("\(task) of \(tasks.id) is queued but not waiting")
        }
        run.tasks[partition] = .running(attempt: attempt, executor: executor)
        tasks.runningCount += 1
        load[executor] += 1
        calls.submit(run.description(partition: partition, attempt: attempt), to: executor)
    }

    // MARK: - Answers

    /// An executor has ended an attempt: with a report, or with the error that stopped it (nil when it was cancelled).
    func answer(_ task: TaskID, from executor: Int, _ answer: Result<TaskReport, StoaError>?) -> Outcome {
        guard let tasks = knownTasks(of: task.job), tasks.runs.indices.contains(task.stage.value),
            let run = tasks.runs[task.stage.value], run.tasks.indices.contains(task.partition),
            case .running(task.attempt, executor) = run.tasks[task.partition]
        else { return .stale }
        tasks.runningCount -= 1
        load[executor] -= 1
        if tasks.isWithdrawn {
            run.tasks[task.partition] = .queued(attempt: task.attempt + 1)
            return .withdrawn
        }
        switch answer {
        case .success(let report):
            guard report.blocks.count == run.blocksPerTask else {
                run.tasks[task.partition] = .queued(attempt: task.attempt + 1)
                let sentence =
                    "\(task) left \(report.blocks.count) blocks where its stage promises \(run.blocksPerTask)"
                return .failed(StoaError(.engineFailed, source: .engine, sentence))
            }
            run.complete(
                task.partition, PartitionBlocks(executor: executor, sizes: BlockSizes(report.blocks)), report)
            tasks.meanNanoseconds = run.meanNanoseconds
            return .complete(run)
        case .failure(let error): return failed(task, error, run, tasks, on: executor)
        case nil:
            let error = StoaError(
                .executorLost, source: .environment, "\(executorIDs[executor]) stopped the task without being asked",
                isRetryable: true)
            return failed(task, error, run, tasks, on: executor)
        }
    }

    private func failed(
        _ task: TaskID, _ error: StoaError, _ run: StageRun, _ tasks: JobTasks, on executor: Int
    ) -> Outcome {
        let next = task.attempt + 1
        run.tasks[task.partition] = .queued(attempt: next)
        guard error.isRetryable, task.attempt < options.maximumAttempts else {
            return .failed(error.located(.init(stage: task.stage.value, partition: task.partition)))
        }
        run.retryCount += 1
        tasks.queue.append(
            QueuedTask(stage: Int32(task.stage.value), partition: Int32(task.partition), attempt: Int32(next)),
            avoiding: executor)
        rotate(tasks)
        return .willRetry
    }

    private func tasks(of job: JobID) -> JobTasks {
        guard let tasks = jobs[job] else { preconditionFailure("\(job) has no tasks table") }
        return tasks
    }

    // Answers come in runs of the same job.
    private func knownTasks(of job: JobID) -> JobTasks? {
        if let lastAnswered, lastAnswered.id == job { return lastAnswered }
        lastAnswered = jobs[job]
        return lastAnswered
    }

    private func rotate(_ tasks: JobTasks) {
        guard !tasks.isInRotation, tasks.queue.count > 0 else { return }
        tasks.isInRotation = true
        rotation.append(tasks)
    }

    private func leaveRotation(_ tasks: JobTasks) {
        guard tasks.isInRotation, let position = rotation.firstIndex(where: { $0 === tasks }) else { return }
        tasks.isInRotation = false
        rotation.remove(at: position)
        if position < turn { turn -= 1 }
    }
}
