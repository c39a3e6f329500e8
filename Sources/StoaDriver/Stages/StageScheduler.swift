import StoaColumns
import StoaPlan
import StoaTasks

/// Which stages run, and where their blocks are: the first of the driver's three jobs. Used by the driver's thread alone.
///
/// A stage runs when all stages that it reads are complete. Blocks of a stage are dropped when the stages that read them
/// are complete, those of the result stage when the result is released, all of them when the job fails. Datasets that a job
/// persisted stay. Blocks that are gone while somebody needs them are computed again: see `StageScheduler+Recovery.swift`.
///
/// Every table is empty of a job that has ended, except `results`, which its release empties.
final class StageScheduler {
    /// What is kept until a result is released.
    struct UnreleasedResult {
        let table: BlockTable
        let stage: StageID
        /// Set when the blocks are those of a dataset, which stays.
        let dataset: DatasetID?
    }

    let calls: ClusterCalls
    let executors: ExecutorTable
    let tasks: TaskScheduler
    let options: DriverOptions
    let clock: LoopClock
    let bus: EventBus
    let mailbox: Mailbox<DriverMessage>
    @exclusivity(unchecked) var datasets: DatasetTable
    @exclusivity(unchecked) var jobs: [JobID: Job] = [:]
    /// The one among them to which the last answer belonged.
    @exclusivity(unchecked) private var lastAnswered: Job?
    @exclusivity(unchecked) var results: [JobID: UnreleasedResult] = [:]
    /// Jobs that wait for nothing but attempts that were asked to stop, with the time at which they end without them.
    var endings: [JobID: Int] = [:]
    let mover: BlockMover
    /// Partitions of datasets that were given to executors, on their way to another one.
    var restoring: Set<Need> = []
    /// Those of them that wait for an executor to take them.
    var unsent: [Restoration] = []
    /// Copies of blocks that attempts which run may make necessary.
    @exclusivity(unchecked) var surplus: Set<SurplusBlock> = []
    /// Stages to look at: they could run now. Empty between messages.
    @exclusivity(unchecked) var startable: [DatasetTable.StageReference] = []

    init(calls: ClusterCalls, tasks: TaskScheduler, snapshot: HeldDatasets, mailbox: Mailbox<DriverMessage>) {
        self.calls = calls
        executors = calls.executors
        self.tasks = tasks
        options = tasks.options
        clock = tasks.clock
        bus = tasks.bus
        self.mailbox = mailbox
        datasets = DatasetTable(snapshot: snapshot, calls: calls)
        mover = BlockMover(calls: calls)
    }

    var hasJobs: Bool { !jobs.isEmpty }

    // MARK: - Calls of the session

    func run(_ request: JobRequest) {
        if request.isCancelled.isSet { return request.answer(.failure(Self.cancelled)) }
        var tables: [DatasetID: BlockTable] = [:]
        for (dataset, highestPartition) in request.outline.datasets {
            let table = datasets.use(dataset, by: request.id)?.table
            tables[dataset] = table
            if table.map({ highestPartition < $0.partitions.count }) ?? false { continue }
            for (used, _) in tables { datasets.release(used, by: request.id) }
            let error =
                table == nil
                ? StoaError(
                    .unknownName, "the executors do not hold \(dataset)",
                    advice: "it was unpersisted after this job was planned; run the action again", isRetryable: true)
                : StoaError(.engineFailed, source: .engine, "\(dataset) has no partition \(highestPartition)")
            startStages()
            return request.answer(.failure(error))
        }
        let job = Job(request, datasets: tables, earlierLosses: executors.lossCount, at: clock.now)
        jobs[job.id] = job
        tasks.open(job.id, stageCount: job.stages.count)
        if bus.isListening { bus.send(.jobStarted(job.id, job.graph.stages.map(DriverEvent.StageOutline.init))) }
        for (stage, parents) in request.outline.parents.enumerated() where parents.isEmpty {
            startable.append(.init(job: job.id, stage: stage))
        }
        startStages()
    }

    func cancel(_ id: JobID) {
        if let job = jobs[id] { end(job, Self.cancelled) }
    }

    /// Ends all jobs with the same error.
    func endAll(_ error: StoaError) {
        for job in jobs.values.sorted(by: { $0.id < $1.id }) { end(job, error) }
    }

    /// Lets go of a result's blocks.
    func release(_ id: JobID) {
        guard let result = results.removeValue(forKey: id) else { return }
        if let dataset = result.dataset {
            datasets.release(dataset, by: id)
            startStages()
        } else {
            calls.drop(result.table)
        }
    }

    /// Lets go of one partition of a result.
    func release(_ id: JobID, partition: Int) {
        guard let result = results[id], result.dataset == nil, let blocks = result.table[partition] else { return }
        for block in result.table.ids(of: partition) { calls.drop(block, on: blocks.executor) }
        result.table.lose(partition, on: blocks.executor)
    }

    func register(_ id: DatasetID, _ blocks: [LocatedBlock]) {
        // Who was chosen may have gone since.
        var lost: [Int: [Int]] = [:]
        let partitions = blocks.enumerated().map { partition, block in
            let executor = executors.position(of: block.location.executor)
            if executor == nil, let former = executors.lastPosition(of: block.location.executor) {
                lost[former, default: []].append(partition)
            }
            return PartitionBlocks(
                executor: executor ?? -1, sizes: .one(BlockSize(rowCount: block.rowCount, byteCount: block.byteCount)))
        }
        let table = BlockTable(naming: .dataset(id), partitions: partitions)
        datasets.register(id, table)
        for (executor, partitions) in lost.sorted(by: { $0.key < $1.key }) {
            restore(partitions, of: id, table, from: executor)
        }
        startStages()
    }

    func unpersist(_ id: DatasetID) {
        datasets.unpersist(id)
        startStages()
    }

    func releaseAllResults() {
        for id in Array(results.keys) { release(id) }
    }

    func count(into tables: inout DriverTables) {
        tables.jobs = jobs.count
        tables.unreleasedResults = results.count
        tables.copiesUnderWay = mover.count
        datasets.count(into: &tables)
    }

    // MARK: - Answers

    /// An executor has ended an attempt.
    func answer(_ task: TaskID, from id: ExecutorID, _ answer: Answer) {
        guard let executor = executors.position(of: id) else { return }
        let outcome = tasks.answer(task, from: executor, answer)
        if bus.isListening { bus.note(task, id, answer, outcome) }
        switch outcome {
        case .stale, .unknown:
            if case .finished(let report) = answer { dropStrays(report, on: executor) }
            if let job = jobs[task.job] { endIfSettled(job) }
        case .willRetry: break
        case .complete(let run, let isSurplus):
            if isSurplus, case .finished(let report) = answer { dropStrays(report, on: executor) }
            let job = job(of: task)
            // Stages beyond the graph compute again what has counted before.
            if case .finished(let report) = answer, task.stage.value <= job.result {
                job.accumulated.note(report, of: task)
            }
            if run.isComplete {
                completed(job, task.stage.value)
                startStages()
            }
        case .missing(let run, let blocks): miss(blocks, job(of: task), run, task.partition)
        case .failed(let error): end(job(of: task), error)
        case .withdrawn:
            if case .finished(let report) = answer { dropStrays(report, on: executor) }
            finishIfQuiet(job(of: task))
        }
        dropSurplus()
    }

    // Answers come in runs of the same job.
    private func job(of task: TaskID) -> Job {
        if let lastAnswered, lastAnswered.id == task.job { return lastAnswered }
        guard let job = jobs[task.job] else { preconditionFailure("\(task.job) has tasks but no stages") }
        lastAnswered = job
        return job
    }

    func remove(_ job: Job) {
        jobs[job.id] = nil
        endings[job.id] = nil
        if lastAnswered === job { lastAnswered = nil }
    }

    // MARK: - Moves of stages

    // A list of what to look at instead of recursion: a job may be a long chain of stages without tasks.
    func startStages() {
        while true {
            startable += datasets.woken
            datasets.woken.removeAll(keepingCapacity: true)
            guard let next = startable.popLast() else { return }
            if let job = jobs[next.job], job.isRunning { start(job, next.stage) }
        }
    }

    private func start(_ job: Job, _ index: Int) {
        guard case .ready(let ready) = job.stages[index] else {
            preconditionFailure("stage \(index) of \(job.id) is started twice")
        }
        let stage = job.plan[index]
        let table: BlockTable
        if case .persist(let dataset, _) = stage.output {
            switch datasets.claim(dataset, for: .init(job: job.id, stage: index)) {
            case .granted:
                table = BlockTable(naming: .dataset(dataset), partitionCount: stage.tasks.count)
                datasets.begin(dataset, table)
            case .wait: return
            case .held(let table):
                precondition(
                    table.partitions.count == stage.tasks.count,
                    "\(dataset) has \(table.partitions.count) partitions, \(stage.id) of \(job.id) would make others")
                job.used.insert(dataset)
                job.foundPersisted.insert(dataset)
                job.accumulated.leaveOut(stage.id)
                job.inputs.tables[index] = table
                job.stages[index] = .complete(
                    ready.skipped(consumerCount: job.children[index].count, at: clock.now))
                if bus.isListening { bus.send(.stageCompleted(job.id, stage.id, TaskMetrics())) }
                return follow(job, index)
            }
        } else {
            table = BlockTable(naming: StageRun.naming(of: stage, in: job.id), partitionCount: stage.tasks.count)
        }
        let run = StageRun(
            job: job.id, stage: stage, table: table, inputs: job.inputs, executors: executors, purpose: .planned,
            after: nil, isAnalyzed: job.request.isAnalyzed)
        job.inputs.tables[index] = table
        job.stages[index] = .running(ready.started(run))
        if bus.isListening { bus.send(.stageReady(job.id, .init(stage))) }
        if run.isComplete { return complete(job, index) }
        if job.inputs.areComplete(for: job.parents[index], datasets: job.request.outline.stageDatasets[index]) {
            tasks.start(run)
        } else {
            for partition in run.tasks.indices { run.setState(.waiting(attempt: 1), of: partition) }
            tasks.startWaiting(run)
            settleWaiting(job, [index])
        }
    }

    func completed(_ job: Job, _ index: Int) {
        if case .rebuilding = job.stages[index] { rebuilt(job, index) } else { complete(job, index) }
    }

    private func complete(_ job: Job, _ index: Int) {
        guard case .running(let running) = job.stages[index],
            let complete = running.completed(consumerCount: job.children[index].count, at: clock.now)
        else { preconditionFailure("stage \(index) of \(job.id) is completed before its tasks") }
        let run = running.run
        tasks.finish(run)
        job.stages[index] = .complete(complete)
        if bus.isListening { bus.send(.stageCompleted(job.id, run.stage.id, complete.metrics)) }
        if case .persist(let dataset, _) = run.stage.output {
            datasets.complete(
                dataset, run.table, origin: .computed(lineage(of: job, index)), uncounted: uncounted(of: job, index),
                plannedSize: run.stage.size, schema: run.stage.schema, by: job.id)
            job.used.insert(dataset)
        }
        follow(job, index)
    }

    // What a complete stage makes possible.
    private func follow(_ job: Job, _ index: Int) {
        for child in job.children[index] {
            guard case .waiting(let waiting) = job.stages[child] else {
                preconditionFailure("stage \(child) of \(job.id) did not wait for stage \(index)")
            }
            job.stages[child] = waiting.parentCompleted(at: clock.now)
            if case .ready = job.stages[child] { startable.append(.init(job: job.id, stage: child)) }
        }
        letGoOfParents(job, index)
        dropIfUnused(job, index)
        guard case .running(let stagesLeft) = job.status else { preconditionFailure("\(job.id) is ending") }
        job.status = .running(stagesLeft: stagesLeft - 1)
        succeedIfComplete(job)
    }

    /// A stage does not read its parents any more.
    func letGoOfParents(_ job: Job, _ index: Int) {
        for parent in job.parents[index] {
            job.stages[parent].changeConsumers(by: -1)
            dropIfUnused(job, parent)
        }
    }

    func dropIfUnused(_ job: Job, _ index: Int) {
        guard index != job.result, case .complete(let complete) = job.stages[index], complete.isUnused else { return }
        if let table = job.inputs.tables[index], case .stage = table.naming {
            job.inputs.tables[index] = nil
            calls.drop(table)
        }
        if let table = job.inputs.substitutes.removeValue(forKey: index) { calls.drop(table) }
    }
}
