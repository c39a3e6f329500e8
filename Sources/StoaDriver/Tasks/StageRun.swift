import StoaColumns
import StoaPlan
import StoaTasks

/// Where one task of a running stage is.
///
/// ```
///   queued(1) -> running(1) -> complete
///                   |  failed, may be tried again
///   queued(2) <-----+
/// ```
enum TaskState {
    case queued(attempt: Int)
    case running(attempt: Int, executor: Int)
    case complete(PartitionBlocks)
}

/// The tasks of a running stage, with all that is needed to describe them to an executor. Used by the driver's thread alone.
///
/// A class, since it changes with every answer and would else be copied with its stage's state.
final class StageRun {
    let job: JobID
    let stage: Stage
    /// Block tables of the stages it reads, among those of the job.
    private let parents: StageTables
    /// Block tables of the datasets it reads.
    private let datasets: [DatasetID: BlockTable]
    private let executorIDs: [ExecutorID]
    /// What the tasks share, by pipeline; empty when each writes a file of its own.
    private let works: [TaskWork]
    var tasks: [TaskState]
    private(set) var completeCount = 0
    var retryCount = 0
    private(set) var metrics = TaskMetrics()
    private let isAnalyzed: Bool
    /// By pipeline; empty unless the stage is analyzed.
    private(set) var operators: [[OperatorMetrics]] = []

    init(
        job: JobID, stage: Stage, parents: StageTables, datasets: [DatasetID: BlockTable], executorIDs: [ExecutorID],
        isAnalyzed: Bool
    ) {
        self.job = job
        self.stage = stage
        self.parents = parents
        self.datasets = datasets
        self.executorIDs = executorIDs
        self.isAnalyzed = isAnalyzed
        if isAnalyzed {
            operators = stage.pipelines.map { Array(repeating: OperatorMetrics(), count: $0.operators.count) }
        }
        tasks = Array(repeating: .queued(attempt: 1), count: stage.tasks.count)
        let output: TaskOutput? =
            switch stage.output {
            case .block: .block
            case .buckets(let keys, let count): .buckets(keys: keys, count: count)
            case .persist(let dataset, let level): .persist(dataset, level)
            case .files: nil
            }
        works =
            output.map { output in stage.pipelines.map { TaskWork(plan: $0, output: output, isAnalyzed: isAnalyzed) } }
            ?? []
    }

    var isComplete: Bool { completeCount == tasks.count }

    var naming: BlockNaming {
        switch stage.output {
        case .persist(let dataset, _): .dataset(dataset)
        case .buckets: .stage(job, stage.id, isExchange: true)
        case .block, .files: .stage(job, stage.id, isExchange: false)
        }
    }

    /// How many blocks each task leaves.
    var blocksPerTask: Int {
        switch stage.output {
        case .block, .persist: 1
        case .buckets(_, let count): count
        case .files: 0
        }
    }

    func complete(_ partition: Int, _ blocks: PartitionBlocks, _ report: TaskReport) {
        tasks[partition] = .complete(blocks)
        completeCount += 1
        metrics += report.metrics
        if !isAnalyzed { return }
        let pipeline = stage.tasks[partition].pipeline
        for (place, measured) in report.operators.enumerated() where place < operators[pipeline].count {
            operators[pipeline][place] += measured
        }
    }

    /// The blocks of the tasks that are complete, by partition.
    var completePartitions: [(partition: Int, blocks: PartitionBlocks)] {
        tasks.enumerated().compactMap { partition, state in
            if case .complete(let blocks) = state { (partition, blocks) } else { nil }
        }
    }

    /// What to send to an executor for one attempt.
    func description(partition: Int, attempt: Int) -> TaskDescription {
        let task = stage.tasks[partition]
        let work: TaskWork
        if case .files(let sinks) = stage.output {
            work = TaskWork(
                plan: stage.pipelines[task.pipeline], output: .file(sinks[partition]), isAnalyzed: isAnalyzed)
        } else {
            work = works[task.pipeline]
        }
        return TaskDescription(
            id: TaskID(job: job, stage: stage.id, partition: partition, attempt: attempt), work: work,
            inputs: task.inputs.map(locate))
    }

    /// How long a task has taken so far, on average; nil before the first answer.
    var meanNanoseconds: Int? { completeCount > 0 ? metrics.nanoseconds / completeCount : nil }

    private func locate(_ input: StageInput) -> TaskInput {
        if case .file(let slice) = input { return .file(slice) }
        var locations: [BlockLocation] = []
        withBlocks(of: input) { table, partitions, bucket in
            locations.reserveCapacity(partitions.count)
            for partition in partitions {
                locations.append(
                    BlockLocation(
                        block: table.naming.id(partition: partition, bucket: bucket),
                        executor: executorIDs[table.partitions[partition].executor]))
            }
        }
        return .blocks(locations)
    }

    private func withBlocks(of input: StageInput, _ body: (BlockTable, Range<Int>, _ bucket: Int) -> Void) {
        switch input {
        case .file: break
        case .blocks(let parent, let partitions, let bucket): body(table(of: parent), partitions, bucket ?? 0)
        case .materialized(let parent, _, let partition): body(table(of: parent), partition..<(partition + 1), 0)
        case .dataset(let dataset, let partition):
            guard let table = datasets[dataset] else { preconditionFailure("\(stage.id) reads \(dataset) unheld") }
            body(table, partition..<(partition + 1), 0)
        }
    }

    private func table(of parent: StageID) -> BlockTable {
        guard let table = parents.tables[parent.value] else { preconditionFailure("\(stage.id) runs before \(parent)") }
        return table
    }

    /// The executor a task wants to run on: the one that holds most bytes of persisted input, or of any input when none is
    /// persisted. Nil when two hold equally much, or when there are only files to read.
    ///
    /// - Parameter byteCounts: scratch space, one number an executor.
    func preferredExecutor(of partition: Int, byteCounts: inout [Int]) -> Int? {
        let inputs = stage.tasks[partition].inputs
        // One block, the common case, needs no sums.
        if inputs.count == 1 {
            var only: Int?
            withBlocks(of: inputs[0]) { table, partitions, _ in
                if partitions.count == 1 { only = table.partitions[partitions.lowerBound].executor }
            }
            if let only { return only }
        }
        for executor in byteCounts.indices { byteCounts[executor] = 0 }
        let hasPersisted = inputs.contains { $0.isPersisted }
        for input in inputs where input.isPersisted || !hasPersisted {
            withBlocks(of: input) { table, partitions, bucket in
                for partition in partitions {
                    let blocks = table.partitions[partition]
                    byteCounts[blocks.executor] += blocks.sizes[bucket].byteCount
                }
            }
        }
        var best: Int?
        var most = 0
        for (executor, bytes) in byteCounts.enumerated() where bytes > 0 && bytes >= most {
            best = bytes == most ? nil : executor
            most = bytes
        }
        return best
    }
}

extension StageInput {
    fileprivate var isPersisted: Bool {
        switch self {
        case .dataset, .materialized: true
        case .file, .blocks: false
        }
    }
}
