import StoaColumns
import StoaPlan
import StoaTasks

/// Which stages run, and where their blocks are: the first of the driver's three jobs. Used by the driver's thread alone.
///
/// A stage runs when all stages that it reads are complete. Blocks of a stage are dropped when the stages that read them
/// are complete, those of the result stage when the result is released, all of them when the job fails. Datasets that a job
/// persisted stay.
///
/// Every table is empty of a job that has ended, except `results`, which its release empties.
final class StageScheduler {
    /// What is kept until a result is released.
    private struct UnreleasedResult {
        let table: BlockTable
        let stage: StageID
        /// Set when the blocks are those of a dataset, which stays.
        let dataset: DatasetID?
    }

    private let calls: ClusterCalls
    private let tasks: TaskScheduler
    private let mailbox: Mailbox<DriverMessage>
    private var datasets: DatasetTable
    private var jobs: [JobID: Job] = [:]
    private var results: [JobID: UnreleasedResult] = [:]
    /// Stages to look at: they could run now. Empty between messages.
    private var startable: [DatasetTable.StageReference] = []

    init(calls: ClusterCalls, tasks: TaskScheduler, snapshot: HeldDatasets, mailbox: Mailbox<DriverMessage>) {
        self.calls = calls
        self.tasks = tasks
        self.mailbox = mailbox
        datasets = DatasetTable(snapshot: snapshot, calls: calls)
    }

    var hasJobs: Bool { !jobs.isEmpty }

    // MARK: - Calls of the session

    func run(_ request: JobRequest) {
        if request.isCancelled.isSet { return Self.resume(request, .failure(Self.cancelled)) }
        var tables: [DatasetID: BlockTable] = [:]
        for (dataset, highestPartition) in request.outline.datasets {
            let table = datasets.use(dataset, by: request.id)
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
            return Self.resume(request, .failure(error))
        }
        let job = Job(request, datasets: tables, at: MonotonicClock.nanoseconds)
        jobs[job.id] = job
        tasks.open(job.id, stageCount: job.stages.count)
        for (stage, parents) in request.outline.parents.enumerated() where parents.isEmpty {
            startable.append(.init(job: job.id, stage: stage))
        }
        startStages()
    }

    func cancel(_ id: JobID) {
        if let job = jobs[id] { end(job, Self.cancelled) }
    }

    func cancelAll() {
        for job in Array(jobs.values) { end(job, Self.stopped) }
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

    /// Lets go of one partition of a result. The result's own release names its blocks once more, which executors ignore.
    func release(_ id: JobID, partition: Int) {
        guard let result = results[id], result.dataset == nil else { return }
        calls.drop(result.table.partitions[partition], partition: partition, naming: result.table.naming)
    }

    func register(_ id: DatasetID, _ blocks: [LocatedBlock]) {
        let partitions = blocks.map {
            PartitionBlocks(
                executor: calls.position(of: $0.location.executor),
                sizes: .one(BlockSize(rowCount: $0.rowCount, byteCount: $0.byteCount)))
        }
        datasets.register(id, BlockTable(naming: .dataset(id), partitions: partitions))
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
        datasets.count(into: &tables)
    }

    // MARK: - Answers

    /// An executor has ended an attempt: with a report, or with the error that stopped it (nil when it was cancelled).
    func answer(_ task: TaskID, from executor: ExecutorID, _ answer: Result<TaskReport, StoaError>?) {
        let executor = calls.position(of: executor)
        switch tasks.answer(task, from: executor, answer) {
        case .stale:
            if case .success(let report) = answer { dropStrays(report, of: task, on: executor) }
        case .willRetry: break
        case .complete(let run):
            guard let job = jobs[task.job] else { preconditionFailure("\(task.job) has tasks but no stages") }
            job.hasNews = true
            if run.isComplete {
                complete(job, task.stage.value)
                startStages()
            }
        case .failed(let error):
            guard let job = jobs[task.job] else { preconditionFailure("\(task.job) has tasks but no stages") }
            end(job, error)
        case .withdrawn:
            if case .success(let report) = answer { for block in report.blocks { calls.drop(block.id, on: executor) } }
            guard let job = jobs[task.job], case .ending(let error) = job.status else {
                preconditionFailure("\(task.job) is withdrawn but not ending")
            }
            finishIfQuiet(job, error)
        }
    }

    // Blocks of an answer that nobody waited for. Every attempt leaves the same bytes under the same names, so a block must
    // stay when it is, or may become, the one that readers are sent to.
    private func dropStrays(_ report: TaskReport, of task: TaskID, on executor: Int) {
        for block in report.blocks where !isNeeded(block.id, of: task, on: executor) {
            calls.drop(block.id, on: executor)
        }
    }

    private func isNeeded(_ block: BlockID, of task: TaskID, on executor: Int) -> Bool {
        if case .dataset(let dataset, let partition) = block {
            return datasets.mayHold(dataset, partition: partition, on: executor)
        }
        if let job = jobs[task.job] {
            guard job.stages.indices.contains(task.stage.value) else { return false }
            switch job.stages[task.stage.value] {
            case .waiting, .ready: return false
            case .running(let running):
                switch running.run.tasks[task.partition] {
                case .queued: return false
                case .running(_, let current): return current == executor
                case .complete(let blocks): return blocks.executor == executor
                }
            case .complete:
                return job.tables.tables[task.stage.value]?.partitions[task.partition].executor == executor
            }
        }
        guard let result = results[task.job], result.stage == task.stage else { return false }
        return result.table.partitions[task.partition].executor == executor
    }

    // MARK: - Moves of stages

    // A list of what to look at instead of recursion: a job may be a long chain of stages without tasks.
    private func startStages() {
        while true {
            startable += datasets.woken
            datasets.woken.removeAll(keepingCapacity: true)
            guard let next = startable.popLast() else { return }
            if let job = jobs[next.job], case .running = job.status { start(job, next.stage) }
        }
    }

    private func start(_ job: Job, _ index: Int) {
        guard case .ready(let ready) = job.stages[index] else {
            preconditionFailure("stage \(index) of \(job.id) is started twice")
        }
        let stage = job.graph.stages[index]
        if case .persist(let dataset, _) = stage.output {
            switch datasets.claim(dataset, for: .init(job: job.id, stage: index)) {
            case .granted: break
            case .wait: return
            case .held(let table):
                precondition(
                    table.partitions.count == stage.tasks.count,
                    "\(dataset) has \(table.partitions.count) partitions, \(stage.id) of \(job.id) would make others")
                job.used.insert(dataset)
                job.tables.tables[index] = table
                let consumerCount = job.request.outline.children[index].count
                job.stages[index] = .complete(
                    ready.skipped(consumerCount: consumerCount, at: MonotonicClock.nanoseconds))
                return follow(job, index)
            }
        }
        let run = tasks.start(
            stage, of: job.id, parents: job.tables, datasets: job.datasets, isAnalyzed: job.request.isAnalyzed)
        job.stages[index] = .running(ready.started(run))
        if run.isComplete { complete(job, index) }
    }

    private func complete(_ job: Job, _ index: Int) {
        let consumerCount = job.request.outline.children[index].count
        guard case .running(let running) = job.stages[index],
            let complete = running.completed(consumerCount: consumerCount, at: MonotonicClock.nanoseconds)
        else { preconditionFailure("stage \(index) of \(job.id) is completed before its tasks") }
        let run = running.run
        tasks.finish(run)
        let table = BlockTable(naming: run.naming, partitions: run.completePartitions.map(\.blocks))
        job.tables.tables[index] = table
        job.stages[index] = .complete(complete)
        if case .persist(let dataset, _) = run.stage.output {
            datasets.complete(dataset, table, plannedSize: run.stage.size, by: job.id)
            job.used.insert(dataset)
        }
        follow(job, index)
    }

    // What a complete stage makes possible.
    private func follow(_ job: Job, _ index: Int) {
        let outline = job.request.outline
        for child in outline.children[index] {
            guard case .waiting(let waiting) = job.stages[child] else {
                preconditionFailure("stage \(child) of \(job.id) did not wait for stage \(index)")
            }
            job.stages[child] = waiting.parentCompleted(at: MonotonicClock.nanoseconds)
            if case .ready = job.stages[child] { startable.append(.init(job: job.id, stage: child)) }
        }
        for parent in outline.parents[index] {
            guard case .complete(var complete) = job.stages[parent] else {
                preconditionFailure("stage \(index) of \(job.id) is complete before stage \(parent), which it reads")
            }
            complete.consumerCompleted()
            job.stages[parent] = .complete(complete)
            dropIfUnused(job, parent)
        }
        dropIfUnused(job, index)
        guard case .running(let stagesLeft) = job.status else { preconditionFailure("\(job.id) is ending") }
        job.status = .running(stagesLeft: stagesLeft - 1)
        if stagesLeft == 1 { succeed(job) }
    }

    private func dropIfUnused(_ job: Job, _ index: Int) {
        guard index != job.stages.count - 1, case .complete(let complete) = job.stages[index], complete.isUnused,
            let table = job.tables.tables[index]
        else { return }
        job.tables.tables[index] = nil
        if case .stage = table.naming { calls.drop(table) }
    }

    // MARK: - Ends of jobs

    private func succeed(_ job: Job) {
        let now = MonotonicClock.nanoseconds
        guard let table = job.tables.tables[job.stages.count - 1] else {
            preconditionFailure("\(job.id) ends well without a result")
        }
        var blocks: [LocatedBlock] = []
        for (partition, partitionBlocks) in table.partitions.enumerated() {
            let executor = calls.executors[partitionBlocks.executor].id
            for (bucket, size) in partitionBlocks.sizes.enumerated() {
                blocks.append(
                    LocatedBlock(
                        location: .init(
                            block: table.naming.id(partition: partition, bucket: bucket), executor: executor),
                        rowCount: size.rowCount, byteCount: size.byteCount))
            }
        }
        if !blocks.isEmpty {
            var resultDataset: DatasetID?
            if case .dataset(let dataset) = table.naming {
                resultDataset = dataset
                job.used.remove(dataset)
            }
            results[job.id] = UnreleasedResult(table: table, stage: job.graph.result.id, dataset: resultDataset)
        }
        let reports = job.stageReports()
        let result = JobResult(
            job: job.id, blocks: blocks, metrics: reports.reduce(into: TaskMetrics()) { $0 += $1.metrics },
            stages: reports, durationNanoseconds: now - job.startedAt, mailbox: mailbox)
        close(job, .success(result), at: now)
    }

    private func end(_ job: Job, _ error: StoaError) {
        guard case .running = job.status else { return }
        job.status = .ending(error)
        tasks.withdraw(job.id)
        finishIfQuiet(job, error)
    }

    // The job ends with its error when none of its attempts runs.
    private func finishIfQuiet(_ job: Job, _ error: StoaError) {
        guard tasks.runningCount(of: job.id) == 0 else { return }
        for (index, state) in job.stages.enumerated() {
            switch state {
            case .waiting, .ready: break
            case .running(let running):
                for (partition, blocks) in running.run.completePartitions {
                    calls.drop(blocks, partition: partition, naming: running.run.naming)
                }
                if case .persist(let dataset, _) = running.run.stage.output { datasets.abandon(dataset, by: job.id) }
            case .complete:
                if let table = job.tables.tables[index], case .stage = table.naming { calls.drop(table) }
            }
        }
        close(job, .failure(error), at: MonotonicClock.nanoseconds)
        startStages()
    }

    private func close(_ job: Job, _ result: Result<JobResult, StoaError>, at now: Int) {
        jobs[job.id] = nil
        tasks.close(job.id)
        datasets.forgetWaiting(of: job.id)
        for dataset in job.used { datasets.release(dataset, by: job.id) }
        job.request.feed?.send(job.progress(at: now, isLast: true))
        // Who learns of the job's end finds its blocks gone.
        calls.sendDrops()
        Self.resume(job.request, result)
    }

    /// Answers a request that is not, or no longer, in any table.
    static func resume(_ request: JobRequest, _ result: Result<JobResult, StoaError>) {
        request.feed?.finish()
        request.continuation.resume(returning: result)
        request.isAnswered.set()
    }

    static let cancelled = StoaError(.cancelled, "the job was cancelled")
    static let stopped = StoaError(.cancelled, "the session was closed while the job ran")

    // MARK: - Progress

    /// Tells the listeners of jobs with news; gives the time at which the next is due.
    func reportProgress(interval: Int) -> Int? {
        var next: Int?
        for job in jobs.values where job.hasNews {
            guard let feed = job.request.feed else { continue }
            let now = MonotonicClock.nanoseconds
            if now >= job.progressDueAt {
                feed.send(job.progress(at: now, isLast: false))
                job.hasNews = false
                job.progressDueAt = now + interval
            } else {
                next = min(next ?? job.progressDueAt, job.progressDueAt)
            }
        }
        return next
    }
}
