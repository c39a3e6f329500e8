import StoaColumns
import StoaFiles
import StoaPlan
import StoaTasks

/// Runs tasks on the calling thread: builds the operators of the plan, pulls morsels through them, stores what comes out.
struct TaskRunner {
    let executor: TaskExecutor

    /// Runs one attempt to its end. Blocks are stored together at the very end, so that a failed or cancelled attempt has
    /// stored none. Errors name stage and partition, and the inputs that were missing.
    func run(_ task: TaskDescription, cancellation: CancellationFlag) throws(TaskFailure) -> TaskReport {
        let start = MonotonicClock.nanoseconds
        let context = TaskContext(task: task, cancellation: cancellation, executor: executor)
        do throws(StoaError) {
            try cancellation.check()
            let (blocks, accumulators) = try TaskScope.collecting { () throws(StoaError) in
                try output(of: context)
            }
            for block in blocks {
                context.metrics.rowsWritten += block.rowCount
                context.metrics.bytesWritten += block.byteCount
            }
            context.metrics.nanoseconds = MonotonicClock.nanoseconds - start
            var report = TaskReport(
                blocks: blocks, metrics: context.metrics, operators: context.analysis?.finish() ?? [])
            report.timing.startedAt = start
            report.accumulators = accumulators
            return report
        } catch {
            throw TaskFailure(
                error.located(.init(stage: task.id.stage.value, partition: task.id.partition)),
                missingBlocks: context.missingBlocks)
        }
    }

    /// Stores the blocks that the task leaves, and gives them in bucket order; none when it writes a file.
    private func output(of context: TaskContext) throws(StoaError) -> [BlockSummary] {
        let task = context.task.id
        switch context.task.output {
        case .block:
            return [
                try store(
                    block(of: context), as: .stage(task.job, task.stage, partition: task.partition, bucket: nil),
                    context)
            ]
        case .persist(let dataset, let level):
            return [try persist(context, dataset, level)]
        case .buckets(let keys, let count):
            let blocks = try buckets(of: context, keys: keys, count: count).enumerated().map { bucket, block in
                (id: BlockID.stage(task.job, task.stage, partition: task.partition, bucket: bucket), block: block)
            }
            try context.cancellation.check()
            executor.store.put(blocks)
            return blocks.map { BlockSummary($0.block, as: $0.id) }
        case .file(let sink):
            // A file that is complete cannot be taken back, so this is not followed by a look at the cancellation.
            try write(to: sink, context)
            return []
        }
    }

    private func store(_ block: Block, as id: BlockID, _ context: TaskContext) throws(StoaError) -> BlockSummary {
        try context.cancellation.check()
        executor.store.put(block, as: id)
        return BlockSummary(block, as: id)
    }

    /// All that the plan gives, as one block.
    private func block(of context: TaskContext) throws(StoaError) -> Block {
        if case .userAggregate(let function, let phase, let input) = context.task.plan {
            guard let analysis = context.analysis else {
                return Block(state: try context.state(of: function, phase, over: input))
            }
            return try analysis.time(at: 0) { () throws(StoaError) in
                Block(state: try context.state(of: function, phase, over: input))
            }
        }
        let source = try context.source(of: context.task.plan)
        var collector = BatchCollector(
            schema: source.schema, cancellation: context.cancellation, memory: context.memory)
        while let batch = try source.next() { try collector.append(batch) }
        return try collector.finish()
    }

    /// Stores all that the plan gives, in the form in which a dataset is kept.
    private func persist(
        _ context: TaskContext, _ dataset: DatasetID, _ level: StorageLevel
    ) throws(StoaError) -> BlockSummary {
        let source = try context.keptSource(of: context.task.plan)
        let use = executor.dictionaries.begin(dataset, schema: source.schema)
        var isKept = false
        defer { executor.dictionaries.end(use, isKept: isKept, in: executor.store) }
        var rows = PersistedRows(
            schema: source.schema, dictionaries: use.columns, cancellation: context.cancellation,
            memory: level == .memory ? nil : context.memory)
        var byteCount = 0
        while let batch = try source.next() {
            byteCount += batch.bytesOfRows
            try rows.append(batch)
            if level == .memory {
                try context.memory.check("persisting a partition of \(dataset) in memory", held: byteCount)
            }
        }
        var block = try rows.finish()
        if level == .disk { block = try block.inFile(context.memory.file, mustGo: true) ?? block }
        let id = BlockID.dataset(dataset, partition: context.task.id.partition)
        try context.cancellation.check()
        executor.store.put(block, as: id, level: level)
        isKept = true
        return BlockSummary(block, as: id)
    }

    /// All that the plan gives, by bucket.
    private func buckets(
        of context: TaskContext, keys: [BoundExpression], count: Int
    ) throws(StoaError) -> [Block] {
        let source = try context.source(of: context.task.plan)
        var sink = try BucketSink(
            keys: keys, bucketCount: count, schema: source.schema, rowSchema: context.task.plan.passedRowSchema,
            cancellation: context.cancellation, memory: context.memory)
        while let batch = try source.next() { try sink.append(batch) }
        return try sink.finish()
    }

    /// All that the plan gives, into a file; a failure or cancellation leaves none.
    private func write(to sink: FileSink, _ context: TaskContext) throws(StoaError) {
        let source = try context.source(of: context.task.plan)
        let writer = try FileWriter(sink, schema: source.schema)
        // Does nothing once the file is complete.
        defer { writer.abort() }
        while let batch = try source.next() {
            if batch.rowCount == 0 { continue }
            try writer.write(batch)
            context.metrics.rowsWritten += batch.rowCount
            context.metrics.bytesWritten += batch.byteCount
        }
        try context.cancellation.check()
        try writer.close()
    }
}

extension BlockSummary {
    fileprivate init(_ block: Block, as id: BlockID) {
        self.init(id: id, rowCount: block.rowCount, byteCount: block.byteCount)
    }
}
