import Stoa
import StoaCoreGroups
import Synchronization
import Testing

/// Calls of the counting function, by the test that counts.
private let calls = Mutex<[String: Int]>([:])

/// What is persisted is computed once, seen in the session's list, and gone when it is let go of.
@Suite struct PersistTests {
    /// Counts the batches that pass.
    struct CountingCalls: BatchFunction {
        let name: String

        func outputSchema(for input: Schema) -> Schema { input }

        func callAsFunction(_ batch: Batch) -> Batch {
            calls.withLock { $0[name, default: 0] += 1 }
            return batch
        }
    }

    private func count(_ name: String) -> Int { calls.withLock { $0[name] ?? 0 } }

    private func numbers(_ session: Session, _ name: String) throws -> DataFrame {
        try session.dataFrame(["x": Column((0..<500).map { Double($0) })], rowsPerPartition: 100)
            .mapBatches(CountingCalls(name: name))
    }

    @Test(arguments: StorageLevel.allCases)
    func whatIsPersistedIsComputedOnce(level: StorageLevel) async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        let name = "once \(level)"
        let kept = try numbers(session, name).persist(level, label: "numbers")
        #expect(kept.isPersisted)
        let before = try #require(try await session.persisted().first)
        #expect(before.label == "numbers" && before.level == level && before.partitions == 0 && before.fraction == 0)
        #expect(try await kept.count() == 500)
        #expect(try await kept.filter(col("x") >= 250).count() == 250)
        #expect(count(name) == 5)
        let after = try #require(try await session.persisted().first)
        #expect(after.partitions == 5 && after.heldPartitions == 5 && after.fraction == 1)
        #expect(after.rows == 500 && after.bytes >= 4_000)
        #expect(after.partitionsByExecutor.values.reduce(0, +) == 5)
        #expect("\(after)".hasPrefix("dataset \(after.id) (numbers): \(level.rawValue), 5 of 5 partitions"))
    }

    @Test func unpersistedRowsAreComputedAgain() async throws {
        var options = CoreGroupOptions()
        options.executorCount = 1
        options.threadsPerExecutor = 2
        let cluster = try CoreGroupCluster(topology: .machine(), options: options)
        let session = try Session(executors: cluster)
        let source = try numbers(session, "again")
        let kept = source.cache()
        let derived = kept.filter(col("x") < 100)
        #expect(!derived.isPersisted && !source.isPersisted)
        #expect(try await derived.count() == 100)
        #expect(count("again") == 5)
        kept.unpersist()
        kept.unpersist()
        #expect(!kept.isPersisted)
        #expect(try await session.persisted().isEmpty)
        #expect(await session.isIdle())
        // The rows that were given are left.
        #expect(cluster.taskExecutor(cluster.executors[0].id).store.rowCount == 500)
        #expect(try await derived.count() == 100)
        #expect(count("again") == 10)
        #expect(await session.isIdle())
        #expect(cluster.taskExecutor(cluster.executors[0].id).store.rowCount == 500)
        derived.unpersist()
    }

    @Test func theLabelIsTheLastTransformation() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        let frame = try session.dataFrame(["x": Column([1.0])])
        let (first, second) = (frame.filter(col("x") > 0).cache(), frame.limit(1).persist(.disk))
        let persisted = try await session.persisted()
        #expect(persisted.map(\.label) == ["filter(x > 0)", "limit(1)"])
        #expect(persisted.map(\.level) == [.memory, .disk])
        withExtendedLifetime((first, second)) {}
    }

    @Test func whatNobodyHoldsIsLetGoOf() async throws {
        let session = try Session(cluster: .embedded(executors: 1, threadsPerExecutor: 1))
        do {
            let kept = try numbers(session, "gone").cache()
            #expect(try await kept.count() == 500)
            #expect(try await session.persisted().count == 1)
        }
        #expect(try await session.persisted().isEmpty)
    }
}
