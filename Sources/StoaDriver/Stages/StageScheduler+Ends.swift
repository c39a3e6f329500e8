import StoaColumns
import StoaPlan
import StoaTasks

/// How jobs end.
extension StageScheduler {
    /// Ends a job all of whose stages are complete, with all of its result in place.
    func succeedIfComplete(_ job: Job) {
        guard case .running(stagesLeft: 0) = job.status, case .complete = job.stages[job.result],
            let table = job.inputs.tables[job.result]
        else { return }
        if table.goneCount > 0 {
            let gone = table.partitions.indices.filter { table.partitions[$0]?.isGone ?? false }
            return rebuild(job, gone.map { .stage(job.result, partition: $0) })
        }
        tasks.abandonAll(of: job.id)
        job.status = .settling
        endings[job.id] = clock.turn + options.stopPatienceNanoseconds
        succeedIfSettled(job)
    }

    /// Ends a job that waits for nothing but attempts that do not count.
    func endIfSettled(_ job: Job) {
        switch job.status {
        case .running: break
        case .settling: succeedIfSettled(job)
        case .ending: finishIfQuiet(job)
        }
    }

    /// Ends a complete job, unless cancelled attempts of it may still write files beside those of the result.
    private func succeedIfSettled(_ job: Job) {
        if mustWaitForFiles(job) { return }
        guard let table = job.inputs.tables[job.result] else {
            preconditionFailure("\(job.id) ends well without a result")
        }
        let now = clock.now
        var blocks: [LocatedBlock] = []
        blocks.reserveCapacity(table.partitions.count)
        for partition in table.partitions.indices {
            guard let partitionBlocks = table[partition] else { preconditionFailure("\(job.id) has lost its result") }
            let executor = executors.ids[partitionBlocks.executor]
            for (bucket, size) in partitionBlocks.sizes.enumerated() {
                blocks.append(
                    LocatedBlock(
                        location: .init(
                            block: table.naming.id(partition: partition, bucket: bucket), executor: executor),
                        rowCount: size.rowCount, byteCount: size.byteCount))
            }
        }
        let additions = additions(of: job)
        if !blocks.isEmpty {
            var resultDataset: DatasetID?
            if case .dataset(let dataset) = table.naming {
                resultDataset = dataset
                job.used.remove(dataset)
            }
            results[job.id] = UnreleasedResult(table: table, stage: job.graph.result.id, dataset: resultDataset)
        }
        // Usually all other blocks have gone with their last reader.
        if job.hasRebuilt {
            job.inputs.forEachOwnTable { if $0 !== table { calls.drop($0) } }
        }
        let reports = job.stageReports()
        let result = JobResult(
            job: job.id, blocks: blocks, metrics: reports.reduce(into: TaskMetrics()) { $0 += $1.metrics },
            stages: reports, accumulators: additions, durationNanoseconds: now - job.startedAt,
            mailbox: mailbox)
        close(job, .success(result), at: now)
        startStages()
    }

    /// Ends a job with an error, as soon as its attempts have answered.
    func end(_ job: Job, _ error: StoaError) {
        switch job.status {
        case .running, .settling: break
        case .ending: return
        }
        job.status = .ending(error)
        endings[job.id] = clock.turn + options.stopPatienceNanoseconds
        tasks.withdraw(job.id)
        finishIfQuiet(job)
    }

    // The job ends with its error when none of its attempts runs.
    func finishIfQuiet(_ job: Job) {
        guard case .ending(let error) = job.status, tasks.runningCount(of: job.id) == 0 else { return }
        if mustWaitForFiles(job) { return }
        job.inputs.forEachOwnTable { calls.drop($0) }
        for state in job.stages {
            guard case .running(let running) = state, case .persist(let dataset, _) = running.run.stage.output else {
                continue
            }
            calls.drop(running.run.table)
            datasets.abandon(dataset, by: job.id)
        }
        close(job, .failure(error), at: clock.now)
        startStages()
    }

    // Attempts that do not count may still write files beside those of the result.
    private func mustWaitForFiles(_ job: Job) -> Bool {
        guard case .files = job.graph.result.output, endings[job.id] != nil else { return false }
        return tasks.hasAbandoned(of: job.id)
    }

    /// Ends jobs without the attempts that were asked to stop and have not in time; gives when the next one is to end.
    func endOverdue() -> Int? {
        if endings.isEmpty { return nil }
        for (id, due) in endings.sorted(by: { $0.key < $1.key }) where due <= clock.turn {
            endings[id] = nil
            guard let job = jobs[id] else { preconditionFailure("\(id) is ending and not there") }
            if case .ending(let error) = job.status {
                job.status = .ending(unstopped(tasks.forsake(id), error))
            }
            endIfSettled(job)
        }
        return endings.values.min()
    }

    // What the job ends with, and what goes on.
    private func unstopped(_ attempts: [(task: TaskID, executor: Int)], _ error: StoaError) -> StoaError {
        guard let first = attempts.first else { return error }
        var error = error
        error.message +=
            "; tasks that did not stop within \(options.stopPatienceNanoseconds / 1_000_000) ms go on: \(attempts.count), "
            + "the first is \(first.task) on \(executors.name(of: first.executor))"
        return error
    }

    private func close(_ job: Job, _ result: Result<JobResult, StoaError>, at now: Int) {
        remove(job)
        tasks.close(job.id)
        datasets.forgetWaiting(of: job.id)
        for dataset in job.used { datasets.release(dataset, by: job.id) }
        if bus.isListening {
            if case .failure(let error) = result {
                bus.send(.jobEnded(job.id, error))
            } else {
                bus.send(.jobEnded(job.id, nil))
            }
        }
        // Who learns of the job's end finds its blocks gone.
        calls.sendDrops()
        job.request.answer(result)
    }

    static let cancelled = StoaError(.cancelled, "the job was cancelled")
    static let stopped = StoaError(.cancelled, "the session was closed while the job ran")
}
