import Glibc
import StoaColumns
import StoaFiles
import StoaPlan
import Testing

/// Footers are kept between readers of a file, and never outlive what they describe.
@Suite("Footers of Parquet files", .enabled(if: Python.isAvailable))
struct ParquetFooterTests {
    let folder = TemporaryFolder()

    /// Writes 100 rows of a column from a first value, last changed so many seconds ago, in place of what is there.
    private func write(_ path: String, column: String, from first: Int, age: Int) throws {
        let script = """
            import os, sys, time
            import pyarrow as pa, pyarrow.parquet as pq
            path, column, first, age = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
            pq.write_table(pa.table({column: pa.array(range(first, first + 100))}), path)
            os.utime(path, (time.time() - age,) * 2)
            """
        _ = try #require(Python.run(script, [path, column, "\(first)", "\(age)"], in: folder))
    }

    private func values(_ path: String) throws -> (name: String, values: [Int64]) {
        let result = try read(FileScan(path: path))
        return (
            result.schema.names[0],
            try result.batches.joined().flatMap { try $0.columns[0].array(of: Int64.self) }
        )
    }

    @Test(arguments: [0, 3_600])
    func aRewrittenFileIsReadAnew(age: Int) throws {
        let path = folder.path("table.parquet")
        // The same file, with the same size and often the same age.
        for (round, column) in ["a", "b", "c", "b"].enumerated() {
            try write(path, column: column, from: 1_000 + round * 100, age: age)
            for _ in 0..<3 {
                let found = try values(path)
                #expect(found.name == column)
                #expect(found.values == (0..<100).map { Int64(1_000 + round * 100 + $0) })
            }
        }
    }

    @Test func aFileThatWasSpoiledIsRefused() throws {
        let path = folder.path("table.parquet")
        try write(path, column: "a", from: 0, age: 3_600)
        #expect(try values(path).values.count == 100)
        let file = try #require(fopen(path, "r+"))
        fseek(file, -4, SEEK_END)
        fwrite([0xff, 0xff, 0xff, 0xff] as [UInt8], 1, 4, file)
        fclose(file)
        let error = #expect(throws: StoaError.self) { _ = try values(path) }
        #expect(error?.code == .malformedFile)
    }

    /// More files than footers are kept of, read again and again.
    @Test func manyFilesKeepTheirFooters() throws {
        let paths = (0..<70).map { folder.path("table\($0).parquet") }
        let script = """
            import os, sys
            import pyarrow as pa, pyarrow.parquet as pq
            for number, path in enumerate(sys.argv[1:]):
                pq.write_table(pa.table({'x': pa.array(range(number, number + 5))}), path)
                os.utime(path, (1_600_000_000, 1_600_000_000))
            """
        _ = try #require(Python.run(script, paths, in: folder))
        for _ in 0..<2 {
            for (number, path) in paths.enumerated() {
                #expect(try values(path).values == (number..<(number + 5)).map(Int64.init))
            }
        }
    }
}
