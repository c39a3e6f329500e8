import Stoa

/// Files to columns in memory.
struct Scans: FrameWorkload {
    let session: Session
    let csv: String
    let parquet: String

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "csv": session.read.csv(csv)
        case "parquet": session.read.parquet(parquet)
        case "parquet_two": session.read.parquet(parquet).select("id4", "v3")
        default: nil
        }
    }
}
