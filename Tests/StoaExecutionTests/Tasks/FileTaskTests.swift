import FoundationEssentials
import StoaColumns
import StoaExecution
import StoaFiles
import StoaKernels
import StoaPlan
import StoaTasks
import Testing

@Suite struct FileTaskTests {
    /// A folder of this test's own, removed when it ends.
    private final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.path + "/stoa-tasks-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
    }

    private let harness = TaskHarness()
    private let table: Batch
    private let folder: Folder

    init() throws {
        table = try Batch([
            "row": Column((0..<70_000).map { Int64($0) }),
            "value": Column((0..<70_000).map { $0 % 3 == 0 ? nil : Double($0) / 7 }),
            "text": Column((0..<70_000).map { "text \($0 % 10)" }),
        ])
        folder = try Folder()
    }

    @Test(arguments: [FileFormat.csv(CSVOptions()), .parquet, .arrow])
    func writtenAndReadBack(format: FileFormat) throws {
        let path = folder.path + "/table.\(format == .parquet ? "parquet" : format == .arrow ? "arrow" : "csv")"
        let input = TaskInput.blocks([harness.put([table], stage: 0)])
        let report = try harness.report(
            .input(0, table.schema), [input], output: .file(FileSink(path: path, format: format)))
        #expect(report.blocks.isEmpty)
        #expect(report.metrics.rowsWritten == 70_000 && report.metrics.bytesWritten > 0)
        #expect(try folder.files.count == 1)

        let scan = FileScan(path: path)
        let catalog = FileCatalog()
        let slices = try catalog.partitions(of: scan, projection: [2, 0, 1], predicate: nil).slices
        var read: [Batch] = []
        for (partition, slice) in slices.enumerated() {
            let report = try harness.report(
                .input(0, slice.schema), [.file(slice)], stage: 1, partition: partition)
            let block = try #require(harness.executor.store.get(report.blocks[0].id))
            #expect(report.metrics.rowsRead == block.rowCount && report.metrics.bytesRead > 0)
            read.append(try block.joined(slice.schema))
        }
        let all = try Batch.concatenated(read, schema: slices[0].schema)
        #expect(all.schema.names == ["text", "row", "value"])
        #expect(all.columns == [table.columns[2], table.columns[0], table.columns[1]])
    }

    @Test func aFailedTaskLeavesNoFile() throws {
        let function = try UserFunction(encoding: Misbehaving(way: .throwing))
        let schema = Schema([Field("value", .int64, isNullable: false)])
        let path = folder.path + "/never.parquet"
        #expect(throws: StoaError.self) {
            try harness.report(
                .map(function, schema, .input(0, table.schema)), [.blocks([harness.put([table], stage: 0)])],
                output: .file(FileSink(path: path, format: .parquet)))
        }
        #expect(try folder.files.isEmpty)
    }

    @Test func aCancelledTaskLeavesNoFile() throws {
        let function = try UserFunction(encoding: Slow(counter: 10, microseconds: 20_000))
        let task = try harness.task(
            .map(function, table.schema, .input(0, table.schema)), [.blocks([harness.put([table], stage: 0)])],
            output: .file(FileSink(path: folder.path + "/never.csv", format: .csv(CSVOptions()))))
        let flag = CancellationFlag()
        let executor = harness.executor
        let running = try Background { executor.run(task, cancellation: flag) }
        while Slow.calls.withLock({ $0[10] ?? 0 }) < 2 {}
        flag.cancel()
        guard case .failure(let failure) = running.wait() else {
            Issue.record("the task was not stopped")
            return
        }
        #expect(failure.error.code == .cancelled)
        #expect(try folder.files.isEmpty)
    }

    @Test func aMalformedFileNamesPartitionAndRecord() throws {
        let path = folder.path + "/bad.csv"
        try Data("a,b\n1,2\n3,x\n".utf8).write(to: URL(filePath: path))
        let slices = try FileCatalog().partitions(
            of: FileScan(path: path, types: ["b": .int64]), projection: [0, 1], predicate: nil
        ).slices
        do {
            _ = try harness.report(.input(0, slices[0].schema), [.file(slices[0])], partition: 4)
            Issue.record("the file was read")
        } catch let error as StoaError {
            #expect(error.code == .malformedFile && error.location.file == path)
            #expect(error.location.partition == 4 && error.location.column == "b")
        }
        #expect(harness.executor.store.ids.isEmpty)
    }
}
