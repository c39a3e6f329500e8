import Stoa

/// One column, one number.
struct Scalars: FrameWorkload {
    let frame: DataFrame

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "dot": return frame.agg(sum(col("f64") * col("g64")))
        case "expression":
            return frame.filter(col("v2") < 8 && col("f64") > 10.0)
                .agg(sum(col("f64") * col("v2") + col("v1")), max(col("f64") * col("f64")))
        case "quantiles_f64", "histogram_f64": throw Unsupported("there is no such aggregate")
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
        case "median": throw Unsupported("there is no such aggregate")
        default: return nil
        }
    }

    /// The conditions that about half of the rows fulfil.
    private static let half: [String: Expression] = [
        "f64": col("f64") > 50.0, "i32": col("i32") > 0, "i64": col("i64") > 0,
    ]
}
