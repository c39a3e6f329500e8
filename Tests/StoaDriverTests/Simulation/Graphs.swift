import StoaColumns
import StoaPlan
import StoaTasks

/// Stage graphs whose tasks compute nothing: only their inputs and outputs count.
enum Graphs {
    static let plan = PhysicalPlan.input(0, Schema())

    static let file = StageInput.file(
        FileSlice(
            path: "/data", format: .json, fileSchema: Schema(), projection: [], part: .rowGroups([0]),
            identity: FileIdentity(size: 1, modified: 0, number: 0), rowCount: nil))

    static func stage(_ id: Int, _ tasks: [[StageInput]], output: StageOutput = .block) -> Stage {
        Stage(
            id: StageID(id), label: "stage number \(id)", pipelines: [plan], tasks: tasks.map { StageTask(inputs: $0) },
            output: output, schema: Schema())
    }

    /// One stage of tasks that read files.
    static func scan(_ count: Int, output: StageOutput = .block) -> StageGraph {
        StageGraph(stages: [stage(0, Array(repeating: [file], count: count), output: output)])
    }

    /// Tasks that each read a partition of a held dataset.
    static func reading(_ dataset: DatasetID, partitions: Int) -> StageGraph {
        StageGraph(stages: [stage(0, (0..<partitions).map { [.dataset(dataset, partition: $0)] })])
    }

    /// A chain of stages, each task reading the block of the task before it.
    static func chain(stages: Int, tasks: Int) -> StageGraph {
        StageGraph(
            stages: (0..<stages).map { index in
                stage(
                    index,
                    (0..<tasks).map { task in
                        index == 0
                            ? [file] : [.blocks(StageID(index - 1), partitions: task..<(task + 1), bucket: nil)]
                    })
            })
    }

    /// An exchange: `maps` tasks leave `buckets` blocks each, one task a bucket reads its block of all of them.
    static func exchange(maps: Int, buckets: Int) -> StageGraph {
        StageGraph(stages: [
            stage(0, Array(repeating: [file], count: maps), output: .buckets(keys: [], count: buckets)),
            stage(1, (0..<buckets).map { [.blocks(StageID(0), partitions: 0..<maps, bucket: $0)] }),
        ])
    }

    /// Stages in random number, each reading random earlier ones; some persist the given datasets, some have no tasks.
    static func random(using random: inout SplitMix64, persisting datasets: [DatasetID]) -> StageGraph {
        var stages: [Stage] = []
        var datasets = datasets.shuffled(using: &random)
        let count = Int.random(in: 1...6, using: &random)
        for id in 0..<count {
            let inputs = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in input(from: stages, using: &random) }
            }
            var output = StageOutput.block
            if id < count - 1 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: output = .buckets(keys: [], count: Int.random(in: 1...4, using: &random))
                // A dataset has the same partitions in every job that persists it.
                case 1:
                    if let dataset = datasets.popLast() {
                        let task = [input(from: stages, using: &random)]
                        stages.append(
                            stage(id, Array(repeating: task, count: dataset.value + 1), output: .persist(dataset)))
                        continue
                    }
                default: break
                }
            }
            stages.append(stage(id, inputs, output: output))
        }
        return StageGraph(stages: stages)
    }

    private static func input(from stages: [Stage], using random: inout SplitMix64) -> StageInput {
        guard let parent = stages.randomElement(using: &random), !parent.tasks.isEmpty, random.chance(80) else {
            return file
        }
        let last = parent.tasks.count
        let first = Int.random(in: 0..<last, using: &random)
        switch parent.output {
        case .block:
            return .blocks(parent.id, partitions: first..<Int.random(in: first...last, using: &random), bucket: nil)
        case .buckets(_, let count):
            return .blocks(parent.id, partitions: first..<last, bucket: Int.random(in: 0..<count, using: &random))
        case .persist(let dataset, _): return .materialized(parent.id, dataset, partition: first)
        case .files: return file
        }
    }
}
