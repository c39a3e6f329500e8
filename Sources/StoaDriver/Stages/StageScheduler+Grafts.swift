import StoaColumns
import StoaPlan
import StoaTasks

/// Lost partitions of datasets, and the stages that compute them again.
extension StageScheduler {
    /// How the dataset that a stage of a job persists can be computed again when the job is over.
    func lineage(of job: Job, _ index: Int) -> Lineage {
        var origins: [DatasetID: DatasetOrigin] = [:]
        for dataset in job.request.outline.datasets.keys {
            origins[dataset] = datasets.held(dataset)?.origin ?? job.origins[dataset]
        }
        return Lineage(outline: job.request.outline, stage: index, datasets: origins)
    }

    /// The stage and partition that compute what is needed. Nil when it comes otherwise, or cannot be had: the job ends then.
    func producer(of need: Need, for job: Job) -> (stage: Int, partition: Int)? {
        guard case .dataset(let dataset, let partition) = need else {
            guard case .stage(let index, let partition) = need else { return nil }
            return (index, partition)
        }
        if let graft = job.inputs.grafts[dataset] { return (graft, partition) }
        if case .computed(let lineage) = job.origins[dataset] ?? datasets.held(dataset)?.origin {
            return (graft(dataset, lineage, onto: job), partition)
        }
        if !restoring.contains(need), !mover.isBringing(dataset, partition: partition) {
            end(job, unrecoverable(dataset, partition))
        }
        return nil
    }

    private func unrecoverable(_ dataset: DatasetID, _ partition: Int) -> StoaError {
        StoaError(
            .blockLost, source: .environment,
            "partition \(partition) of \(dataset), which was given in memory, was lost with its executor",
            advice: "make the data frame again from its arrays or batches, or keep such data in a file")
    }

    /// Adds the stages to a job that compute a dataset, and lets those that read it wait for them.
    private func graft(_ dataset: DatasetID, _ lineage: Lineage, onto job: Job) -> Int {
        let index = graftStages(of: lineage, onto: job)
        job.inputs.grafts[dataset] = index
        if job.inputs.datasets[dataset] == nil { use(dataset, by: job) }
        job.inputs.tables[index] = job.inputs.datasets[dataset]
        job.attach(job.plan.indices.filter { job.reads[$0].contains(dataset) }, to: index)
        return index
    }

    private func use(_ dataset: DatasetID, by job: Job) {
        guard let held = datasets.use(dataset, by: job.id) else { return }
        job.used.insert(dataset)
        job.inputs.datasets[dataset] = held.table
    }

    /// Gives the position of the lineage's stage.
    private func graftStages(of lineage: Lineage, onto job: Job) -> Int {
        let outline = lineage.outline
        var places = Array(repeating: 0, count: lineage.stage + 1)
        for stage in outline.ancestors(of: lineage.stage) {
            let key = Job.GraftKey(graph: ObjectIdentifier(outline), stage: stage)
            if let known = job.grafts[key] {
                places[stage] = known
                continue
            }
            let index = job.graft(
                outline.graph.stages[stage].moved(to: job.plan.count, places),
                parents: outline.parents[stage].map { places[$0] }, reads: outline.stageDatasets[stage], at: clock.now)
            places[stage] = index
            job.grafts[key] = index
            if case .persist(let dataset, _) = outline.graph.stages[stage].output {
                if job.inputs.datasets[dataset] == nil { use(dataset, by: job) }
                job.inputs.tables[index] = job.inputs.datasets[dataset]
            }
            for dataset in outline.stageDatasets[stage] {
                job.origins[dataset] = job.origins[dataset] ?? lineage.datasets[dataset]
                if job.inputs.datasets[dataset] == nil { use(dataset, by: job) }
                if let graft = job.inputs.grafts[dataset] { job.attach([index], to: graft) }
            }
        }
        job.lineages.append(lineage)
        tasks.extend(job.id, stageCount: job.plan.count)
        return places[lineage.stage]
    }
}

extension Stage {
    /// The same stage at a position of another job, reading the stages at these places instead.
    fileprivate func moved(to index: Int, _ places: [Int]) -> Stage {
        let tasks = tasks.map { task in
            StageTask(
                pipeline: task.pipeline,
                inputs: task.inputs.map { input in
                    switch input {
                    case .file, .dataset: input
                    case .blocks(let parent, let partitions, let bucket):
                        .blocks(StageID(places[parent.value]), partitions: partitions, bucket: bucket)
                    case .materialized(let parent, let dataset, let partition):
                        .materialized(StageID(places[parent.value]), dataset, partition: partition)
                    }
                })
        }
        var stage = Stage(
            id: StageID(index), label: label, pipelines: pipelines, tasks: tasks, output: output, schema: schema)
        stage.size = size
        return stage
    }
}
