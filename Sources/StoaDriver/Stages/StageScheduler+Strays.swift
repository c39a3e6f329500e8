import StoaPlan
import StoaTasks

/// A copy of a block that was kept only because an attempt that may leave the same one runs on its executor.
struct SurplusBlock: Hashable {
    let block: BlockID
    /// Position of the executor.
    let executor: Int
}

/// Blocks of answers that nobody waited for. Every attempt leaves the same bytes under the same names, so a block must stay
/// when it is, or may become, the one that readers are sent to.
extension StageScheduler {
    func dropStrays(_ report: TaskReport, on executor: Int) {
        for block in report.blocks { dropUnlessNeeded(block.id, on: executor) }
    }

    func dropUnlessNeeded(_ block: BlockID, on executor: Int) {
        if isHeld(block, on: executor) { return }
        if isComputed(block, on: executor) {
            surplus.insert(SurplusBlock(block: block, executor: executor))
        } else {
            calls.drop(block, on: executor)
        }
    }

    /// Drops copies that were kept for attempts that have ended otherwise since.
    func dropSurplus() {
        if surplus.isEmpty { return }
        let kept = surplus
        surplus = []
        for copy in kept where executors.isAlive(copy.executor) { dropUnlessNeeded(copy.block, on: copy.executor) }
    }

    /// Whether an executor's copy of a block is the one that readers are sent to, or may become it.
    func isNeeded(_ block: BlockID, on executor: Int) -> Bool {
        isHeld(block, on: executor) || isComputed(block, on: executor)
    }

    private func isHeld(_ block: BlockID, on executor: Int) -> Bool {
        switch block {
        case .dataset(let dataset, let partition):
            return datasets.holds(dataset, partition: partition, on: executor)
        case .stage(let id, let stage, let partition, _):
            guard let job = jobs[id] else {
                guard let result = results[id], result.stage == stage else { return false }
                return result.table[partition]?.executor == executor
            }
            guard job.stages.indices.contains(stage.value) else { return false }
            return [job.inputs.tables[stage.value], job.inputs.substitutes[stage.value]].contains {
                guard let table = $0, case .stage = table.naming else { return false }
                return table[partition]?.executor == executor
            }
        }
    }

    private func isComputed(_ block: BlockID, on executor: Int) -> Bool {
        switch block {
        case .dataset(let dataset, let partition):
            return jobs.values.contains { $0.computes(dataset, partition: partition, on: executor) }
        case .stage(let id, let stage, let partition, _):
            guard let job = jobs[id], job.stages.indices.contains(stage.value), let run = job.stages[stage.value].run,
                run.tasks.indices.contains(partition)
            else { return false }
            return run.tasks[partition].runs(on: executor)
        }
    }
}
