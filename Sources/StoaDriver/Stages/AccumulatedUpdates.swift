import StoaPlan
import StoaTasks

/// What the tasks of a job added to accumulators: once for each partition of a stage, whatever was computed again. Used by the
/// driver's thread alone.
///
/// It counts when the job ends well. A class, since datasets refer to it that the job has persisted: what went into them
/// counts with the first job that reads them and ends well, also when their own job does not.
final class AccumulatedUpdates {
    private var updates: [StageID: [Int: [AccumulatorUpdate]]] = [:]
    /// Stages whose partitions have counted, here or with another job: what is computed of them again does not.
    private var counted: Set<StageID> = []

    /// The dataset of a stage was computed by another job.
    func leaveOut(_ stage: StageID) { counted.insert(stage) }

    /// Notes what an attempt added, if it is the first of its partition that is known.
    func note(_ report: TaskReport, of task: TaskID) {
        if report.accumulators.isEmpty || counted.contains(task.stage) { return }
        if updates[task.stage]?[task.partition] != nil { return }
        updates[task.stage, default: [:]][task.partition] = report.accumulators
    }

    /// Whether something of a stage has not counted yet.
    func holds(_ stage: StageID) -> Bool { updates[stage] != nil }

    /// What was added in a stage, in the order of its partitions; nothing from then on.
    func take(_ stage: StageID) -> [AccumulatorUpdate] {
        counted.insert(stage)
        guard let partitions = updates.removeValue(forKey: stage) else { return [] }
        return partitions.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// What was added in all stages that have not counted, in their order.
    func takeAll() -> [AccumulatorUpdate] { updates.keys.sorted().flatMap { take($0) } }
}

/// What was added in a stage on the way to a dataset.
struct UncountedStage {
    let updates: AccumulatedUpdates
    let stage: StageID
    /// Whether the stage left the dataset itself, and not what that was made from.
    let isLast: Bool
}

extension StageScheduler {
    /// What was added on the way to the dataset that a stage of a job persists, and may not have counted when others read it.
    func uncounted(of job: Job, _ index: Int) -> [UncountedStage] {
        var uncounted: [UncountedStage] = []
        func inherit(_ dataset: DatasetID, isWhole: Bool) {
            for part in datasets.held(dataset)?.uncounted ?? [] where isWhole || part.isLast {
                uncounted.append(UncountedStage(updates: part.updates, stage: part.stage, isLast: false))
            }
        }
        let outline = job.request.outline
        for stage in outline.ancestors(of: index) {
            for dataset in outline.stageDatasets[stage] { inherit(dataset, isWhole: true) }
            let id = outline.graph.stages[stage].id
            // What came before a dataset that was found persisted, this job has computed itself.
            if stage != index, case .persist(let dataset, _) = outline.graph.stages[stage].output {
                inherit(dataset, isWhole: false)
            }
            if job.accumulated.holds(id) {
                uncounted.append(UncountedStage(updates: job.accumulated, stage: id, isLast: stage == index))
            }
        }
        return uncounted
    }

    /// What counts now that a job ends well: what went into the datasets that it has read and has not counted, then its own.
    func additions(of job: Job) -> [AccumulatorUpdate] {
        var additions: [AccumulatorUpdate] = []
        for dataset in job.used.sorted() {
            let isFound = job.foundPersisted.contains(dataset)
            for part in datasets.takeUncounted(dataset) where part.updates !== job.accumulated {
                if !isFound || part.isLast { additions += part.updates.take(part.stage) }
            }
        }
        return additions + job.accumulated.takeAll()
    }
}
