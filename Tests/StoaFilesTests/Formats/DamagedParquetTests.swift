import StoaColumns
import StoaFiles
import StoaPlan
import Testing

/// Parquet files whose pages hold fewer values than their levels say.
@Suite("damaged Parquet files", .enabled(if: Python.isAvailable))
struct DamagedParquetTests {
    let folder = TemporaryFolder()

    /// A column of 8,192 rows, every other one null, whose page of 4,096 deltas says that it holds one.
    private static let writer = """
        import sys
        import pyarrow as pa, pyarrow.parquet as pq
        path, kind, encoding = sys.argv[1:4]
        value = {
            'number': lambda i: i * i, 'short': lambda i: i % 30000,
            'text': lambda i: 'text number %d' % (i * i)}[kind]
        type = {'number': pa.int64(), 'short': pa.int16(), 'text': pa.string()}[kind]
        table = pa.table({
            'row': pa.array(range(8192)),
            'x': pa.array([value(i) if i % 2 == 0 else None for i in range(8192)], type)})
        pq.write_table(
            table, path, use_dictionary=False, compression='none',
            column_encoding={'row': 'PLAIN', 'x': encoding})
        data = open(path, 'rb').read()
        # The header of the deltas: values in a block, blocks in it (4), and how many values there are in all.
        for block in (b'\\x80\\x01', b'\\x80\\x02'):
            whole = block + b'\\x04\\x80\\x20'
            at = data.find(whole)
            if at >= 0: break
        assert at >= 0
        open(path, 'wb').write(data[:at] + block + b'\\x04\\x81\\x00' + data[at + len(whole):])
        """

    @Test(arguments: [
        ("number", "DELTA_BINARY_PACKED"), ("short", "DELTA_BINARY_PACKED"), ("text", "DELTA_LENGTH_BYTE_ARRAY"),
    ])
    func pagesWithTooFewValuesAreRefused(_ kind: String, _ encoding: String) throws {
        let path = folder.path("damaged.parquet")
        _ = try #require(Python.run(Self.writer, [path, kind, encoding], in: folder))
        for projection in [["x"], ["row", "x"]] {
            let error = stoaError { _ = try read(FileScan(path: path), projection: projection) }
            #expect(error.code == .malformedFile && error.location.column == "x", "\(kind), \(projection)")
            #expect(error.message.contains("1 value "), "\(error.message)")
        }
        #expect(try read(FileScan(path: path), projection: ["row"]).rowCount == 8_192)
    }
}

/// Text columns with bytes that are no UTF-8.
@Suite("files whose text is not UTF-8", .enabled(if: Python.isAvailable))
struct DamagedTextTests {
    let folder = TemporaryFolder()

    /// Row 5,002, counted from 1, of 10,000 is damaged; KIND says how the file holds text.
    private static let writer = """
        import sys
        import pyarrow as pa, pyarrow.parquet as pq
        path, kind = sys.argv[1:3]
        values = [b'caf\\xc3\\xa9 %d' % (i % 100) for i in range(10000)]
        values[5001] = b'\\xff\\xfe bad' if kind != 'cut' else b'caf\\xc3'
        if kind == 'cut': values[5002] = b'\\xa9 begins within a character'
        text = pa.Array.from_buffers(pa.string(), 10000, pa.array(values, pa.binary()).buffers())
        if kind == 'view': text = text.cast(pa.binary()).cast(pa.binary_view()).view(pa.string_view())
        table = pa.table({'n': pa.array(range(10000)), 't': text})
        if kind == 'encoded': table = table.set_column(1, 't', table['t'].dictionary_encode())
        if path.endswith('.parquet'):
            pq.write_table(table, path, use_dictionary=kind == 'dictionary', row_group_size=500 if kind == 'small' else 5000)
        else:
            with pa.ipc.new_file(path, table.schema) as w: w.write_table(table, max_chunksize=3000)
        """

    @Test(arguments: [
        ("f.parquet", "plain", 5_002), ("f.parquet", "cut", 5_002), ("f.parquet", "dictionary", nil),
        ("f.parquet", "small", nil), ("f.arrow", "plain", nil), ("f.arrow", "encoded", nil), ("f.arrow", "view", nil),
    ])
    func damagedTextIsRefused(_ name: String, _ kind: String, _ row: Int?) throws {
        let path = folder.path(name)
        _ = try #require(Python.run(Self.writer, [path, kind], in: folder))
        for projection in [["t"], ["t", "n"]] {
            let error = stoaError { _ = try read(FileScan(path: path), projection: projection) }
            #expect(error.code == .malformedFile && error.source == .caller, "\(error)")
            #expect(error.location.file == path && error.location.column == "t" && error.location.row == row)
            if name == "f.parquet" {
                let bytes = kind == "cut" ? "caf\\xc3" : "\\xff\\xfe bad"
                #expect(error.message == "the text is not UTF-8: '\(bytes)'")
            }
        }
        #expect(try read(FileScan(path: path), projection: ["n"]).rowCount == 10_000)
    }

    @Test func damagedLinesOfJSONAreRefused() {
        var bytes = Array("{\"t\": \"café\"}\n\n{\"t\": \"".utf8)
        bytes += [0xC3, 0x28] + Array("\"}\n".utf8)
        let path = folder.write(bytes: bytes, to: "f.jsonl")
        let error = stoaError { _ = try read(FileScan(path: path)) }
        #expect(error.code == .malformedFile && error.location.row == 3 && error.location.file == path)
        #expect(error.message.contains("the text is not UTF-8: '{\"t\": \"\\xc3("))
    }
}
