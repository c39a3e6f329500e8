import Stoa

/// One group-by over keys that are not nice: skewed, all the same, all different, null and NaN, long.
struct Skew: FrameWorkload {
    let frame: DataFrame

    func frame(of query: String) throws -> DataFrame? {
        query == "by_key" ? frame.groupBy("key").agg(sum("v"), count()) : nil
    }
}
