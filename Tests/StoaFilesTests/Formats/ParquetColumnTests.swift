import StoaColumns
import StoaFiles
import StoaPlan
import Testing

/// Columns that are decoded in place, against the same table in an Arrow file.
@Suite("Parquet columns against Arrow files", .enabled(if: Python.isAvailable))
struct ParquetColumnTests {
    let folder = TemporaryFolder()

    /// A table of 20,000 rows in row groups of 9,000, written in the manner asked for, and as an Arrow file.
    private static let writer = """
        import sys, re, decimal, datetime, pathlib
        import pyarrow as pa, pyarrow.parquet as pq, pyarrow.ipc as ipc
        n = 20000
        manner, parquet, arrow = sys.argv[1:4]
        def col(f, t, every=7): return pa.array([None if every and i % every == 3 else f(i) for i in range(n)], t)
        day = datetime.date(1960, 1, 1)
        at = lambda i: datetime.datetime(1960, 1, 1, 0, 0, 0, 1000) + datetime.timedelta(hours=i)
        text = lambda i: 'ä' * (i % 23) + str(i * 7919 % 5003)
        columns = {
            'i8': col(lambda i: i % 256 - 128, pa.int8()), 'u8': col(lambda i: i % 256, pa.uint8()),
            'i16': col(lambda i: i * 3 - 30000, pa.int16()), 'u16': col(lambda i: 65535 - i, pa.uint16()),
            'i32': col(lambda i: i * 100003 - 2**30, pa.int32()), 'u32': col(lambda i: 2**32 - 1 - i, pa.uint32(), 0),
            'i64': col(lambda i: i * 2**49 - 2**62, pa.int64()), 'u64': col(lambda i: 2**64 - 1 - i % 50, pa.uint64()),
            'f32': col(lambda i: i / 4, pa.float32()), 'f64': col(lambda i: i / 3, pa.float64()),
            'bool': col(lambda i: i % 3 == 0, pa.bool_()), 'always': col(lambda i: i % 2 == 0, pa.bool_(), 0),
            'date': col(lambda i: day + datetime.timedelta(days=i % 900), pa.date32()),
            'ms': col(at, pa.timestamp('ms')), 'us': col(at, pa.timestamp('us', 'Europe/Paris')),
            'small': col(lambda i: decimal.Decimal(i % 900 - 5) / 100, pa.decimal128(9, 2)),
            'money': col(lambda i: decimal.Decimal(i * 10**9 - 7) / 100, pa.decimal128(15, 2), 0),
            'text': col(text, pa.string()), 'word': col(lambda i: 'w%d' % (i % 5), pa.string(), 0),
            'large': col(text, pa.large_string()), 'view': col(text, pa.string_view()),
            'kind': col(lambda i: 'k%d' % (i % 3), pa.string()).dictionary_encode(),
            'late': col(lambda i: '' if i < 8000 else text(i), pa.string(), 11),
            'never': pa.nulls(n, pa.string()), 'none': pa.nulls(n, pa.int32()),
        }
        fields = [pa.field(k, v.type, nullable=k not in ('u32', 'always', 'money', 'word')) for k, v in columns.items()]
        table = pa.table(list(columns.values()), schema=pa.schema(fields))
        options = {
            'dictionary': {}, 'dataPagesFirst': {}, 'plain': {'use_dictionary': False}, 'mixed': {'dictionary_pagesize_limit': 3000},
            'smallPages': {'data_page_size': 700, 'write_batch_size': 64},
            'version2': {'data_page_version': '2.0', 'data_page_size': 5000},
            'delta': {'use_dictionary': False, 'column_encoding': {
                'i32': 'DELTA_BINARY_PACKED', 'i64': 'DELTA_BINARY_PACKED', 'f64': 'BYTE_STREAM_SPLIT',
                'text': 'DELTA_BYTE_ARRAY', 'large': 'DELTA_LENGTH_BYTE_ARRAY', 'bool': 'RLE'}},
        }[manner]
        pq.write_table(table, parquet, row_group_size=9000, version='2.6', store_decimal_as_integer=True, **options)
        with ipc.new_file(arrow, table.schema) as out: out.write_table(table)
        if manner == 'dataPagesFirst':
            # Other writers list how data pages are encoded before how the dictionary is.
            dictionary = bytes.fromhex('15041500150200')
            data = bytes.fromhex('1500151015') + b'(.)' + bytes(1)
            pattern = re.compile(dictionary + data, re.DOTALL)
            swapped = lambda match: match[0][len(dictionary):] + dictionary
            changed, count = pattern.subn(swapped, pathlib.Path(parquet).read_bytes())
            assert count >= 3 * 10, count
            pathlib.Path(parquet).write_bytes(changed)
        """

    @Test(arguments: ["dictionary", "dataPagesFirst", "plain", "mixed", "smallPages", "version2", "delta"])
    func sameRowsInEveryEncoding(_ manner: String) throws {
        let (parquet, arrow) = (folder.path("table.parquet"), folder.path("table.arrow"))
        _ = try #require(Python.run(Self.writer, [manner, parquet, arrow], in: folder))
        let found = try read(FileScan(path: parquet))
        let expected = try read(FileScan(path: arrow))
        #expect(found.schema.fields.map(\.type) == expected.schema.fields.map(\.type))
        #expect(found.rowCount == 20_000)
        for (name, column) in found.schema.names.enumerated().map({ ($1, $0) }) {
            let values = { (result: ReadResult) in
                result.batches.joined().flatMap { batch in
                    (0..<batch.rowCount).map { batch.columns[column].formatted(at: $0, null: "∅") }
                }
            }
            #expect(values(found) == values(expected), "\(name)")
        }
        let batches = found.batches.joined()
        if manner == "dictionary" || manner == "dataPagesFirst" {
            for name in ["word", "kind", "view", "large"] {
                #expect(try batches.allSatisfy { try $0.column(name).isDictionaryEncoded }, "\(name)")
            }
        }
        // One column alone, and columns in another order and twice, in the same row groups.
        let some = try read(FileScan(path: parquet), projection: ["text", "money", "text", "i8"])
        let all = try read(FileScan(path: parquet), projection: ["i8", "money", "text"])
        #expect(some.rows == all.rows.map { [$0[2], $0[1], $0[2], $0[0]] })
    }

    /// Text is cut into batches that columns can hold; the other columns are cut where it is.
    @Test func longTextsMakeSmallerBatches() throws {
        let path = folder.path("long.parquet")
        let script = """
            import sys
            import pyarrow as pa, pyarrow.parquet as pq
            n = 5000
            table = pa.table({
                'number': pa.array(range(n)), 'text': pa.array([str(i) + 'x' * 65536 for i in range(n)], pa.large_string()),
                'other': pa.array([None if i % 4 == 0 else str(i) + 'y' * (0 if i < 4990 else 1 << 20) for i in range(n)])})
            pq.write_table(table, sys.argv[1], use_dictionary=False)
            """
        _ = try #require(Python.run(script, [path], in: folder))
        let result = try read(FileScan(path: path))
        #expect(result.batches.joined().count == 2 && result.rowCount == 5_000)
        var row = 0
        for batch in result.batches.joined() {
            let numbers = try batch.column("number").array(of: Int64.self)
            for index in 0..<batch.rowCount {
                let text = try batch.column("text").textBytes(at: index)
                let other = try batch.column("other")
                #expect(numbers[index] == Int64(row) && text.count == 65_536 + "\(row)".utf8.count)
                #expect(String(decoding: text.prefix(while: { $0 != 0x78 }), as: UTF8.self) == "\(row)")
                #expect(other.isNull(at: index) == (row % 4 == 0))
                if row % 4 != 0 {
                    let length = other.textBytes(at: index).count
                    #expect(length == "\(row)".utf8.count + (row < 4_990 ? 0 : 1 << 20))
                }
                row += 1
            }
        }
    }

    @Test func decimalsBeyondTheirPrecisionAreRefused() throws {
        let path = folder.path("broken.parquet")
        let script = """
            import sys
            import pyarrow as pa, pyarrow.parquet as pq
            n = 5000
            bytes = b''.join((i * 2).to_bytes(16, 'little', signed=True) for i in range(n))
            price = pa.Array.from_buffers(pa.decimal128(int(sys.argv[2]), 2), n, [None, pa.py_buffer(bytes)])
            pq.write_table(pa.table({'price': price}), sys.argv[1], store_decimal_as_integer=True)
            """
        _ = try #require(Python.run(script, [path, "3"], in: folder))
        let error = stoaError { _ = try read(FileScan(path: path)) }
        #expect(error.code == .malformedFile && error.location.column == "price")
        #expect(error.message.contains("9998 has more than 3 digits"))
        _ = try #require(Python.run(script, [path, "4"], in: folder))
        #expect(try read(FileScan(path: path)).rowCount == 5_000)
    }
}
