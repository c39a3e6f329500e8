import Stoa

/// More rows than 32 bits count: one batch of memory, repeated.
struct ManyRows: FrameWorkload {
    private static let rowsPerBatch = 1 << 18
    private static let batchCount = (1 << 13) + 1

    private let frame: DataFrame

    /// 2^31 + 2^18 rows: `x` counts 0..<2^18 again and again, `key` is x modulo 1,000.
    init(session: Session) throws {
        let values = (0..<Self.rowsPerBatch).map { Int32($0) }
        let batch = try Batch(["x": Column(values), "key": Column(values.map { $0 % 1_000 })])
        frame = try session.dataFrame(
            Array(repeating: batch, count: Self.batchCount), rowsPerPartition: Self.rowsPerBatch)
    }

    func frame(of query: String) throws -> DataFrame? {
        switch query {
        case "count": frame.agg(count())
        case "sum": frame.agg(sum("x"))
        case "by_key": frame.groupBy("key").agg(sum("x"), count())
        default: nil
        }
    }
}
