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
        case "q6", "q8", "q9": throw Unsupported("there is no such aggregate")
        case "q7": frame.groupBy("id3").agg((max("v1") - min("v2")).as("difference"))
        case "q10":
            frame.groupBy("id1", "id2", "id3", "id4", "id5", "id6").agg(sum("v3"), count())
        default: nil
        }
    }
}
