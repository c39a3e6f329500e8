import StoaColumns
import StoaExecution
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

/// What a task that keeps its rows leaves behind.
@Suite struct PersistedRowsTests {
    private let dataset = DatasetID(5)

    /// Keeps tables as partitions of one dataset, on several threads at once.
    private func persist(_ tables: [Batch], on harness: TaskHarness) throws -> [Block] {
        let inputs = tables.enumerated().map { harness.put([$1], stage: 0, partition: $0) }
        let running = try tables.indices.map { partition in
            try Background { [dataset] in
                Result {
                    try harness.report(
                        .input(0, tables[partition].schema), [.blocks([inputs[partition]])],
                        output: .persist(dataset), partition: partition)
                }
            }
        }
        for thread in running { _ = try thread.wait().get() }
        return try tables.indices.map {
            try #require(harness.executor.store.get(.dataset(dataset, partition: $0)))
        }
    }

    @Test(arguments: 0..<6)
    func rowsAreThoseThatCame(seed: Int) throws {
        let harness = TaskHarness()
        let tables = try (0..<4).map { try RandomTable.make(5_000, seed: UInt64(10 * seed + $0)) }
        let blocks = try persist(tables, on: harness)
        for (table, block) in zip(tables, blocks) {
            #expect(try block.joined(table.schema) == table)
            for batch in try block.rows() { try batch.checkInvariants() }
        }
    }

    @Test func partitionsShareADictionaryAndKnowTheirBounds() throws {
        let harness = TaskHarness()
        let tables = try (0..<4).map { try RandomTable.make(20_000, seed: UInt64($0)) }
        let blocks = try persist(tables, on: harness)
        for name in ["text", "code"] {
            let dictionaries = try blocks.flatMap { try $0.rows() }.map {
                try #require($0.columns[RandomTable.index(name)].dictionaryCodes?.dictionary)
            }
            #expect(dictionaries.allSatisfy { $0.family === dictionaries[0].family }, "\(name)")
            #expect(dictionaries.map(\.count).max() == 8)
        }
        for batch in try blocks.flatMap({ try $0.rows() }) {
            for name in ["row", "int", "small", "unsigned", "day", "time", "price"] {
                let column = batch.columns[RandomTable.index(name)]
                let values = KeyRange.values(of: column)
                #expect(
                    column.bounds.map { [$0.lowerBound, $0.upperBound] } == [values.min(), values.max()], "\(name)")
            }
        }
    }

    @Test func textThatDoesNotRepeatStaysPlain() throws {
        let harness = TaskHarness()
        let names = try Batch(["name": Column((0..<40_000).map { "customer \($0)" })])
        let block = try persist([names], on: harness)[0]
        #expect(try block.joined(names.schema) == names)
        #expect(try block.rows().allSatisfy { !$0.columns[0].isDictionaryEncoded })
    }

    @Test func droppedDatasetsGiveTheirDictionariesBack() throws {
        let harness = TaskHarness()
        let table = try Batch(["word": Column((0..<3_000).map { "word \($0 % 1_000)" })])
        let before = harness.executor.memory.allocatedBytes
        _ = try persist([table, table], on: harness)
        let kept = harness.executor.memory.allocatedBytes
        #expect(kept > before)
        harness.executor.drop([.dataset(dataset, partition: 0)])
        let half = harness.executor.memory.allocatedBytes
        harness.executor.drop([.dataset(dataset, partition: 1)])
        #expect(harness.executor.memory.allocatedBytes < half)
        #expect(harness.executor.memory.allocatedBytes == before)
    }

    /// A dataset none of whose partitions was completed has no block whose drop could give its dictionaries back.
    @Test func failedTasksLeaveNoDictionaries() throws {
        let harness = TaskHarness()
        let table = try Batch(["word": Column((0..<3_000).map { "word \($0 % 1_000)" })])
        let inputs = [
            harness.put([table], stage: 0),
            BlockLocation(
                block: .stage(harness.job, StageID(0), partition: 9, bucket: nil), executor: ExecutorID(0)),
        ]
        let before = harness.executor.memory.allocatedBytes
        let failing = [TaskInput.blocks(inputs)]
        for partition in 0..<2 {
            #expect(throws: StoaError.self) {
                try harness.report(
                    .input(0, table.schema), failing, output: .persist(dataset), partition: partition)
            }
        }
        #expect(harness.executor.memory.allocatedBytes == before)
        // What an attempt left that was completed stays while another one fails.
        let block = try persist([table], on: harness)[0]
        #expect(throws: StoaError.self) {
            try harness.report(.input(0, table.schema), failing, output: .persist(dataset), partition: 1)
        }
        let other = try persist([table, table], on: harness)[1]
        let families = try [block, other].map {
            try #require(try $0.rows()[0].columns[0].dictionaryCodes?.dictionary.family)
        }
        #expect(families[0] === families[1])
        harness.executor.drop((0..<2).map { .dataset(dataset, partition: $0) })
    }
}

/// The values of a column of integers.
private enum KeyRange {
    static func values(of column: Column) -> [Int64] {
        (0..<column.count).compactMap { row in
            if column.isNull(at: row) { return nil }
            switch column.type.storageType {
            case .int8: return Int64(column.values(as: Int8.self)[row])
            case .int32: return Int64(column.values(as: Int32.self)[row])
            case .uint32: return Int64(column.values(as: UInt32.self)[row])
            default: return column.values(as: Int64.self)[row]
            }
        }
    }
}
