import StoaPlan

/// A stage graph and what the driver needs to know of its shape, found once, on the caller's thread.
final class JobOutline: Sendable {
    let graph: StageGraph
    /// The stages that each stage waits for.
    let parents: [[Int]]
    /// The stages that each stage's blocks are read by, ascending.
    let children: [[Int]]
    /// The held datasets that tasks read, each with the highest partition.
    let datasets: [DatasetID: Int]
    /// The held datasets that the tasks of each stage read.
    let stageDatasets: [[DatasetID]]

    /// Tasks of the stages that wait for no other.
    var firstTaskCount: Int {
        zip(graph.stages, parents).reduce(0) { $0 + ($1.1.isEmpty ? $1.0.tasks.count : 0) }
    }

    /// Costs time in proportion to the tasks' inputs. A graph that refers to what it does not have is the planner's mistake.
    init(_ graph: StageGraph) {
        precondition(!graph.stages.isEmpty, "a job has at least one stage")
        var allParents: [[Int]] = []
        var children: [[Int]] = Array(repeating: [], count: graph.stages.count)
        var datasets: [DatasetID: Int] = [:]
        var stageDatasets: [[DatasetID]] = []
        stageDatasets.reserveCapacity(graph.stages.count)
        allParents.reserveCapacity(graph.stages.count)
        for (index, stage) in graph.stages.enumerated() {
            precondition(stage.id.value == index, "\(stage.id) stands at position \(index) of its graph")
            if case .files(let sinks) = stage.output {
                precondition(sinks.count == stage.tasks.count, "\(stage.id) has one file a task")
            }
            var parents: Set<Int> = []
            // Neighbouring tasks read the same stages and datasets: tables are asked only when that changes.
            var lastParent: Int?
            var lastDataset: (id: DatasetID, highest: Int)?
            var read: Set<DatasetID> = []
            defer { if let lastDataset { datasets.raise(lastDataset.id, to: lastDataset.highest) } }
            for task in stage.tasks {
                precondition(stage.pipelines.indices.contains(task.pipeline), "\(stage.id) has the task's pipeline")
                for input in task.inputs {
                    switch input {
                    case .file: break
                    case .blocks(let parent, let partitions, let bucket):
                        Self.check(parent, partitions, bucket, in: graph, before: index)
                        if parent.value != lastParent { parents.insert(parent.value) }
                        lastParent = parent.value
                    case .materialized(let parent, let dataset, let partition):
                        Self.check(parent, partition..<(partition + 1), nil, in: graph, before: index)
                        guard case .persist(dataset, _) = graph.stages[parent.value].output else {
                            preconditionFailure("\(parent) does not persist \(dataset)")
                        }
                        parents.insert(parent.value)
                    case .dataset(let dataset, let partition):
                        if let last = lastDataset, last.id == dataset {
                            lastDataset = (dataset, max(last.highest, partition))
                        } else {
                            if let last = lastDataset { datasets.raise(last.id, to: last.highest) }
                            read.insert(dataset)
                            lastDataset = (dataset, partition)
                        }
                    }
                }
            }
            allParents.append(parents.sorted())
            stageDatasets.append(read.isEmpty ? [] : read.sorted())
            for parent in parents { children[parent].append(index) }
        }
        self.graph = graph
        self.parents = allParents
        self.children = children
        self.datasets = datasets
        self.stageDatasets = stageDatasets
    }

    /// A stage and all those that it waits for, near and far, ascending.
    func ancestors(of stage: Int) -> [Int] {
        // Parents come before children, so that one pass back finds all.
        var isNeeded = Array(repeating: false, count: stage + 1)
        isNeeded[stage] = true
        for stage in isNeeded.indices.reversed() where isNeeded[stage] {
            for parent in parents[stage] { isNeeded[parent] = true }
        }
        return isNeeded.indices.filter { isNeeded[$0] }
    }

    private static func check(
        _ parent: StageID, _ partitions: Range<Int>, _ bucket: Int?, in graph: StageGraph, before index: Int
    ) {
        precondition(
            (0..<index).contains(parent.value), "stage \(index) reads \(parent), which does not come before it")
        let stage = graph.stages[parent.value]
        precondition(
            partitions.lowerBound >= 0 && partitions.upperBound <= stage.tasks.count,
            "stage \(index) reads partitions \(partitions) of \(parent), which has \(stage.tasks.count)")
        switch stage.output {
        case .block, .persist: precondition(bucket == nil, "\(parent) has no buckets, stage \(index) reads one")
        case .buckets(_, let count):
            precondition(bucket.map { (0..<count).contains($0) } ?? false, "stage \(index) reads a bucket of \(parent)")
        case .files: preconditionFailure("stage \(index) reads \(parent), which leaves no blocks")
        }
    }
}

extension [DatasetID: Int] {
    fileprivate mutating func raise(_ dataset: DatasetID, to partition: Int) {
        self[dataset] = Swift.max(self[dataset] ?? 0, partition)
    }
}
