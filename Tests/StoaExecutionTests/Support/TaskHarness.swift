import FoundationEssentials
import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

/// An executor of its own, and tasks for it. Every task is encoded and decoded before it runs, as if it came from another
/// process.
final class TaskHarness: Sendable {
    let executor: TaskExecutor
    let job = JobID(7)

    init(executor: TaskExecutor) { self.executor = executor }

    init() {
        executor = TaskExecutor(id: ExecutorID(0), name: "executor under test") {
            (location) throws(StoaError) -> Block in
            throw StoaError(.blockLost, source: .environment, "no \(location.executor)", isRetryable: true)
        }
    }

    /// Keeps rows as what a task of an earlier stage left.
    func put(_ batches: [Batch], stage: Int, partition: Int = 0, bucket: Int? = nil) -> BlockLocation {
        let id = BlockID.stage(job, StageID(stage), partition: partition, bucket: bucket)
        executor.store.put(Block(rows: batches), as: id)
        return BlockLocation(block: id, executor: executor.id)
    }

    func task(
        _ plan: PhysicalPlan, _ inputs: [TaskInput], output: TaskOutput = .block, stage: Int = 9, partition: Int = 0
    ) throws -> TaskDescription {
        let task = TaskDescription(
            id: TaskID(job: job, stage: StageID(stage), partition: partition, attempt: 1),
            work: TaskWork(plan: plan, output: output), inputs: inputs)
        let decoded = try JSONDecoder().decode(TaskDescription.self, from: JSONEncoder().encode(task))
        #expect(decoded == task)
        return decoded
    }

    /// Runs a task and gives its report.
    func report(
        _ plan: PhysicalPlan, _ inputs: [TaskInput], output: TaskOutput = .block, stage: Int = 9, partition: Int = 0,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws -> TaskReport {
        try executor.run(
            task(plan, inputs, output: output, stage: stage, partition: partition), cancellation: cancellation
        ).mapError(\.error).get()
    }

    /// Runs a task and gives the blocks that it left.
    func blocks(
        _ plan: PhysicalPlan, _ inputs: [TaskInput], output: TaskOutput = .block, stage: Int = 9, partition: Int = 0
    ) throws -> [Block] {
        let report = try report(plan, inputs, output: output, stage: stage, partition: partition)
        return try report.blocks.map { summary in
            let block = try #require(executor.store.get(summary.id))
            #expect(block.rowCount == summary.rowCount && block.byteCount == summary.byteCount)
            return block
        }
    }

    /// Runs a task over rows and gives all rows of its block in one batch.
    func rows(_ batches: [Batch], schema: Schema, _ plan: (PhysicalPlan) -> PhysicalPlan) throws -> Batch {
        let input = TaskInput.blocks([put(batches, stage: 0)])
        let plan = plan(.input(0, schema))
        let block = try #require(try blocks(plan, [input]).first)
        return try Batch.concatenated(block.rows(), schema: plan.schema)
    }
}

extension Block {
    /// All rows in one batch.
    func joined(_ schema: Schema) throws -> Batch { try Batch.concatenated(rows(), schema: schema) }
}

/// Expressions over a schema, written short.
struct Bound {
    let schema: Schema

    func column(_ name: String) -> BoundExpression {
        let index = schema.names.firstIndex(of: name) ?? -1
        return BoundExpression(
            .column(index), type: schema[index].type, isNullable: schema[index].isNullable, text: name)
    }

    /// The column plus a constant, wrapping: the same order of values as the column has, but computed.
    func computed(_ name: String, plus constant: Int64) -> BoundExpression {
        let literal = BoundExpression(
            .literal(.integer(constant)), type: .int64, isNullable: false, text: "\(constant)")
        return BoundExpression(
            .binary(.wrappingAdd, column(name), literal), type: .int64, isNullable: true,
            text: "\(name) &+ \(constant)")
    }

    func isGreater(_ name: String, _ constant: Int64) -> BoundExpression {
        let literal = BoundExpression(
            .literal(.integer(constant)), type: .int64, isNullable: false, text: "\(constant)")
        return BoundExpression(
            .binary(.greater, column(name), literal), type: .bool, isNullable: true, text: "\(name) > \(constant)")
    }
}
