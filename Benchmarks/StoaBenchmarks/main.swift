import Foundation
import Stoa

let path = CommandLine.arguments[1]
let only = CommandLine.arguments.dropFirst(2)
let session = try Session()
let clock = ContinuousClock()
func time(_ name: String, _ frame: DataFrame) async throws {
    if !only.isEmpty && !only.contains(name) { return }
    var times: [Double] = []
    var rows = 0
    for _ in 0..<7 {
        let start = clock.now
        let result = try await frame.collect()
        let d = clock.now - start
        rows = result.rowCount
        times.append(Double(d.components.attoseconds) / 1e15 + Double(d.components.seconds) * 1e3)
    }
    times.sort()
    print(name, rows, String(format: "median %.2f min %.2f", times[3], times[0]))
}
let file = session.read.parquet(path)
let df = file.cache()
print(try await df.count())
try await time("count", df.agg(count()))
try await time("sum v3", df.agg(sum("v3")))
try await time("filter+sum", df.filter(col("v3") > 50.0).agg(sum("v3")))
try await time(
    "fused",
    df.filter(col("v2") < 8 && col("v3") > 10.0).agg(sum(col("v3") * col("v2") + col("v1")), max(col("v3") * col("v3")))
)
try await time("q1", df.groupBy("id1").agg(sum("v1")))
try await time("q2", df.groupBy("id1", "id2").agg(sum("v1")))
try await time("q3", df.groupBy("id3").agg(sum("v1"), mean("v3")))
try await time("q4", df.groupBy("id4").agg(mean("v1"), mean("v2"), mean("v3")))
try await time("q5", df.groupBy("id6").agg(sum("v1"), sum("v2"), sum("v3")))
try await time("q7", df.groupBy("id3").agg((max("v1") - min("v2")).as("range")))
try await time("q10", df.groupBy("id1", "id2", "id3", "id4", "id5", "id6").agg(sum("v3"), count()))
try await time("p1", file.groupBy("id1").agg(sum("v1")))
try await time(
    "pall",
    file.agg(
        count("id1"), count("id2"), count("id3"), count("id4"), count("id5"), count("id6"), count("v1"), count("v2"),
        count("v3")))
