import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks

/// Random jobs over datasets that are defined once, planned as the planner does: what executors hold is read there, what they
/// do not hold is persisted by the job. Knows what every block has to hold.
struct SimulatedJobs {
    /// How many datasets there are: each is made from the one before it, the first from files.
    let datasetCount: Int

    static func partitionCount(of dataset: Int) -> Int { 3 + dataset % 4 }

    private static let mapCount = 4

    /// What tells stages apart that compute different things, wherever they stand.
    private static func plan(_ code: Int) -> PhysicalPlan { .input(code, Schema()) }

    private static func stage(_ id: Int, code: Int, _ tasks: [[StageInput]], _ output: StageOutput) -> Stage {
        Stage(
            id: StageID(id), label: "computation \(code)", pipelines: [plan(code)],
            tasks: tasks.map { StageTask(inputs: $0) }, output: output, schema: Schema())
    }

    /// The inputs that read a dataset, one for each partition; adds the stages that persist it when executors do not hold it.
    private func read(_ dataset: Int, _ stages: inout [Stage], _ persisted: inout [Int: StageID], held: HeldDatasets)
        -> [StageInput]
    {
        let id = DatasetID(dataset)
        let count = Self.partitionCount(of: dataset)
        if let stage = persisted[dataset] { return (0..<count).map { .materialized(stage, id, partition: $0) } }
        if held.heldDataset(id) != nil { return (0..<count).map { .dataset(id, partition: $0) } }
        let inputs: [[StageInput]]
        if dataset == 0 {
            inputs = Array(repeating: [Graphs.file], count: Self.mapCount)
        } else {
            inputs = read(dataset - 1, &stages, &persisted, held: held).map { [$0] }
        }
        let maps = StageID(stages.count)
        stages.append(
            Self.stage(maps.value, code: 1000 + dataset, inputs, .buckets(keys: [], count: count)))
        let persisting = StageID(stages.count)
        stages.append(
            Self.stage(
                persisting.value, code: 2000 + dataset,
                (0..<count).map { [.blocks(maps, partitions: 0..<inputs.count, bucket: $0)] }, .persist(id)))
        persisted[dataset] = persisting
        return (0..<count).map { .materialized(persisting, id, partition: $0) }
    }

    /// A job over some datasets and files, with exchanges, trees and stages that are read twice.
    func graph(using random: inout SplitMix64, held: HeldDatasets, tasks: ClosedRange<Int> = 1...8) -> StageGraph {
        var stages: [Stage] = []
        var persisted: [Int: StageID] = [:]
        // What can be read, by the number of partitions.
        var sources: [[StageInput]] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            if datasetCount > 0, random.chance(60) {
                let dataset = Int.random(in: 0..<datasetCount, using: &random)
                sources.append(read(dataset, &stages, &persisted, held: held))
            } else {
                sources.append(Array(repeating: Graphs.file, count: Int.random(in: tasks, using: &random)))
            }
        }
        for step in 0..<Int.random(in: 1...5, using: &random) {
            let source = sources[Int.random(in: 0..<sources.count, using: &random)]
            let id = StageID(stages.count)
            var inputs = source.map { [$0] }
            if random.chance(30), let other = sources.randomElement(using: &random) {
                for index in inputs.indices { inputs[index].append(other[index % other.count]) }
            }
            if random.chance(50) {
                let buckets = Int.random(in: 1...5, using: &random)
                stages.append(Self.stage(id.value, code: step, inputs, .buckets(keys: [], count: buckets)))
                sources.append(
                    (0..<buckets).map { .blocks(id, partitions: 0..<inputs.count, bucket: $0) })
            } else {
                stages.append(Self.stage(id.value, code: step, inputs, .block))
                sources.append((0..<inputs.count).map { .blocks(id, partitions: $0..<($0 + 1), bucket: nil) })
            }
        }
        let last = sources[sources.count - 1]
        stages.append(
            Self.stage(stages.count, code: 99, random.chance(50) ? [last] : last.map { [$0] }, .block))
        return StageGraph(stages: stages)
    }

    // MARK: - What blocks have to hold

    /// What each task of each stage has to leave.
    static func contents(of graph: StageGraph) -> [[SimulatedExecutors.Content]] {
        var contents: [[SimulatedExecutors.Content]] = []
        for stage in graph.stages {
            contents.append(
                stage.tasks.enumerated().map { partition, task in
                    content(of: task, partition, stage.pipelines[0]) { stage, partition, bucket in
                        contents[stage][partition].value(bucket: bucket)
                    }
                })
        }
        return contents
    }

    private static func content(
        of task: StageTask, _ partition: Int, _ plan: PhysicalPlan, _ read: (Int, Int, Int) -> UInt64
    ) -> SimulatedExecutors.Content {
        var content = SimulatedExecutors.Content(plan, partition)
        for input in task.inputs {
            switch input {
            case .file: content.combine(1)
            case .blocks(let stage, let partitions, let bucket):
                for partition in partitions { content.combine(read(stage.value, partition, bucket ?? 0)) }
            case .materialized(let stage, _, let partition): content.combine(read(stage.value, partition, 0))
            case .dataset(let dataset, let partition):
                content.combine(Self.content(of: dataset.value, partition).value(bucket: 0))
            }
        }
        return content
    }

    /// What a partition of a dataset has to hold, whoever computes it.
    static func content(of dataset: Int, _ partition: Int) -> SimulatedExecutors.Content {
        var content = SimulatedExecutors.Content(plan(2000 + dataset), partition)
        let count = dataset == 0 ? mapCount : partitionCount(of: dataset - 1)
        for map in 0..<count {
            var mapped = SimulatedExecutors.Content(plan(1000 + dataset), map)
            mapped.combine(dataset == 0 ? 1 : Self.content(of: dataset - 1, map).value(bucket: 0))
            content.combine(mapped.value(bucket: partition))
        }
        return content
    }
}
