import Glibc
import StoaColumns
import StoaFiles
import StoaPlan
import Testing

/// Files that somebody changes, replaces or removes between planning and the end of reading.
@Suite("files that change")
struct ChangedFileTests {
    let folder = TemporaryFolder()

    private static let names = ["f.csv", "f.jsonl", "f.parquet", "f.arrow"]

    /// A file of 180,000 rows, read in several batches of one partition.
    private func file(_ name: String) throws -> String {
        let rows = 0..<180_000
        switch name {
        case "f.csv": return folder.write("x\n" + rows.map { "\($0)\n" }.joined(), to: name)
        case "f.jsonl": return folder.write(rows.map { "{\"x\":\($0)}\n" }.joined(), to: name)
        default:
            let format = try FileCatalog.format(ofPath: name)
            let batch = try Batch(["x": Column(rows.map { Int64($0) })])
            let writer = try FileWriter(FileSink(path: folder.path(name), format: format), schema: batch.schema)
            for start in stride(from: 0, to: rows.count, by: 60_000) {
                try writer.write(batch.slice(start..<start + 60_000))
            }
            try writer.close()
            return folder.path(name)
        }
    }

    private func slice(_ path: String) throws -> FileSlice {
        try FileCatalog().partitions(of: FileScan(path: path), projection: [0], predicate: nil).slices[0]
    }

    private func readAll(_ reader: FileReader) throws {
        while try reader.next() != nil {}
    }

    /// What was read before stays as it was; a mapped file would end this process.
    @Test(arguments: names)
    func aFileThatBecomesShorterWhileItIsRead(name: String) throws {
        let path = try file(name)
        let slice = try slice(path)
        let reader = try FileReader(slice)
        let batch = try #require(try reader.next())
        #expect(truncate(path, 0) == 0)
        let error = stoaError { try readAll(reader) }
        #expect(error.code == .fileChanged && error.source == .environment && !error.isRetryable)
        #expect(error.message == "the file has 0 bytes, it had \(slice.identity.size) when the job was planned")
        #expect(error.advice.contains("new DataFrame") && error.location.file == path)
        let expected = (0..<Int64(batch.rowCount)).map { $0 }
        #expect(try batch.columns[0].array(of: Int64.self) == expected)
        #expect(try reader.next() == nil)
    }

    /// As many bytes, others.
    @Test(arguments: names)
    func aFileThatIsOverwrittenWhileItIsRead(name: String) throws {
        let path = try file(name)
        let reader = try FileReader(try slice(path))
        _ = try #require(try reader.next())
        let bytes = try #require(byteContents(of: path))
        let descriptor = open(path, O_WRONLY)
        // Clocks of files are coarse.
        usleep(20_000)
        let zeros = [UInt8](repeating: 0, count: bytes.count)
        #expect(write(descriptor, zeros, zeros.count) == zeros.count)
        close(descriptor)
        let error = stoaError { try readAll(reader) }
        #expect(error.code == .fileChanged && error.message == "the file was written to after the job was planned")
    }

    /// Of the same size and time.
    @Test(arguments: names)
    func aFileThatIsReplaced(name: String) throws {
        let path = try file(name)
        let slice = try slice(path)
        let reader = try FileReader(slice)
        let bytes = try #require(byteContents(of: path))
        folder.write(bytes: bytes, to: "other")
        var information = stat()
        stat(path, &information)
        #expect(utimensat(AT_FDCWD, folder.path("other"), [information.st_atim, information.st_mtim], 0) == 0)
        #expect(rename(folder.path("other"), path) == 0)
        for error in [stoaError { try readAll(reader) }, stoaError { _ = try FileReader(slice) }] {
            #expect(error.code == .fileChanged)
            #expect(error.message == "another file has taken this name since the job was planned")
        }
    }

    @Test(arguments: names)
    func aFileThatIsRemoved(name: String) throws {
        let path = try file(name)
        let slice = try slice(path)
        let reader = try FileReader(slice)
        unlink(path)
        for error in [stoaError { try readAll(reader) }, stoaError { _ = try FileReader(slice) }] {
            #expect(error.code == .fileNotFound && error.location.file == path)
            #expect(error.message == "the file was removed after the job was planned")
        }
        folder.makeFolder(name)
        #expect(stoaError { _ = try FileReader(slice) }.code == .fileChanged)
    }
}
