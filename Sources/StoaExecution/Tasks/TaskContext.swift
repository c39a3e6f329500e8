import StoaColumns
import StoaPlan
import StoaTasks

/// What the operators of one running task share. Guard: used by the task's thread alone.
final class TaskContext {
    let task: TaskDescription
    let cancellation: CancellationFlag
    /// The one that runs the task.
    let executor: TaskExecutor
    /// What operators ask before they hold more.
    var memory: TaskMemory { executor.taskMemory }
    /// Nil unless the task is to be analyzed.
    let analysis: TaskAnalysis?
    /// What has been read so far, and in the end all that the task cost.
    var metrics = TaskMetrics()
    /// Inputs that were not where the task was told.
    private(set) var missingBlocks: [BlockLocation] = []

    init(
        task: TaskDescription, cancellation: CancellationFlag, executor: TaskExecutor
    ) {
        self.task = task
        self.cancellation = cancellation
        self.executor = executor
        analysis = task.work.isAnalyzed ? TaskAnalysis(task.plan) : nil
    }

    /// The task's input of that number. Throws `engineFailed` when the plan names one that the task has not.
    func input(_ number: Int) throws(StoaError) -> TaskInput {
        guard task.inputs.indices.contains(number) else {
            throw StoaError(
                .engineFailed, source: .engine,
                "the plan reads input \(number) of a task that has \(task.inputs.count)")
        }
        return task.inputs[number]
    }

    /// The blocks of an input, in order, counted as read. Throws `engineFailed` when the input is a file.
    func blocks(ofInput number: Int) throws(StoaError) -> [Block] {
        guard case .blocks(let locations) = try input(number) else {
            throw StoaError(
                .engineFailed, source: .engine, "the plan reads input \(number) as blocks, but it is a file")
        }
        var blocks: [Block] = []
        blocks.reserveCapacity(locations.count)
        for location in locations {
            try cancellation.check()
            let block = try block(at: location)
            analysis?.count(block, ofInput: number)
            blocks.append(block)
        }
        return blocks
    }

    /// A block of an input, moved to this executor's file if its store holds it as what a stage left.
    func inFile(_ block: Block, ofInput number: Int, at place: Int) throws(StoaError) -> Block {
        guard case .blocks(let locations) = try input(number), locations[place].executor == executor.id,
            case .stage = locations[place].block
        else { return block }
        return try executor.store.move(block, of: locations[place].block, to: executor.spillFile)
    }

    /// One block, counted as read. One that is gone (`blockLost`) is noted in `missingBlocks`.
    func block(at location: BlockLocation) throws(StoaError) -> Block {
        let block: Block
        do throws(StoaError) {
            block = try executor.block(at: location)
        } catch {
            if error.code == .blockLost { missingBlocks.append(location) }
            throw error
        }
        countRead(rows: block.rowCount, bytes: block.byteCount)
        return block
    }

    /// Notes what has been read, for the report and for who asks meanwhile.
    func countRead(rows: Int, bytes: Int) {
        metrics.rowsRead += rows
        metrics.bytesRead += bytes
        cancellation.countRead(rows: rows, bytes: bytes)
    }
}
