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
