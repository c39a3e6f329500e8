import StoaColumns
import StoaPlan
import StoaTasks

/// Blocks that are gone while somebody needs them.
///
/// Only what is needed is computed again: a complete stage goes back to running with the tasks whose blocks are wanted; what
/// those read, and has been dropped since, comes before them. A task whose inputs are not there waits. Lost partitions of
/// datasets that another job has computed are computed by its stages, which are grafted onto the job that reads them.
extension StageScheduler {
    // MARK: - What tells that blocks are gone

    /// An executor is gone, and its blocks with it. Its attempts have been taken back.
    func loseBlocks(on executor: Int) {
        let copies = executors.copiesOfLeaving
        for (id, table, isGiven) in datasets.all {
            let lost = lose(table, on: executor, copies)
            tell(lost, of: table, on: executor)
            if isGiven { restore(lost, of: id, table, from: executor) }
        }
        for result in results.values where result.dataset == nil { _ = result.table.loseAll(on: executor) }
        for job in jobs.values.sorted(by: { $0.id < $1.id }) {
            job.inputs.forEachOwnTable { tell(lose($0, on: executor, copies), of: $0, on: executor) }
            if job.isRunning { lookAgain(at: job) }
        }
        dropSurplus()
        startStages()
    }

    /// Gives the partitions that are gone. Those of which an executor that is to leave has kept its copy are there again.
    private func lose(_ table: BlockTable, on executor: Int, _ copies: [BlockID: Int]) -> [Int] {
        let lost = table.loseAll(on: executor)
        if copies.isEmpty { return lost }
        return lost.filter { partition in
            let ids = table.ids(of: partition)
            guard let blocks = table.partitions[partition], let keeper = ids.first.flatMap({ copies[$0] }),
                ids.allSatisfy({ copies[$0] == keeper })
            else { return true }
            table.put(PartitionBlocks(executor: keeper, sizes: blocks.sizes), at: partition)
            if bus.isListening {
                let summaries = zip(ids, blocks.sizes).map {
                    BlockSummary(id: $0, rowCount: $1.rowCount, byteCount: $1.byteCount)
                }
                bus.send(.blocksStored(summaries, executors.ids[keeper]))
            }
            return false
        }
    }

    private func tell(_ lost: [Int], of table: BlockTable, on executor: Int) {
        if lost.isEmpty || !bus.isListening { return }
        bus.send(.blocksLost(lost.flatMap { table.ids(of: $0) }, executors.ids[executor]))
    }

    /// An executor has given up persisted partitions for room. Readers learn of it when they are handed out.
    func evict(_ blocks: [BlockID], on executor: Int) {
        for case .dataset(let dataset, let partition) in blocks {
            guard let table = datasets.table(of: dataset), table.partitions.indices.contains(partition) else {
                continue
            }
            table.lose(partition, on: executor, isEvicted: true)
        }
    }

    /// A task has not found inputs. It waits, unless another attempt at it still runs.
    func miss(_ blocks: [BlockLocation], _ job: Job, _ run: StageRun, _ partition: Int) {
        var isNews = false
        for location in blocks {
            guard let holder = executors.position(of: location.executor),
                let (table, partition) = table(of: location.block, for: job),
                table.partitions.indices.contains(partition), table.lose(partition, on: holder)
            else { continue }
            isNews = true
            tell([partition], of: table, on: holder)
            // The other buckets are computed again with the one that was missed.
            for block in table.ids(of: partition) { calls.drop(block, on: holder) }
        }
        guard case .waiting = run.tasks[partition], job.isRunning else { return }
        // Where the blocks are now may have been decided after the task was handed out, but not again and again.
        if !isNews, run.noteMiss(of: partition) > Self.maximumMisses {
            let error = StoaError(
                .blockLost, source: .environment,
                "\(run.stage.label): its inputs were not where they should be \(Self.maximumMisses) times",
                at: run.location(of: partition), isRetryable: true)
            return end(job, error)
        }
        settleWaiting(job, [run.stage.id.value])
    }

    private static let maximumMisses = 100

    private func table(of block: BlockID, for job: Job) -> (BlockTable, Int)? {
        switch block {
        case .dataset(let dataset, let partition): return datasets.table(of: dataset).map { ($0, partition) }
        case .stage(job.id, let stage, let partition, _):
            guard job.inputs.tables.indices.contains(stage.value) else { return nil }
            if let table = job.inputs.tables[stage.value], case .stage = table.naming { return (table, partition) }
            return job.inputs.substitutes[stage.value].map { ($0, partition) }
        case .stage: return nil
        }
    }

    // MARK: - What is to be done about it

    /// Finds what a running job still needs and has lost: tasks wait, and their inputs are computed again.
    ///
    /// Costs time in proportion to the tasks of its running stages that wait for an executor.
    func lookAgain(at job: Job) {
        var needs: [Need] = []
        for index in job.stages.indices {
            switch job.stages[index] {
            case .waiting, .ready:
                for parent in job.parents[index] { needs += goneBlocks(of: parent, job) }
            case .running(let running):
                wantLost(of: running.run)
                park(running.run, &needs)
            case .rebuilding(let rebuilding): park(rebuilding.run, &needs)
            case .complete: break
            }
        }
        rebuild(job, needs)
        succeedIfComplete(job)
    }

    // What complete stages have lost before those that read it have begun.
    private func goneBlocks(of index: Int, _ job: Job) -> [Need] {
        guard job.stages[index].wasComplete, let table = job.inputs.tables[index], table.goneCount > 0 else {
            return []
        }
        let substitute = job.inputs.substitutes[index]
        return table.partitions.indices.filter { table[$0] == nil && substitute?[$0] == nil }
            .map { .stage(index, partition: $0) }
    }

    // A stage that is not complete needs all of its blocks; a dataset does without those that were given up for room.
    private func wantLost(of run: StageRun) {
        guard run.table.goneCount > 0 else { return }
        for partition in run.tasks.indices {
            guard case .complete = run.tasks[partition], let blocks = run.table.partitions[partition], blocks.isGone,
                !run.table.evicted.contains(partition)
            else { continue }
            _ = run.want(partition)
        }
    }

    // Tasks whose inputs are gone leave their queue; those that wait are looked at.
    private func park(_ run: StageRun, _ needs: inout [Need]) {
        for (partition, state) in run.tasks.enumerated() {
            switch state {
            case .queued(let attempt):
                let missing = run.missingInputs(of: partition)
                if missing.isEmpty { continue }
                run.setState(.waiting(attempt: run.attempt(after: attempt)), of: partition)
                needs += missing
            case .waiting: settle(run, partition, &needs)
            case .absent, .running, .racing, .complete: break
            }
        }
    }

    /// Queues the waiting tasks of these stages whose inputs are there, and has computed what the others need.
    func settleWaiting(_ job: Job, _ stages: [Int]) {
        var needs: [Need] = []
        for index in stages {
            guard let run = job.stages[index].run else { continue }
            for (partition, state) in run.tasks.enumerated() {
                if case .waiting = state { settle(run, partition, &needs) }
            }
        }
        rebuild(job, needs)
    }

    /// Looks after tasks that could not be handed out; says whether there were any.
    func settleStranded() -> Bool {
        if tasks.stranded.isEmpty { return false }
        let stranded = tasks.stranded
        tasks.stranded = []
        var needs: [JobID: [Need]] = [:]
        for task in stranded {
            guard let job = jobs[task.job], job.isRunning, let run = job.stages[task.stage].run else { continue }
            settle(run, task.partition, &needs[task.job, default: []])
        }
        for (id, needs) in needs.sorted(by: { $0.key < $1.key }) {
            if let job = jobs[id] { rebuild(job, needs) }
        }
        return true
    }

    private func settle(_ run: StageRun, _ partition: Int, _ needs: inout [Need]) {
        guard case .waiting = run.tasks[partition] else { return }
        let missing = run.missingInputs(of: partition)
        if missing.isEmpty { tasks.queue(partition, of: run) } else { needs += missing }
    }

    /// Has blocks computed that are gone or were dropped, and before them whatever their tasks read.
    func rebuild(_ job: Job, _ needs: [Need]) {
        var needs = needs
        while let need = needs.popLast() {
            guard job.isRunning else { return }
            guard let (index, partition) = producer(of: need, for: job) else { continue }
            let run: StageRun
            switch job.stages[index] {
            case .waiting, .ready: continue
            case .running(let running): run = running.run
            case .rebuilding(let rebuilding): run = rebuilding.run
            case .complete(let complete): run = beginRebuilding(job, index, complete, partition)
            }
            guard run.want(partition) else { continue }
            let key = Need.stage(index, partition: partition)
            job.rebuilds[key, default: 0] += 1
            let limit = options.maximumRebuilds + executors.lossCount - job.earlierLosses
            if let count = job.rebuilds[key], count > limit {
                return end(job, vanishing(run, partition, count))
            }
            settle(run, partition, &needs)
        }
    }

    private func vanishing(_ run: StageRun, _ partition: Int, _ count: Int) -> StoaError {
        StoaError(
            .blockLost, source: .environment,
            "\(run.stage.label): its blocks vanished \(count) times, and were computed again each time but the last",
            advice: "give the executors more memory, or look at why they lose blocks", at: run.location(of: partition),
            isRetryable: true)
    }

    private func beginRebuilding(_ job: Job, _ index: Int, _ complete: CompleteStage, _ partition: Int) -> StageRun {
        let stage = job.plan[index]
        let count = stage.tasks.count
        var purpose = StageRun.Purpose.planned
        let table: BlockTable
        if case .persist = stage.output, job.isBetterSubstituted(index, partition) {
            purpose = .substitute
            table =
                job.inputs.substitutes[index]
                ?? BlockTable(naming: .stage(job.id, stage.id, isExchange: false), partitionCount: count)
            job.inputs.substitutes[index] = table
        } else {
            table =
                job.inputs.tables[index]
                ?? BlockTable(naming: StageRun.naming(of: stage, in: job.id), partitionCount: count)
            job.inputs.tables[index] = table
        }
        let run = StageRun(
            job: job.id, stage: stage, table: table, inputs: job.inputs, executors: executors, purpose: purpose,
            after: complete.attempts, isAnalyzed: false)
        job.stages[index] = .rebuilding(complete.rebuilding(run))
        tasks.startWaiting(run)
        for parent in job.parents[index] { job.stages[parent].changeConsumers(by: 1) }
        if bus.isListening { bus.send(.stageRebuilding(job.id, .init(stage))) }
        return run
    }

    /// The blocks of a stage that was complete are there again.
    func rebuilt(_ job: Job, _ index: Int) {
        guard case .rebuilding(let rebuilding) = job.stages[index], let complete = rebuilding.completed() else {
            preconditionFailure("stage \(index) of \(job.id) is rebuilt before its tasks")
        }
        tasks.finish(rebuilding.run)
        job.stages[index] = .complete(complete)
        if bus.isListening { bus.send(.stageCompleted(job.id, rebuilding.run.stage.id, rebuilding.run.metrics)) }
        settleWaiting(job, job.children[index])
        guard job.isRunning else { return }
        letGoOfParents(job, index)
        dropIfUnused(job, index)
        succeedIfComplete(job)
    }
}

extension Job {
    /// Whether a partition of a dataset is rather computed for this job alone than persisted again.
    fileprivate func isBetterSubstituted(_ index: Int, _ partition: Int) -> Bool {
        guard let table = inputs.tables[index] else { return true }
        return index != result && table.evicted.contains(partition)
    }
}
