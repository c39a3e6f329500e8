import Stoa

/// The ten group-by questions of db-benchmark. A cached data frame keeps dictionaries that Parquet brought, so the variants
/// `loaded` and `encoded` are one for Stoa.
struct GroupBy: FrameWorkload {
    let frame: DataFrame

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "q1": frame.groupBy("id1").agg(sum("v1"))
        case "q2": frame.groupBy("id1", "id2").agg(sum("v1"))
        case "q3": frame.groupBy("id3").agg(sum("v1"), mean("v3"))
        case "q4": frame.groupBy("id4").agg(mean("v1"), mean("v2"), mean("v3"))
        case "q5": frame.groupBy("id6").agg(sum("v1"), sum("v2"), sum("v3"))
        case "q6": frame.groupBy("id4", "id5").agg(median("v3"), standardDeviation("v3"))
        case "q7": frame.groupBy("id3").agg((max("v1") - min("v2")).as("difference"))
        case "q8":
            frame.filter(col("v3").isNotNull).groupBy("id6").top(2, by: desc("v3")).select("id6", "v3")
        case "q9":
            frame.groupBy("id2", "id4").agg((correlation("v1", "v2") * correlation("v1", "v2")).as("r2"))
        case "q10":
            frame.groupBy("id1", "id2", "id3", "id4", "id5", "id6").agg(sum("v3"), count())
        default: nil
        }
    }
}
