import StoaColumns
import StoaFiles
import StoaPlan
import StoaTasks

/// Runs tasks on the calling thread: builds the operators of the plan, pulls morsels through them, stores what comes out.
struct TaskRunner {
    let store: BlockStore
    let sharedTables: SharedBuildTables
    let dictionaries: DatasetDictionaries
    let readBlock: (BlockLocation) throws(StoaError) -> Block

    /// Runs one attempt to its end. Blocks are stored together at the very end, so that a failed or cancelled attempt has
    /// stored none. Errors name stage and partition.
    func run(_ task: TaskDescription, cancellation: CancellationFlag) throws(StoaError) -> TaskReport {
        let start = MonotonicClock.nanoseconds
        let context = TaskContext(
            task: task, cancellation: cancellation, sharedTables: sharedTables, readBlock: readBlock)
        do throws(StoaError) {
            try cancellation.check()
            let blocks = try output(of: context)
            // A file that is complete cannot be taken back; blocks can still be left away.
            if !blocks.isEmpty { try cancellation.check() }
            store.put(blocks)
            for (_, block) in blocks {
                context.metrics.rowsWritten += block.rowCount
                context.metrics.bytesWritten += block.byteCount
            }
            context.metrics.nanoseconds = MonotonicClock.nanoseconds - start
            return TaskReport(
                blocks: blocks.map {
                    BlockSummary(id: $0.id, rowCount: $0.block.rowCount, byteCount: $0.block.byteCount)
                },
                metrics: context.metrics)
        } catch {
            throw error.located(.init(stage: task.id.stage.value, partition: task.id.partition))
        }
    }

    /// The blocks that the task leaves, in bucket order; none when it writes a file.
    private func output(of context: TaskContext) throws(StoaError) -> [(id: BlockID, block: Block)] {
        let task = context.task
        switch task.output {
        case .block:
            return [
                (.stage(task.id.job, task.id.stage, partition: task.id.partition, bucket: nil), try block(of: context))
            ]
        case .persist(let dataset):
            return [(.dataset(dataset, partition: task.id.partition), try persistedBlock(of: context, dataset))]
        case .buckets(let keys, let count):
            return try buckets(of: context, keys: keys, count: count).enumerated().map { bucket, block in
                (.stage(task.id.job, task.id.stage, partition: task.id.partition, bucket: bucket), block)
            }
        case .file(let sink):
            try write(to: sink, context)
            return []
        }
    }

    /// All that the plan gives, as one block.
    private func block(of context: TaskContext) throws(StoaError) -> Block {
        if case .userAggregate(let function, let phase, let input) = context.task.plan {
            return Block(state: try context.state(of: function, phase, over: input))
        }
        let source = try context.source(of: context.task.plan)
        var collector = BatchCollector(schema: source.schema, cancellation: context.cancellation)
        while let batch = try source.next() { try collector.append(batch) }
        return try collector.finish()
    }

    /// All that the plan gives, in the form in which a dataset is kept.
    private func persistedBlock(of context: TaskContext, _ dataset: DatasetID) throws(StoaError) -> Block {
        let source = try context.source(of: context.task.plan)
        var rows = PersistedRows(
            schema: source.schema, dictionaries: dictionaries.columns(of: dataset, schema: source.schema),
            cancellation: context.cancellation)
        while let batch = try source.next() { try rows.append(batch) }
        return try rows.finish()
    }

    /// All that the plan gives, by bucket.
    private func buckets(
        of context: TaskContext, keys: [BoundExpression], count: Int
    ) throws(StoaError) -> [Block] {
        let source = try context.source(of: context.task.plan)
        var sink = try BucketSink(
            keys: keys, bucketCount: count, schema: source.schema, cancellation: context.cancellation)
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
