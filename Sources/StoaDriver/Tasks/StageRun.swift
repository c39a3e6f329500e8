import StoaColumns
import StoaPlan
import StoaTasks

/// The tasks of a stage that runs, or of which some partitions run again, with all that is needed to describe them to an
/// executor. Used by the driver's thread alone.
///
/// A class, since it changes with every answer and would else be copied with its stage's state.
final class StageRun {
    let job: JobID
    let stage: Stage
    /// Where the blocks of complete tasks are written down.
    let table: BlockTable
    private let inputs: JobInputs
    private let executors: ExecutorTable
    /// What the tasks share, by pipeline; empty when each writes a file of its own.
    private let works: [TaskWork]
    @exclusivity(unchecked) private(set) var tasks: [TaskState]
    /// Tasks that are wanted and not complete.
    @exclusivity(unchecked) private(set) var openCount: Int
    /// Tasks that were wanted so far.
    private(set) var wantedCount: Int
    /// The highest number that an attempt has.
    @exclusivity(unchecked) private(set) var highestAttempt: Int
    var retryCount = 0
    /// Failures of tasks that count against them, by partition.
    private var failures: [Int: Int] = [:]
    private var misses: [Int: Int] = [:]
    /// Partitions that were complete before: what they cost is counted once.
    @exclusivity(unchecked) private var counted: Set<Int> = []
    @exclusivity(unchecked) private(set) var metrics = TaskMetrics()
    @exclusivity(unchecked) private var measuredCount = 0
    private let isAnalyzed: Bool
    /// By pipeline; empty unless the stage is analyzed.
    private(set) var operators: [[OperatorMetrics]] = []
    /// How long the last complete tasks took; empty without speculation.
    @exclusivity(unchecked) var durations = RecentDurations()

    /// Where a stage's rows go: as its plan says, or for a stage that persists into blocks of the job alone.
    enum Purpose {
        case planned
        case substitute
    }

    /// - Parameter attempts: the highest number of an attempt that any task of the stage has had; nil for a stage that begins,
    ///   all of whose tasks are wanted.
    init(
        job: JobID, stage: Stage, table: BlockTable, inputs: JobInputs, executors: ExecutorTable, purpose: Purpose,
        after attempts: Int?, isAnalyzed: Bool
    ) {
        self.job = job
        self.stage = stage
        self.table = table
        self.inputs = inputs
        self.executors = executors
        self.isAnalyzed = isAnalyzed
        if isAnalyzed {
            operators = stage.pipelines.map { Array(repeating: OperatorMetrics(), count: $0.operators.count) }
        }
        if let attempts {
            highestAttempt = attempts
            openCount = 0
            tasks = table.partitions.map { $0.map { $0.isGone } ?? true ? .absent : .complete }
        } else {
            highestAttempt = 1
            openCount = stage.tasks.count
            tasks = Array(repeating: .queued(attempt: 1), count: stage.tasks.count)
        }
        wantedCount = openCount
        let output: TaskOutput? =
            switch stage.output {
            case .block: .block
            case .buckets(let keys, let count): .buckets(keys: keys, count: count)
            case .persist(let dataset, let level): purpose == .substitute ? .block : .persist(dataset, level)
            case .files: nil
            }
        works =
            output.map { output in stage.pipelines.map { TaskWork(plan: $0, output: output, isAnalyzed: isAnalyzed) } }
            ?? []
    }

    var isComplete: Bool { openCount == 0 }

    /// How many tasks are complete of a stage that runs for the first time.
    var completeCount: Int { tasks.count - openCount }

    /// How the blocks of a stage are called that runs as its plan says.
    static func naming(of stage: Stage, in job: JobID) -> BlockNaming {
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

    // MARK: - Moves of tasks

    func setState(_ state: TaskState, of partition: Int) { tasks[partition] = state }

    /// - Parameter blocks: nil when the table knows them already.
    func complete(_ partition: Int, _ blocks: PartitionBlocks?, _ report: TaskReport) {
        if let blocks { table.put(blocks, at: partition) }
        tasks[partition] = .complete
        openCount -= 1
        if !counted.isEmpty, counted.contains(partition) { return }
        measuredCount += 1
        metrics += report.metrics
        if !isAnalyzed { return }
        let pipeline = stage.tasks[partition].pipeline
        for (place, measured) in report.operators.enumerated() where place < operators[pipeline].count {
            operators[pipeline][place] += measured
        }
    }

    /// Wants the blocks of a task that does not run, and has none: it waits until its inputs have been looked at. Says whether
    /// that is new.
    func want(_ partition: Int) -> Bool {
        switch tasks[partition] {
        case .absent: wantedCount += 1
        case .complete:
            if table[partition] != nil { return false }
            counted.insert(partition)
        case .waiting, .queued, .running, .racing: return false
        }
        openCount += 1
        tasks[partition] = .waiting(attempt: nextAttempt())
        return true
    }

    /// The blocks of a complete task are gone, and nobody has said yet that they are wanted again.
    func forget(_ partition: Int) {
        if case .complete = tasks[partition] { tasks[partition] = .absent }
    }

    /// A number that no attempt of the stage has.
    func nextAttempt() -> Int32 {
        highestAttempt += 1
        return Int32(highestAttempt)
    }

    /// The number of an attempt after one that has ended.
    func attempt(after number: Int32) -> Int32 {
        highestAttempt = max(highestAttempt, Int(number) + 1)
        return number + 1
    }

    /// A failure that counts against the task; gives how many there are.
    func noteFailure(of partition: Int) -> Int {
        failures[partition, default: 0] += 1
        return failures[partition] ?? 0
    }

    /// An input that was not where the task was told, though it is there; gives how many such answers there are.
    func noteMiss(of partition: Int) -> Int {
        misses[partition, default: 0] += 1
        return misses[partition] ?? 0
    }

    /// How long a task has taken so far, on average; nil before the first answer.
    var meanNanoseconds: Int? { measuredCount > 0 ? metrics.nanoseconds / measuredCount : nil }

    // MARK: - Inputs

    /// What to send to an executor for one attempt; nil when one of its inputs is gone.
    func description(partition: Int, attempt: Int) -> TaskDescription? {
        let task = stage.tasks[partition]
        var isMissing = false
        let inputs = task.inputs.map { locate($0, &isMissing) }
        if isMissing { return nil }
        let work: TaskWork
        if case .files(let sinks) = stage.output {
            work = TaskWork(
                plan: stage.pipelines[task.pipeline], output: .file(sinks[partition]), isAnalyzed: isAnalyzed)
        } else {
            work = works[task.pipeline]
        }
        return TaskDescription(
            id: TaskID(job: job, stage: stage.id, partition: partition, attempt: attempt), work: work, inputs: inputs)
    }

    private func locate(_ input: StageInput, _ isMissing: inout Bool) -> TaskInput {
        var locations: [BlockLocation] = []
        switch input {
        case .file(let slice): return .file(slice)
        case .blocks(_, let partitions, _): locations.reserveCapacity(partitions.count)
        case .materialized: break
        case .dataset(let dataset, let partition):
            // Usual for small tasks, and there are many of them.
            if let blocks = inputs.table(of: dataset)?[partition] {
                return .blocks([
                    BlockLocation(
                        block: .dataset(dataset, partition: partition), executor: executors.ids[blocks.executor])
                ])
            }
        }
        inputs.forEach(of: input) { naming, partition, bucket, blocks in
            locations.append(
                BlockLocation(
                    block: naming.id(partition: partition, bucket: bucket), executor: executors.ids[blocks.executor]))
        } missing: { _ in
            isMissing = true
        }
        return .blocks(locations)
    }

    /// The inputs of a task that are not there.
    func missingInputs(of partition: Int) -> [Need] {
        var missing: [Need] = []
        for input in stage.tasks[partition].inputs {
            inputs.forEach(of: input) { _, _, _, _ in
            } missing: {
                missing.append($0)
            }
        }
        return missing
    }

    /// The executor a task wants to run on: the one that holds most bytes of persisted input, or of any input when none is
    /// persisted. Nil when two hold equally much, when there are only files to read, or when that executor takes no tasks.
    func preferredExecutor(of partition: Int, scratch: inout ByteCounts) -> Int? {
        let taskInputs = stage.tasks[partition].inputs
        scratch.clear()
        let hasPersisted = taskInputs.count > 1 && taskInputs.contains { $0.isPersisted }
        for input in taskInputs where input.isPersisted || !hasPersisted {
            inputs.forEach(of: input) { _, _, bucket, blocks in
                scratch.add(blocks.sizes[bucket].byteCount, to: blocks.executor)
            } missing: { _ in
            }
        }
        guard let best = scratch.largest, executors.isActive[best] else { return nil }
        return best
    }
}

/// Bytes by executor, of the few that hold any: clearing them costs nothing for the many that do not.
struct ByteCounts {
    private var counts: [Int] = []
    private var touched: [Int] = []

    mutating func clear() {
        for executor in touched { counts[executor] = -1 }
        touched.removeAll(keepingCapacity: true)
    }

    mutating func add(_ bytes: Int, to executor: Int) {
        while counts.count <= executor { counts.append(-1) }
        if counts[executor] < 0 {
            counts[executor] = 0
            touched.append(executor)
        }
        counts[executor] += bytes
    }

    /// The executor with most bytes; nil when two have as many, but a single one may have none.
    var largest: Int? {
        if touched.count == 1 { return touched[0] }
        var best: Int?
        var most = 0
        for executor in touched where counts[executor] > 0 && counts[executor] >= most {
            best = counts[executor] == most ? nil : executor
            most = counts[executor]
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
