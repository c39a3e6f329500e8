import Stoa
import Testing

/// Executors come and go while a session is open, and take what they keep along.
@Suite struct ExecutorsTests {
    @Test func executorsComeAndGo() async throws {
        let session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 1))
        let values = (0..<1_000).map { Double($0) }
        let kept = try session.dataFrame(["x": Column(values)], rowsPerPartition: 100).withColumn("y", col("x") + 1)
            .cache()
        #expect(try await kept.count() == 1_000)
        let added = try await session.addExecutor()
        #expect(try await session.status().executors.map(\.id) == [0, 1, added])
        try await session.removeExecutor(0)
        let status = try await session.status()
        #expect(status.executors.map(\.id) == [1, added])
        #expect(status.datasets.allSatisfy { $0.heldPartitions == 10 && $0.partitionsByExecutor[0] == nil })
        #expect(try await kept.collect()["y", as: Double.self] == values.map { $0 + 1 })
        let unknown = await #expect(throws: StoaError.self) { try await session.removeExecutor(0) }
        #expect(unknown?.code == .unknownName)
        try await session.removeExecutor(1)
        let last = await #expect(throws: StoaError.self) { try await session.removeExecutor(added) }
        #expect(last?.code == .invalidArgument)
        #expect(try await kept.count() == 1_000)
        #expect(await session.isIdle())
    }
}
