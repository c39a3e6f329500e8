import Stoa

/// One column, one number.
struct Scalars: FrameWorkload {
    let frame: DataFrame

    func run(_ query: String) async throws -> ResultTable {
        guard query == "histogram_f64" else { return try await collect(query) }
        let histogram = try await frame.histogram("f64", bins: 100, range: 0...100)
        let batch = try Batch([
            "bin": Column(Array(histogram.counts.indices)), "count": Column(histogram.counts.map { Int($0) }),
        ])
        return ResultTable(schema: batch.schema, batches: [batch])
    }

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "dot": return frame.agg(dot("f64", "g64"))
        case "expression":
            return frame.filter(col("v2") < 8 && col("f64") > 10.0)
                .agg(sum(col("f64") * col("v2") + col("v1")), max(col("f64") * col("f64")))
        case "quantiles_f64":
            return frame.agg([0.25, 0.5, 0.99].map { quantile("f64", $0).as("q\($0)") })
        default: break
        }
        guard let split = query.lastIndex(of: "_") else { return nil }
        let column = String(query[query.index(after: split)...])
        guard let half = Self.half[column] else { return nil }
        switch query[..<split] {
        case "sum": return frame.agg(sum(column))
        case "mean": return frame.agg(mean(column))
        case "min": return frame.agg(min(column))
        case "max": return frame.agg(max(column))
        case "variance": return frame.agg(variance(column))
        case "filter_sum": return frame.filter(half).agg(sum(column))
        case "count_where": return frame.filter(half).agg(count())
        case "distinct": return frame.agg(countDistinct(column))
        case "median": return frame.agg(median(column))
        default: return nil
        }
    }

    /// The conditions that about half of the rows fulfil.
    private static let half: [String: Expression] = [
        "f64": col("f64") > 50.0, "i32": col("i32") > 0, "i64": col("i64") > 0,
    ]
}
