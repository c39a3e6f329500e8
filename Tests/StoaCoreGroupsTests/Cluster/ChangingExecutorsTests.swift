import StoaColumns
import StoaCoreGroups
import StoaPlan
import StoaTasks
import Testing

/// Executors of this process that come and go.
@Suite(.serialized) struct ChangingExecutorsTests {
    private let schema = Schema([Field("x", .int64, isNullable: false)])

    private func cluster(executors: Int) throws -> CoreGroupCluster {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = 2
        return try CoreGroupCluster(topology: Topology.machine(), options: options)
    }

    private func batch(_ values: Range<Int>) -> Batch {
        Batch(unchecked: schema, columns: [Column(values.map(Int64.init))], rowCount: values.count)
    }

    private func task(_ partition: Int, reading inputs: [BlockLocation]) -> TaskDescription {
        TaskDescription(
            id: TaskID(job: JobID(1), stage: StageID(0), partition: partition, attempt: 1),
            work: TaskWork(plan: .input(0, schema), output: .block), inputs: [.blocks(inputs)])
    }

    @Test func anAddedExecutorRunsTasksAndLeaves() throws {
        let cluster = try cluster(executors: 1)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        cluster.addExecutor()
        guard case .executorJoined(let added) = try #require(answers.first(1).last) else {
            Issue.record("\(answers.all)")
            return
        }
        #expect(added.id == ExecutorID(1) && added.slots == 2)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        _ = cluster.put([batch(0..<5)], id: block, on: added.id)
        let location = BlockLocation(block: block, executor: added.id)
        for partition in 0..<8 {
            cluster.submit([task(partition, reading: [location])], to: ExecutorID(partition % 2))
        }
        #expect(Set(answers.first(9).compactMap(\.finishedTask?.partition)) == Set(0..<8))
        cluster.removeExecutor(added.id)
        guard case .executorLeft(added.id) = try #require(answers.first(10).last) else {
            Issue.record("\(answers.all)")
            return
        }
        #expect(throws: StoaError.self) { _ = try cluster.read(location) }
        // What it held is missed by readers, and dropping it is no mistake.
        cluster.submit([task(20, reading: [location])], to: ExecutorID(0))
        guard case .taskFailed(_, _, let failure) = try #require(answers.first(11).last) else {
            Issue.record("\(answers.all)")
            return
        }
        #expect(failure.missingBlocks == [location] && failure.error.code == .blockLost)
        cluster.drop([block], on: added.id)
        // Its number is not used again.
        cluster.addExecutor()
        #expect(answers.first(12).last?.executor == ExecutorID(2))
        cluster.stop()
        cluster.addExecutor()
        #expect(answers.all.count == 12)
    }

    @Test func blocksAreCopiedByReference() throws {
        let cluster = try cluster(executors: 2)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let blocks = (0..<2).map { BlockID.dataset(DatasetID(1), partition: $0) }
        _ = cluster.put([batch(0..<5)], id: blocks[0], on: ExecutorID(0))
        cluster.copy(blocks.map { BlockLocation(block: $0, executor: ExecutorID(0)) }, to: ExecutorID(1))
        guard case .blocksCopied(let copied, ExecutorID(1)) = try #require(answers.first(1).last) else {
            Issue.record("\(answers.all)")
            return
        }
        #expect(copied == [BlockSummary(id: blocks[0], rowCount: 5, byteCount: 40)])
        cluster.removeExecutor(ExecutorID(0))
        let rows = try cluster.rows(at: BlockLocation(block: blocks[0], executor: ExecutorID(1)))
        #expect(rows.reduce(0) { $0 + $1.rowCount } == 5)
        // Who is not there holds nothing and takes nothing.
        cluster.copy([BlockLocation(block: blocks[0], executor: ExecutorID(0))], to: ExecutorID(1))
        cluster.copy([BlockLocation(block: blocks[0], executor: ExecutorID(1))], to: ExecutorID(7))
        for event in answers.first(4).suffix(2) {
            guard case .blocksCopied([], _) = event else {
                Issue.record("\(event)")
                continue
            }
        }
        cluster.stop()
    }
}
