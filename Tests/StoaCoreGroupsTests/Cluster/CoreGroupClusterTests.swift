import Glibc
import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaPlan
import StoaTasks
import Testing

/// Executors with real threads.
@Suite(.serialized) struct CoreGroupClusterTests {
    private let schema = Schema([Field("x", .int64, isNullable: false)])
    private let job = JobID(1)

    private func batch(_ values: Range<Int>) -> Batch {
        Batch(unchecked: schema, columns: [Column(values.map(Int64.init))], rowCount: values.count)
    }

    private func cluster(
        executors: Int, threads: Int, on topology: Topology? = nil, pinning: CoreGroupOptions.Pinning = .auto
    ) throws -> CoreGroupCluster {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = threads
        options.pinning = pinning
        return try CoreGroupCluster(topology: topology ?? Topology.machine(), options: options)
    }

    private func task(
        _ partition: Int, stage: Int = 0, plan: PhysicalPlan? = nil, reading inputs: [BlockLocation]
    ) -> TaskDescription {
        TaskDescription(
            id: TaskID(job: job, stage: StageID(stage), partition: partition, attempt: 1),
            work: TaskWork(plan: plan ?? .input(0, schema), output: .block), inputs: [.blocks(inputs)])
    }

    @Test func executorsShareThreeFifthsOfTheMemory() throws {
        let cluster = try cluster(executors: 3, threads: 1)
        for executor in cluster.executors {
            let limit = try #require(cluster.taskExecutor(executor.id).memory.limit)
            #expect(limit == MachineMemory.defaultLimit(executors: 3) && limit > 0)
        }
    }

    @Test func executorsThatMayBeStartedHaveTheirShare() throws {
        var options = CoreGroupOptions()
        options.executorCount = 2
        options.maximumExecutors = 3
        let cluster = try CoreGroupCluster(topology: Topology.machine(), options: options)
        func expect(_ executors: [Int], share: Int) {
            for id in executors {
                let memory = cluster.taskExecutor(ExecutorID(id)).memory
                #expect(memory.limit == MachineMemory.defaultLimit(executors: share), "\(id) of \(share)")
            }
        }
        expect([0, 1], share: 3)
        try cluster.start { _ in }
        cluster.addExecutor()
        expect([0, 1, 2], share: 3)
        cluster.addExecutor()
        expect([0, 1, 2, 3], share: 4)
        cluster.removeExecutor(ExecutorID(1))
        expect([0, 2, 3], share: 3)
        cluster.stop()
    }

    /// 1 to 8 executors of 1 to 8 threads, more than this machine has CPUs: every task reads a block of every executor.
    @Test(arguments: [(1, 1), (1, 8), (2, 2), (3, 1), (4, 3), (8, 1), (8, 8)])
    func tasksRunOnEveryExecutor(executors: Int, threads: Int) throws {
        let cluster = try cluster(executors: executors, threads: threads)
        #expect(cluster.executors.count == executors)
        #expect(cluster.executors.allSatisfy { $0.slots == threads })
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let inputs = cluster.executors.map { executor in
            let block = BlockID.dataset(DatasetID(1), partition: executor.id.value)
            let first = executor.id.value * 10
            let summary = cluster.put([batch(first..<(first + 10))], id: block, on: executor.id)
            #expect(summary == BlockSummary(id: block, rowCount: 10, byteCount: 80))
            return BlockLocation(block: block, executor: executor.id)
        }
        let count = 40
        for partition in 0..<count {
            cluster.submit([task(partition, reading: inputs)], to: cluster.executors[partition % executors].id)
        }
        let events = answers.first(count)
        #expect(Set(events.compactMap(\.finishedTask)).count == count)
        for event in events {
            guard case .taskFinished(let id, let executor, let report) = event else { continue }
            #expect(executor == cluster.executors[id.partition % executors].id)
            #expect(report.blocks.map(\.rowCount) == [executors * 10])
            let location = BlockLocation(block: report.blocks[0].id, executor: executor)
            let rows = try cluster.rows(at: location)
            #expect(
                try rows.flatMap { try $0.columns[0].array(of: Int64.self) } == (0..<(executors * 10)).map(Int64.init))
            cluster.drop([location.block], on: executor)
            #expect(throws: StoaError.self) { _ = try cluster.read(location) }
        }
        cluster.stop()
    }

    /// Tasks that were announced and come, come late, or never come: each that comes is answered once, and threads that
    /// slept in between wake again.
    @Test(arguments: [(1, 1), (1, 2), (2, 3)])
    func announcedTasksMayStayAway(executors: Int, threads: Int) throws {
        let cluster = try cluster(executors: executors, threads: threads)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        _ = cluster.put([batch(0..<10)], id: block, on: ExecutorID(0))
        let input = [BlockLocation(block: block, executor: ExecutorID(0))]
        let count = 300
        for partition in 0..<count {
            if partition % 3 != 1 { cluster.expect(taskCount: partition % 7) }
            // Longer than threads look for a task before they sleep, or shorter.
            if partition % 5 == 0 { usleep(UInt32(partition % 2 == 0 ? 500 : 10)) }
            if partition % 4 == 0 { cluster.expect(taskCount: 100) }
            cluster.submit([task(partition, reading: input)], to: ExecutorID(partition % executors))
            if partition % 2 == 0 { #expect(answers.first(partition + 1).count == partition + 1) }
        }
        #expect(Set(answers.first(count).compactMap(\.finishedTask)).count == count)
        cluster.expect(taskCount: 4)
        cluster.stop()
    }

    @Test func blocksAreHandedOverByReference() throws {
        let cluster = try cluster(executors: 2, threads: 1)
        let location = BlockLocation(block: .dataset(DatasetID(1), partition: 0), executor: cluster.executors[1].id)
        let batch = batch(0..<1000)
        _ = cluster.put([batch], id: location.block, on: location.executor)
        let rows = try cluster.rows(at: location)
        #expect(address(of: rows[0]) == address(of: batch))
    }

    private func address(of batch: Batch) -> UnsafeRawPointer? {
        if case .fixed(let region) = batch.columns[0].storage { region.base } else { nil }
    }

    @Test func aMissingBlockIsToldAsLost() throws {
        let cluster = try cluster(executors: 1, threads: 1)
        for executor in [0, 9] {
            let location = BlockLocation(block: .dataset(DatasetID(1), partition: 0), executor: ExecutorID(executor))
            let error = #expect(throws: StoaError.self) { _ = try cluster.read(location) }
            #expect(error?.code == .blockLost)
            #expect(error?.isRetryable == true)
        }
    }

    @Test func failuresAreTold() throws {
        let cluster = try cluster(executors: 1, threads: 2)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let missing = BlockLocation(block: .dataset(DatasetID(1), partition: 0), executor: ExecutorID(0))
        cluster.submit([task(5, reading: [missing])], to: ExecutorID(0))
        let events = answers.first(1)
        guard case .taskFailed(let id, ExecutorID(0), let failure) = try #require(events.first) else {
            Issue.record("\(events)")
            return
        }
        #expect(id.partition == 5)
        #expect(failure.error.code == .blockLost && failure.missingBlocks == [missing])
        cluster.stop()
    }

    @Test func cancellationTakesMilliseconds() throws {
        let cluster = try cluster(executors: 2, threads: 2)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        // Ten seconds' worth of batches for each task.
        _ = cluster.put((0..<10_000).map { batch($0..<($0 + 1)) }, id: block, on: ExecutorID(0))
        let slow = try PhysicalPlan.map(
            UserFunction(encoding: SlowFunction(microseconds: 1000)), schema, .input(0, schema))
        let input = BlockLocation(block: block, executor: ExecutorID(0))
        let tasks = (0..<12).map { task($0, plan: slow, reading: [input]) }
        for (position, task) in tasks.enumerated() { cluster.submit([task], to: ExecutorID(position % 2)) }
        usleep(30_000)
        #expect(answers.all.isEmpty)
        let start = MonotonicClock.nanoseconds
        // Running and queued ones alike, in an order of their own.
        for (position, task) in tasks.enumerated().reversed() {
            cluster.cancel([task.id], on: ExecutorID(position % 2))
        }
        let events = answers.first(12)
        let milliseconds = Double(MonotonicClock.nanoseconds - start) / 1e6
        print("12 tasks on 4 threads cancelled in \(milliseconds) ms")
        #expect(Set(events.compactMap(\.cancelledTask)) == Set(tasks.map(\.id)))
        #expect(milliseconds < 500)
        // Nothing is left of them, and cancelling once more is no event.
        #expect(cluster.taskExecutor(ExecutorID(0)).store.ids == [block])
        #expect(cluster.taskExecutor(ExecutorID(1)).store.ids.isEmpty)
        cluster.cancel([tasks[0].id], on: ExecutorID(0))
        // The executors work on.
        cluster.submit([task(99, reading: [input])], to: ExecutorID(1))
        #expect(answers.first(13).last?.finishedTask?.partition == 99)
        cluster.stop()
        #expect(answers.all.count == 13)
    }

    /// Answers of small tasks wait for each other, but never for another stage's or job's.
    @Test func anAnswerDoesNotWaitForOtherJobs() throws {
        let cluster = try cluster(executors: 1, threads: 1)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        _ = cluster.put((0..<10_000).map { batch($0..<($0 + 1)) }, id: block, on: ExecutorID(0))
        let small = BlockID.dataset(DatasetID(2), partition: 0)
        _ = cluster.put([batch(0..<1)], id: small, on: ExecutorID(0))
        let slow = try PhysicalPlan.map(
            UserFunction(encoding: SlowFunction(microseconds: 1000)), schema, .input(0, schema))
        let input = BlockLocation(block: block, executor: ExecutorID(0))
        let smallInput = BlockLocation(block: small, executor: ExecutorID(0))
        // Ten tasks of one stage, then one of the next that takes ten seconds.
        let tasks = (0..<10).map { task($0, reading: [smallInput]) }
        let long = task(0, stage: 1, plan: slow, reading: [input])
        cluster.submit(tasks + [long], to: ExecutorID(0))
        #expect(Set(answers.first(10).compactMap(\.finishedTask)) == Set(tasks.map(\.id)))
        // What waits behind a task that is cancelled is answered, too.
        cluster.submit((10..<20).map { task($0, reading: [smallInput]) }, to: ExecutorID(0))
        cluster.cancel([long.id] + (15..<20).map { task($0, reading: [smallInput]).id }, on: ExecutorID(0))
        let events = answers.first(21)
        #expect(events.count == 21)
        #expect(Set(events.compactMap(\.cancelledTask)).isSuperset(of: [long.id]))
        #expect(Set(events.compactMap { $0.finishedTask ?? $0.cancelledTask }).count == 21)
        cluster.stop()
    }

    @Test func stopEndsRunningTasks() throws {
        let cluster = try cluster(executors: 2, threads: 3)
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        _ = cluster.put((0..<10_000).map { batch($0..<($0 + 1)) }, id: block, on: ExecutorID(0))
        let slow = try PhysicalPlan.map(
            UserFunction(encoding: SlowFunction(microseconds: 1000)), schema, .input(0, schema))
        for partition in 0..<8 {
            let input = BlockLocation(block: block, executor: ExecutorID(0))
            cluster.submit([task(partition, plan: slow, reading: [input])], to: ExecutorID(partition % 2))
        }
        usleep(20_000)
        let start = MonotonicClock.nanoseconds
        cluster.stop()
        #expect(Double(MonotonicClock.nanoseconds - start) / 1e6 < 500)
        let count = answers.all.count
        usleep(5000)
        #expect(answers.all.count == count)
        cluster.stop()
    }

    /// In a process of its own, where no other test has threads.
    @Test func noThreadIsLeft() async {
        await #expect(processExitsWith: .success) {
            var options = CoreGroupOptions()
            options.executorCount = 3
            options.threadsPerExecutor = 2
            let names = (0..<6).map { "stoa-e\($0 / 2)-t\($0 % 2)" }
            for isStopped in [true, false] {
                let cluster = try CoreGroupCluster(topology: .machine(), options: options)
                try cluster.start { _ in }
                let deadline = MonotonicClock.nanoseconds + 5_000_000_000
                while stoaThreadNames().sorted() != names, MonotonicClock.nanoseconds < deadline { usleep(100) }
                precondition(stoaThreadNames().sorted() == names, "\(stoaThreadNames())")
                // A cluster that nobody stops ends with its last reference.
                withExtendedLifetime(cluster) { if isStopped { cluster.stop() } }
            }
            let deadline = MonotonicClock.nanoseconds + 5_000_000_000
            // The kernel may list a thread for a moment after it was joined.
            while !stoaThreadNames().isEmpty, MonotonicClock.nanoseconds < deadline { usleep(100) }
            precondition(stoaThreadNames().isEmpty, "\(stoaThreadNames())")
        }
    }

    /// Runs a task on each thread and gives the CPUs it may use, by thread name.
    private func threadCPUs(of cluster: CoreGroupCluster) throws -> [String: String] {
        let answers = Answers()
        try cluster.start(events: answers.hear)
        let block = BlockID.dataset(DatasetID(1), partition: 0)
        _ = cluster.put([batch(0..<1)], id: block, on: ExecutorID(0))
        let plan = try PhysicalPlan.map(
            UserFunction(encoding: ThreadFunction()), ThreadFunction.schema, .input(0, schema))
        let count = cluster.executors.reduce(0) { $0 + $1.slots } * 8
        for partition in 0..<count {
            let input = BlockLocation(block: block, executor: ExecutorID(0))
            cluster.submit(
                [task(partition, plan: plan, reading: [input])], to: ExecutorID(partition % cluster.executors.count))
        }
        var cpus: [String: String] = [:]
        for event in answers.first(count) {
            let id = try #require(event.finishedTask)
            let rows = try cluster.rows(
                at: .init(block: .stage(job, id.stage, partition: id.partition, bucket: nil), executor: event.executor))
            let names = try rows[0].columns[1].array(of: String.self)
            cpus[names[0]] = try rows[0].columns[0].array(of: String.self)[0]
        }
        cluster.stop()
        return cpus
    }

    @Test func threadsArePinned() throws {
        let topology = try Topology.machine()
        let cluster = try CoreGroupCluster(topology: topology)
        let cpus = try threadCPUs(of: cluster)
        #expect(cluster.pinningError == nil)
        for (executor, group) in cluster.coreGroups.enumerated() {
            for (thread, cpu) in group.cpus.enumerated() {
                let found = cpus["stoa-e\(executor)-t\(thread)"]
                #expect(found == nil || found == "\(cpu)")
            }
        }
        #expect(!cpus.isEmpty)
    }

    @Test func moreThreadsThanCPUsShareThem() throws {
        let topology = try Topology.machine()
        let cluster = try cluster(executors: 1, threads: topology.allowedCPUs.count + 1, on: topology)
        let cpus = try threadCPUs(of: cluster)
        #expect(Set(cpus.values) == [topology.allowedCPUs.rangesText])
    }

    @Test func pinningCanBeOff() throws {
        let topology = try Topology.machine()
        let cluster = try cluster(executors: 1, threads: 1, on: topology, pinning: .off)
        #expect(Array(try threadCPUs(of: cluster).values) == [topology.allowedCPUs.rangesText])
    }

    @Test func anotherMachinesExecutorsRunUnpinned() throws {
        let topology = try Topology.synthetic("node:2 core:4 pu:1", allowed: [0, 1, 4, 5, 6])
        let cluster = try CoreGroupCluster(topology: topology)
        #expect(
            cluster.executors.map(\.name) == [
                "core group 0 (node 0, CPUs 0-1)", "core group 1 (node 1, CPUs 4-6)",
            ])
        #expect(cluster.executors.map(\.slots) == [2, 3])
        #expect(cluster.executors.map(\.node) == [0, 1])
        _ = try threadCPUs(of: cluster)
        #expect(cluster.pinningError == nil)
    }

    @Test(arguments: [0, -1, 1025]) func sensibleNumbersOnly(count: Int) {
        let error = #expect(throws: StoaError.self) { _ = try cluster(executors: count, threads: 1) }
        #expect(error?.code == .invalidArgument)
    }
}
