import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("Parquet against pyarrow", .enabled(if: Python.isAvailable))
struct ParquetTests {
    let folder = TemporaryFolder()

    /// Every kind of column that pyarrow writes and Stoa holds, in row groups of 1,000 rows.
    private static let writer = """
        import sys, decimal, datetime
        import pyarrow as pa, pyarrow.parquet as pq
        n = 2500
        def col(f, t): return pa.array([None if i % 7 == 3 else f(i) for i in range(n)], t)
        day = datetime.date(1960, 1, 1)
        zone = datetime.timezone.utc
        at = lambda i: datetime.datetime(1960, 1, 1, 0, 0, 0, 1000) + datetime.timedelta(hours=i)
        table = pa.table({
            'i8': col(lambda i: i % 256 - 128, pa.int8()), 'u64': col(lambda i: 2**64 - 1 - i, pa.uint64()),
            'f32': col(lambda i: i / 4, pa.float32()), 'half': col(lambda i: float(i % 9), pa.float16()),
            'bool': col(lambda i: i % 3 == 0, pa.bool_()), 'text': col(lambda i: 'text %d' % i, pa.string()),
            'word': col(lambda i: 'w%d' % (i % 5), pa.string()), 'large': col(lambda i: 'é%d' % i, pa.large_string()),
            'kind': col(lambda i: 'k%d' % (i % 3), pa.string()).dictionary_encode(),
            'date': col(lambda i: day + datetime.timedelta(days=i), pa.date32()),
            's': col(at, pa.timestamp('s')), 'ms': col(at, pa.timestamp('ms')), 'us': col(at, pa.timestamp('us', 'UTC')),
            'ns': col(at, pa.timestamp('ns', 'Europe/Paris')),
            'dec': col(lambda i: decimal.Decimal(i) / 100, pa.decimal128(9, 2)),
            'wide': col(lambda i: decimal.Decimal(i) * 10**20, pa.decimal128(38, 3)),
        })
        pq.write_table(table, sys.argv[1], row_group_size=1000, version='2.6', compression=sys.argv[2])
        """

    @Test(arguments: ["zstd", "snappy", "gzip", "lz4", "brotli", "none"])
    func readsWhatPyarrowWrites(codec: String) throws {
        let path = folder.path("file.parquet")
        _ = try #require(Python.run(Self.writer, [path, codec], in: folder))
        let result = try read(FileScan(path: path))
        let types: [DataType] = [
            .int8, .uint64, .float32, .float32, .bool, .utf8, .utf8, .utf8, .utf8, .date32, .timestamp, .timestamp,
            .timestamp(zone: "UTC"), .timestamp(zone: "Europe/Paris"), .decimal(precision: 9, scale: 2),
            .decimal(precision: 38, scale: 3),
        ]
        #expect(result.schema.fields.map(\.type) == types)
        #expect(result.rowCount == 2_500)
        #expect(result.partitions.rowCount == 2_500)
        #expect(result.partitions.slices.map(\.part) == [.rowGroups([0, 1, 2])], "small row groups are joined")
        let batches = result.batches[0]
        let base = Int64(-3653) * 86_400_000_000
        var row = 0
        for batch in batches {
            let i8 = try batch.column("i8").array(of: Int8?.self)
            let u64 = try batch.column("u64").array(of: UInt64?.self)
            let half = try batch.column("half").array(of: Float?.self)
            let text = try batch.column("text").array(of: String?.self)
            let word = try batch.column("word").array(of: String?.self)
            let kind = try batch.column("kind").array(of: String?.self)
            let times = try ["s", "ms", "us", "ns"].map { try batch.column($0).array(of: Int64?.self) }
            for index in 0..<batch.rowCount {
                if row % 7 == 3 {
                    #expect(i8[index] == nil && text[index] == nil && times[3][index] == nil)
                } else {
                    #expect(i8[index] == Int8(row % 256 - 128) && u64[index] == .max - UInt64(row))
                    #expect(half[index] == Float(row % 9) && text[index] == "text \(row)")
                    #expect(word[index] == "w\(row % 5)" && kind[index] == "k\(row % 3)")
                    let microseconds = base + Int64(row) * 3_600_000_000 + 1_000
                    #expect(
                        times.map { $0[index] } == [microseconds - 1_000, microseconds, microseconds, microseconds])
                }
                row += 1
            }
            #expect(try batch.column("word").isDictionaryEncoded)
        }
        let money = try #require(batches[0].columns.last)
        #expect(money.formatted(at: 1) == "100000000000000000000.000")
    }

    @Test func pyarrowReadsWhatStoaWrites() throws {
        var random = RandomBatches(seed: 3)
        let path = folder.path("file.parquet")
        let writer = try FileWriter(FileSink(path: path, format: .parquet), schema: RandomBatches.schema)
        for rows in [70_000, 3, 62_000, 10_000] { try writer.write(try random.batch(rows: rows)) }
        try writer.close()
        let script = """
            import sys, pyarrow.parquet as pq
            f = pq.ParquetFile(sys.argv[1]); m = f.metadata
            print([m.row_group(i).num_rows for i in range(m.num_row_groups)])
            c = m.row_group(0).column(4)
            print(c.compression, c.statistics.has_min_max, c.statistics.min, c.statistics.max)
            t = f.read(); print(t.num_rows, t.column('word').null_count)
            print(','.join(str(x.type) for x in t.schema))
            """
        let text = try #require(Python.run(script, [path], in: folder))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "[131072, 10931]")
        #expect(lines[1] == "ZSTD True -9223372036854775808 9223372036854775807")
        let result = try read(FileScan(path: path))
        let words = result.batches.joined().reduce(0) { $0 + $1.columns[12].nullCount }
        #expect(lines[2] == "142003 \(words)")
        #expect(
            lines[3].hasPrefix(
                "bool,int8,int16,int32,int64,uint8,uint16,uint32,uint64,float,double,string,string,date32"))
        #expect(lines[3].hasSuffix("timestamp[us],timestamp[us, tz=UTC],decimal128(12, 2),decimal128(38, 10)"))
        #expect(result.partitions.slices.map(\.part) == [.rowGroups([0]), .rowGroups([1])])
    }

    @Test func nestedColumnsAreRefusedByName() throws {
        let path = folder.path("file.parquet")
        let script = """
            import sys, pyarrow as pa, pyarrow.parquet as pq
            pq.write_table(pa.table({'a': [1], 'deep': [[1, 2]]}), sys.argv[1])
            """
        _ = try #require(Python.run(script, [path], in: folder))
        let error = stoaError { _ = try read(FileScan(path: path)) }
        #expect(error.code == .unsupported)
        #expect(error.location.column == "deep")
    }

    @Test func filesThatAreNotParquet() {
        for text in ["", "PAR1", String(repeating: "not parquet ", count: 100)] {
            let path = folder.write(text, to: "file.parquet")
            let error = stoaError { _ = try read(FileScan(path: path)) }
            #expect(error.code == .malformedFile)
            #expect(error.location.file == path)
        }
    }
}
