import Foundation
import Stoa
import StoaTestSupport
import Testing

/// The main job on the real data, against DuckDB and against itself from Parquet.
@Suite struct FlightsTests {
    static let data = BuiltProgram.root.appendingPathComponent(".deps/data").path

    static func delays(_ flights: DataFrame, _ airlines: DataFrame) -> DataFrame {
        flights.join(airlines, on: "carrier").groupBy("carrier", "name").agg(
            count().as("flights"), mean("arr_delay").as("mean_delay"), standardDeviation("arr_delay").as("std_delay"),
            mean("distance").as("mean_distance"), mean(col("arr_delay") > 15).as("share_late")
        ).sort(desc("mean_delay"))
    }

    @Test func sameTableFromCSVAndParquetBitForBitAndAsDuckDB() async throws {
        let session = try Session()
        let folder = try TemporaryFolder()
        let flights = session.read.csv(Self.data + "/flights.csv")
        let airlines = session.read.csv(Self.data + "/airlines.csv")
        let fromCSV = try await Self.delays(flights, airlines).collect()
        try await flights.write.parquet(folder.path("flights.parquet"))
        try await flights.write.parquet(folder.path("parts/"))
        try await flights.write.arrow(folder.path("flights.arrow"))
        #expect(try folder.contents() == ["flights.arrow", "flights.parquet", "parts"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("parts")).count == 8)
        for copy in [
            session.read.parquet(folder.path("flights.parquet")), session.read.parquet(folder.path("parts")),
            session.read.arrow(folder.path("flights.arrow")),
        ] {
            #expect(try await Self.delays(copy, airlines).collect() == fromCSV)
        }
        #expect(try await flights.count() == 336_776)

        let sql = """
            SELECT carrier, name, count(*), avg(arr_delay), stddev_samp(arr_delay), avg(distance), avg((arr_delay > 15)::INT)
            FROM read_csv('\(Self.data)/flights.csv', nullstr='NA') f
            JOIN read_csv('\(Self.data)/airlines.csv') a USING (carrier)
            GROUP BY ALL ORDER BY avg(arr_delay) DESC
            """
        let script = "import duckdb,json,sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))"
        let outcome = try BuiltProgram.python.run(["-c", script, sql])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let expected = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[Any]])
        #expect(fromCSV.rowCount == expected.count)
        #expect(try fromCSV["carrier", as: String.self] == expected.map { $0[0] as? String ?? "" })
        #expect(try fromCSV["name", as: String.self] == expected.map { $0[1] as? String ?? "" })
        #expect(try fromCSV["flights", as: Int.self] == expected.map { $0[2] as? Int ?? -1 })
        for (index, name) in ["mean_delay", "std_delay", "mean_distance", "share_late"].enumerated() {
            for (found, row) in zip(try fromCSV[name, as: Double.self], expected) {
                let reference = try #require(row[3 + index] as? Double)
                #expect(abs(found - reference) <= 1e-12 * max(1, abs(reference)), "\(name)")
            }
        }
    }

    private func max(_ a: Double, _ b: Double) -> Double { a > b ? a : b }
}
