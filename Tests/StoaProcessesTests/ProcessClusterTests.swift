import Foundation
import StoaColumns
import StoaExecution
import StoaPlan
import StoaProcesses
import StoaTasks
import StoaTestSupport
import Testing

/// Executors that are processes: how they start, work for each other, and end.
@Suite(.serialized) struct ProcessClusterTests {
    @Test func startAndStopLeaveNothing() throws {
        let harness = try Harness(executors: 3, threads: 2)
        try harness.start()
        let processes = harness.cluster.processes
        #expect(processes.count == 3 && Set(processes.values).count == 3)
        #expect(processes.values.allSatisfy { isAlive(pid_t($0)) && $0 != Int(getpid()) })
        harness.cluster.stop()
        for process in processes.values { #expect(kill(pid_t(process), 0) == -1 && errno == ESRCH) }
    }

    @Test func rowsComeBackAsTheyWere() throws {
        let harness = try Harness(executors: 2)
        try harness.start()
        defer { harness.cluster.stop() }
        let batch = try Harness.rows(10_000, seed: 1)
        let location = try harness.put(batch, partition: 0, on: 0)
        let task = try harness.copy([location], on: 0)
        let report = try harness.report(of: task)
        #expect(report.blocks[0].rowCount == 10_000)
        let block = try harness.cluster.read(BlockLocation(block: report.blocks[0].id, executor: ExecutorID(0)))
        let rows = try block.rows()
        #expect(try Harness.values(of: rows) == Harness.values(of: [batch]))
    }

    /// All rows through an exchange between executors, and back in one piece.
    @Test func exchangedRowsAreReadWhereTheyWereWritten() throws {
        let harness = try Harness(executors: 3)
        try harness.start()
        defer { harness.cluster.stop() }
        let keys = [BoundExpression(.column(0), type: .int64, isNullable: false, text: "key")]
        var sources: [TaskID] = []
        var expected: [Int64] = []
        for partition in 0..<3 {
            let batch = try Harness.rows(5000, seed: UInt64(partition))
            expected += try batch.columns[0].array(of: Int64.self)
            let location = try harness.put(batch, partition: partition, on: partition)
            sources.append(
                try harness.copy(
                    [location], output: .buckets(keys: keys, count: 4), partition: partition, on: partition))
        }
        for source in sources { _ = try harness.report(of: source) }
        var found: [Int64] = []
        for bucket in 0..<4 {
            let inputs = (0..<3).map {
                BlockLocation(
                    block: .stage(JobID(1), StageID(0), partition: $0, bucket: bucket), executor: ExecutorID($0))
            }
            let task = try harness.copy(inputs, stage: 1, partition: bucket, on: bucket % 3)
            let report = try harness.report(of: task)
            let location = BlockLocation(block: report.blocks[0].id, executor: ExecutorID(bucket % 3))
            for batch in try harness.cluster.read(location).rows() {
                found += try batch.columns[0].array(of: Int64.self)
            }
        }
        #expect(found.sorted() == expected.sorted())
        // Everything is dropped: nothing stays known, leased or in use.
        for partition in 0..<3 {
            let buckets = (0..<4).map { BlockID.stage(JobID(1), StageID(0), partition: partition, bucket: $0) }
            harness.cluster.drop(
                buckets + [.dataset(DatasetID(1), partition: partition)], on: ExecutorID(partition))
        }
        for bucket in 0..<4 {
            harness.cluster.drop(
                [.stage(JobID(1), StageID(1), partition: bucket, bucket: nil)], on: ExecutorID(bucket % 3))
        }
        let end = Date().addingTimeInterval(10)
        while harness.cluster.sharedCounts != (0, 0, 0), Date() < end { usleep(10_000) }
        #expect(harness.cluster.sharedCounts == (0, 0, 0))
    }

    /// What a reader holds is not written over, however often its owner goes on.
    @Test func aResultOutlivesItsExecutor() throws {
        let harness = try Harness(executors: 1)
        try harness.start()
        let batch = try Harness.rows(50_000, seed: 7)
        let other = try Harness.rows(50_000, seed: 8)
        let location = try harness.put(batch, partition: 0, on: 0)
        let second = try harness.put(other, partition: 1, on: 0)
        let report = try harness.report(of: try harness.copy([location], on: 0))
        let result = try harness.cluster.read(BlockLocation(block: report.blocks[0].id, executor: ExecutorID(0))).rows()
        harness.cluster.drop([report.blocks[0].id], on: ExecutorID(0))
        for partition in 1..<20 {
            let task = try harness.copy([second], partition: partition, on: 0)
            harness.cluster.drop([try harness.report(of: task).blocks[0].id], on: ExecutorID(0))
        }
        #expect(try Harness.values(of: result) == Harness.values(of: [batch]))
        harness.cluster.stop()
        #expect(try Harness.values(of: result) == Harness.values(of: [batch]))
    }

    @Test func aBlockThatIsNowhereIsMissing() throws {
        let harness = try Harness(executors: 2)
        try harness.start()
        defer { harness.cluster.stop() }
        let nowhere = BlockLocation(
            block: .stage(JobID(1), StageID(0), partition: 9, bucket: nil), executor: ExecutorID(1))
        let task = try harness.copy([nowhere], on: 0)
        let failure = try harness.wait { event in
            if case .taskFailed(task, _, let failure) = event { failure } else { nil }
        }
        #expect(failure.error.code == .blockLost && failure.missingBlocks == [nowhere])
        #expect(throws: StoaError.self) { try harness.cluster.read(nowhere) }
    }

    /// Partitions of datasets are published when somebody asks.
    @Test func persistedPartitionsAreReadAndCopied() throws {
        let harness = try Harness(executors: 2)
        try harness.start()
        defer { harness.cluster.stop() }
        let batch = try Harness.rows(3000, seed: 3)
        let location = try harness.put(batch, partition: 0, on: 0)
        let task = try harness.copy([location], output: .persist(DatasetID(5)), on: 0)
        let kept = try harness.report(of: task).blocks[0]
        let there = BlockLocation(block: kept.id, executor: ExecutorID(0))
        let read = try harness.report(of: try harness.copy([there], stage: 1, on: 1))
        #expect(read.blocks[0].rowCount == 3000)

        harness.cluster.copy([there, nowhere(2)], to: ExecutorID(1))
        let copied = try harness.wait { event in
            if case .blocksCopied(let blocks, ExecutorID(1)) = event { blocks } else { nil }
        }
        #expect(copied.map(\.id) == [kept.id] && copied[0].rowCount == 3000)
        harness.cluster.removeExecutor(ExecutorID(0))
        _ = try harness.wait { event in if case .executorLeft(ExecutorID(0)) = event { true } else { nil } }
        let elsewhere = BlockLocation(block: kept.id, executor: ExecutorID(1))
        let rows = try harness.cluster.read(elsewhere).rows()
        #expect(try Harness.values(of: rows) == Harness.values(of: [batch]))
        // What was given in memory outlives the executor that had it.
        let given = try harness.cluster.read(location).rows()
        #expect(try Harness.values(of: given) == Harness.values(of: [batch]))
    }

    /// What was given in memory outlives also those that took it over, and goes when it is dropped.
    @Test func givenBlocksOutliveEveryExecutor() throws {
        let harness = try Harness(executors: 3)
        try harness.start()
        defer { harness.cluster.stop() }
        let batch = try Harness.rows(3000, seed: 4)
        var location = try harness.put(batch, partition: 0, on: 0)
        for next in 1..<3 {
            // The one that has it is gone before it is copied.
            harness.cluster.removeExecutor(location.executor)
            _ = try harness.wait { event in
                if case .executorLeft(ExecutorID(next - 1)) = event { true } else { nil }
            }
            harness.cluster.copy([location], to: ExecutorID(next))
            let copied = try harness.wait { event in
                if case .blocksCopied(let blocks, ExecutorID(next)) = event { blocks } else { nil }
            }
            #expect(copied.map(\.id) == [location.block])
            location = BlockLocation(block: location.block, executor: ExecutorID(next))
        }
        let report = try harness.report(of: try harness.copy([location], on: 2))
        #expect(report.blocks[0].rowCount == 3000)
        #expect(try Harness.values(of: try harness.cluster.read(location).rows()) == Harness.values(of: [batch]))
        harness.cluster.drop([report.blocks[0].id, location.block], on: ExecutorID(2))
        let end = Date().addingTimeInterval(10)
        while harness.cluster.sharedCounts != (0, 0, 0), Date() < end { usleep(10_000) }
        #expect(harness.cluster.sharedCounts == (0, 0, 0))
    }

    private func nowhere(_ partition: Int) -> BlockLocation {
        BlockLocation(block: .dataset(DatasetID(77), partition: partition), executor: ExecutorID(0))
    }

    @Test func executorsJoin() throws {
        let harness = try Harness(executors: 1)
        try harness.start()
        defer { harness.cluster.stop() }
        let location = try harness.put(try Harness.rows(100, seed: 1), partition: 0, on: 0)
        harness.cluster.addExecutor()
        let joined = try harness.wait { event in
            if case .executorJoined(let description) = event { description } else { nil }
        }
        #expect(joined.id == ExecutorID(1))
        #expect(try harness.report(of: try harness.copy([location], on: 1)).blocks[0].rowCount == 100)
    }
}
