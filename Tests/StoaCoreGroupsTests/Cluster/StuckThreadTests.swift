import Glibc
import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaPlan
import StoaTasks
import Synchronization
import Testing

/// How often a function was called that does not return, and whether it may.
private let hangingCalls = Atomic<Int>(0)
private let mayReturn = Atomic<Bool>(false)

/// A thread whose task does not stop: nobody waits for it.
@Suite(.serialized) struct StuckThreadTests {
    /// Does not return before it is allowed to.
    struct Hanging: BatchFunction {
        func outputSchema(for input: Schema) throws -> Schema { input }

        func callAsFunction(_ batch: Batch) throws -> Batch {
            hangingCalls.add(1, ordering: .relaxed)
            while !mayReturn.load(ordering: .relaxed) { usleep(1000) }
            return batch
        }
    }

    private let schema = Schema([Field("x", .int64, isNullable: false)])
    private let input = BlockLocation(block: .dataset(DatasetID(1), partition: 0), executor: ExecutorID(71))
    private let answers = Answers()

    /// The only thread of an executor that holds a row.
    private func start() throws -> ExecutorThreads {
        mayReturn.store(false, ordering: .relaxed)
        hangingCalls.store(0, ordering: .relaxed)
        let executor = TaskExecutor(id: input.executor, name: "tested") { (location) throws(StoaError) -> Block in
            throw StoaError(.blockLost, source: .environment, "there is no other executor", isRetryable: true)
        }
        let row = Batch(unchecked: schema, columns: [Column([Int64(1)])], rowCount: 1)
        executor.store.put(Block(rows: [row]), as: input.block)
        let threads = ExecutorThreads(
            executor: executor, threadCPUs: [[]], topology: try Topology.machine(), spinNanoseconds: 0,
            events: answers.hear, onPinningFailure: { _ in })
        try threads.start()
        return threads
    }

    private func task(_ partition: Int, hangs: Bool = false) throws -> TaskDescription {
        let read = PhysicalPlan.input(0, schema)
        let plan = hangs ? try PhysicalPlan.map(UserFunction(encoding: Hanging()), schema, read) : read
        return TaskDescription(
            id: TaskID(job: JobID(1), stage: StageID(0), partition: partition, attempt: 1),
            work: TaskWork(plan: plan, output: .block), inputs: [.blocks([input])])
    }

    private func waits(until isTrue: () -> Bool) -> Bool {
        let deadline = MonotonicClock.nanoseconds + 10_000_000_000
        while !isTrue(), MonotonicClock.nanoseconds < deadline { usleep(1000) }
        return isTrue()
    }

    /// Answers of small tasks wait for each other, but not for one that was cancelled and goes on.
    @Test func cancellingSendsTheAnswersBefore() throws {
        let threads = try start()
        defer { mayReturn.store(true, ordering: .relaxed) }
        let small = try (0..<10).map { try task($0) }
        let hanging = try task(10, hangs: true)
        threads.submit(small + [hanging])
        #expect(waits { hangingCalls.load(ordering: .relaxed) == 1 })
        threads.cancel((small + [hanging]).map(\.id))
        #expect(answers.all.compactMap(\.finishedTask) == small.map(\.id))
        threads.giveUp(hanging.id)
        #expect(answers.all.count == 11 && answers.all.last?.cancelledTask == hanging.id)
        // Another thread is in its place.
        threads.submit([try task(11)])
        #expect(answers.first(12).last?.finishedTask?.partition == 11)
        // Who ends the executor learns of what goes on, once.
        #expect(threads.stop() == [hanging.id])
        #expect(threads.stop() == [])
        mayReturn.store(true, ordering: .relaxed)
        #expect(answers.first(13).last?.cancelledTask == hanging.id)
        usleep(5000)
        #expect(answers.all.count == 13)
    }

    @Test func aTaskThatReturnsAfterAllIsNotNamed() throws {
        let threads = try start()
        defer { mayReturn.store(true, ordering: .relaxed) }
        let hanging = try task(0, hangs: true)
        threads.submit([hanging])
        #expect(waits { hangingCalls.load(ordering: .relaxed) == 1 })
        threads.cancel([hanging.id])
        threads.giveUp(hanging.id)
        mayReturn.store(true, ordering: .relaxed)
        #expect(answers.first(2).compactMap(\.cancelledTask) == [hanging.id, hanging.id])
        #expect(waits { stoaThreadNames().count { $0 == "stoa-e71-t0" } == 1 })
        #expect(threads.stop() == [])
    }
}
