import Foundation
import Stoa

/// Queries whose rows cross from executor to executor, by executors of this process (variant `embedded`) or by as many
/// processes (variant `processes`): one thread each, a CPU each.
struct Exchanges: FrameWorkload {
    private let session: Session
    private let table: DataFrame

    /// Opens a session of its own, which holds the table in its executors.
    init(_ data: LoadRequest, executors: Int) async throws {
        let cluster: ClusterConfiguration =
            switch data.variant {
            case "embedded": .embedded(executors: executors, threadsPerExecutor: 1)
            case "processes": .processes(executors: executors, threadsPerExecutor: 1)
            default: throw Unsupported("there is no variant '\(data.variant)'")
            }
        session = try Session(cluster: cluster)
        table = session.read.parquet(try data.path("table")).select("id1", "id3", "id4", "id6", "v1", "v3").cache()
        _ = try await table.count()
    }

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "few_groups": table.groupBy("id1").agg(sum("v1"), mean("v3"))
        case "many_groups": table.groupBy("id6").agg(sum("v1"), sum("v3"))
        case "text_groups": table.groupBy("id3").agg(sum("v1"), mean("v3"))
        case "join": joined
        case "all_rows": table.select("id4", "id6", "v1", "v3")
        default: nil
        }
    }

    /// Each row with the total of its pair of keys, of which there are nearly as many as rows.
    private var joined: DataFrame {
        let totals = table.groupBy("id4", "id6").agg(sum("v1").as("total"))
        return table.select("id4", "id6", "v3").join(totals, on: "id4", "id6")
            .agg(sum(col("v3") * col("total")).as("sum"), count())
    }
}
