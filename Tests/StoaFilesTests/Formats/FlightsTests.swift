import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("The flights of 2013 against pyarrow", .enabled(if: Python.isAvailable && Python.hasFlights))
struct FlightsTests {
    let folder = TemporaryFolder()

    /// One line a column: name, type, nulls, and sum of the values or number of bytes of the texts.
    private static let oracle = """
        import sys, pyarrow as pa, pyarrow.csv as csv, pyarrow.compute as pc
        options = csv.ConvertOptions(null_values=['', 'NA'], strings_can_be_null=True)
        t = csv.read_csv(sys.argv[1], convert_options=options)
        for name in t.column_names:
            c = t.column(name)
            if pa.types.is_string(c.type): print(name, 'utf8', c.null_count, pc.sum(pc.binary_length(c)).as_py(), pc.count_distinct(c).as_py())
            elif pa.types.is_timestamp(c.type): print(name, 'timestamp(UTC)', c.null_count, pc.sum(c.cast(pa.timestamp('us', 'UTC')).cast(pa.int64())).as_py(), pc.count_distinct(c).as_py())
            else: print(name, c.type, c.null_count, pc.sum(c).as_py(), pc.count_distinct(c).as_py())
        """

    private func summary(_ result: ReadResult) throws -> [String] {
        try result.schema.fields.indices.map { index in
            let field = result.schema[index]
            let columns = result.batches.joined().map { $0.columns[index] }
            let nulls = columns.reduce(0) { $0 + $1.nullCount }
            var sum: Int64 = 0
            var distinct = 0
            if field.type == .utf8 {
                var seen: Set<String> = []
                for value in try columns.flatMap({ try $0.array(of: String?.self) }) {
                    guard let value else { continue }
                    sum += Int64(value.utf8.count)
                    seen.insert(value)
                }
                distinct = seen.count
            } else {
                var seen: Set<Int64> = []
                for value in try columns.flatMap({ try $0.array(of: Int64?.self) }) {
                    guard let value else { continue }
                    sum &+= value
                    seen.insert(value)
                }
                distinct = seen.count
            }
            return "\(field.name) \(field.type) \(nulls) \(sum) \(distinct)"
        }
    }

    @Test func sumsAgree() throws {
        let text = try #require(Python.run(Self.oracle, [Python.flights], in: folder))
        let expected = text.split(separator: "\n").map(String.init)
        let csv = try read(FileScan(path: Python.flights))
        #expect(csv.rowCount == 336_776)
        #expect(csv.partitions.slices.count == 8)
        #expect(csv.partitions.slices.dropLast().allSatisfy { ($0.rowCount ?? 0) % 1_024 == 0 })
        let found = try summary(csv)
        #expect(found == expected)
        for format in [FileFormat.parquet, .arrow] {
            let path = folder.path("flights")
            let writer = try FileWriter(FileSink(path: path, format: format), schema: csv.schema)
            for batch in csv.batches.joined() { try writer.write(batch) }
            try writer.close()
            #expect(try summary(try read(FileScan(path: path, format: format))) == expected)
        }
    }
}
