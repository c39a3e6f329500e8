import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("Arrow IPC against pyarrow", .enabled(if: Python.isAvailable))
struct ArrowFileTests {
    let folder = TemporaryFolder()

    private static let writer = """
        import sys, pyarrow as pa
        schema = pa.schema([('i', pa.int64()), ('s', pa.dictionary(pa.int16(), pa.string())), ('v', pa.string_view())])
        def batch(a, b):
            r = range(a, b)
            d = pa.DictionaryArray.from_arrays(pa.array([i % 3 for i in r], pa.int16()), pa.array(['x', 'y', None]))
            return pa.record_batch([pa.array(r, pa.int64()), d, pa.array(['view %d' % i for i in r], pa.string_view())], schema=schema)
        options = pa.ipc.IpcWriteOptions(compression=None if sys.argv[3] == 'none' else sys.argv[3])
        make = pa.ipc.new_file if sys.argv[2] == 'file' else pa.ipc.new_stream
        with make(sys.argv[1], schema, options=options) as w:
            for k in range(5): w.write(batch(k * 60000, (k + 1) * 60000))
        """

    @Test(arguments: [("file", "none"), ("file", "zstd"), ("file", "lz4"), ("stream", "none")])
    func readsWhatPyarrowWrites(kind: String, codec: String) throws {
        let path = folder.path("file.arrow")
        _ = try #require(Python.run(Self.writer, [path, kind, codec], in: folder))
        let result = try read(FileScan(path: path))
        #expect(result.schema.fields.map(\.type) == [.int64, .utf8, .utf8])
        let parts = result.partitions.slices.map(\.part)
        #expect(parts == (kind == "file" ? [.batches(0..<3), .batches(3..<5)] : [.batches(0..<1)]))
        var row = 0
        for batch in result.batches.joined() {
            let numbers = try batch.columns[0].array(of: Int64.self)
            let words = try batch.columns[1].array(of: String?.self)
            let views = try batch.columns[2].array(of: String.self)
            for index in stride(from: 0, to: batch.rowCount, by: 997) {
                #expect(numbers[index] == Int64(row + index))
                #expect(words[index] == ["x", "y", nil][(row + index) % 3])
                #expect(views[index] == "view \(row + index)")
            }
            row += batch.rowCount
        }
        #expect(row == 300_000)
        #expect(try read(FileScan(path: path), projection: ["v", "i"]).rows[1] == ["view 1", "1"])
        #expect(try read(FileScan(path: path), projection: []).rowCount == 300_000)
    }

    @Test func buffersTooShortForTheRows() throws {
        let path = folder.path("file.arrow")
        let batch = try Batch(["x": Column([Double](repeating: 0.5, count: 7_653))])
        let writer = try FileWriter(FileSink(path: path, format: .arrow), schema: batch.schema)
        try writer.write(batch)
        try writer.close()
        // The file then claims a thousand times as many rows as it holds.
        func littleEndian(_ number: Int64) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        let (honest, claimed) = (littleEndian(7_653), littleEndian(7_653_000))
        var bytes = try #require(byteContents(of: path))
        for start in 0...(bytes.count - 8) where bytes[start] == honest[0] && bytes[start..<start + 8] == honest[...] {
            bytes.replaceSubrange(start..<start + 8, with: claimed)
        }
        folder.write(bytes: bytes, to: "file.arrow")
        #expect(stoaError { _ = try read(FileScan(path: path)) }.code == .malformedFile)
    }

    @Test func filesThatAreNotArrow() {
        for text in ["", "ARROW1", String(repeating: "not arrow ", count: 100)] {
            let path = folder.write(text, to: "file.arrow")
            let error = stoaError { _ = try read(FileScan(path: path)) }
            #expect(error.code == .malformedFile || error.code == .inputOutputFailed)
            #expect(error.location.file == path)
        }
    }
}
