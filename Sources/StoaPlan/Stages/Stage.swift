import StoaColumns

/// All stages of a job, parents before children.
public struct StageGraph: Hashable, Codable, Sendable {
    /// In topological order; `stages[i].id.value == i`.
    public let stages: [Stage]

    /// A graph whose last stage gives the job's result.
    public init(stages: [Stage]) { self.stages = stages }

    /// The stage whose blocks, in partition order, are the job's result.
    public var result: Stage { stages[stages.count - 1] }
}

/// A run of operators between exchanges: one task a partition. How many partitions there are follows from the data and the
/// plan, never from the number of executors.
public struct Stage: Hashable, Codable, Sendable {
    /// Position in the graph.
    public let id: StageID
    /// What it does, for progress and explain: `scan flights.csv, partial aggregate`.
    public let label: String
    /// What the tasks run; a union has one pipeline an input.
    public let pipelines: [PhysicalPlan]
    /// One task a partition.
    public let tasks: [StageTask]
    /// Where the rows go.
    public let output: StageOutput
    /// Names and types of the output rows.
    public let schema: Schema
    /// Bounds on the output that the plan was made with.
    package var size = SizeEstimate.unknown

    /// A stage.
    public init(
        id: StageID, label: String, pipelines: [PhysicalPlan], tasks: [StageTask], output: StageOutput, schema: Schema
    ) {
        self.id = id
        self.label = label
        self.pipelines = pipelines
        self.tasks = tasks
        self.output = output
        self.schema = schema
    }

    /// The stages that must be complete before this one can start.
    public var parents: Set<StageID> {
        var parents: Set<StageID> = []
        for task in tasks {
            for input in task.inputs {
                switch input {
                case .blocks(let stage, _, _): parents.insert(stage)
                case .materialized(let stage, _, _): parents.insert(stage)
                case .file, .dataset: break
                }
            }
        }
        return parents
    }
}

/// One partition's work: which pipeline over which inputs.
public struct StageTask: Hashable, Codable, Sendable {
    /// Index into the stage's pipelines.
    public let pipeline: Int
    /// What the pipeline's `input(n)` leaves read.
    public let inputs: [StageInput]

    /// One partition's work.
    public init(pipeline: Int = 0, inputs: [StageInput]) {
        self.pipeline = pipeline
        self.inputs = inputs
    }
}

/// Where an input's rows come from.
public enum StageInput: Hashable, Codable, Sendable {
    /// A part of a file.
    case file(FileSlice)
    /// Blocks that tasks of an earlier stage left, in partition order; one bucket of each when the stage exchanges.
    case blocks(StageID, partitions: Range<Int>, bucket: Int?)
    /// A partition of a dataset that executors hold already.
    case dataset(DatasetID, partition: Int)
    /// A partition of a dataset that an earlier stage of this job persists.
    case materialized(StageID, DatasetID, partition: Int)
}

/// Where a stage's rows go.
public enum StageOutput: Hashable, Codable, Sendable {
    /// One block a task, dropped when the job ends.
    case block
    /// An exchange: `count` blocks a task, a row going to the bucket that its keys' hash names; dropped when the job ends.
    case buckets(keys: [BoundExpression], count: Int)
    /// One block a task, kept until the dataset is unpersisted.
    case persist(DatasetID, StorageLevel = .memory)
    /// A file a task, in task order.
    case files([FileSink])
}
