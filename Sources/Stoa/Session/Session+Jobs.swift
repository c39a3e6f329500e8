import StoaColumns
import StoaDriver
import StoaExecution
import StoaPlan
import StoaTasks

extension Session {
    /// Runs the stages of a plan and takes the blocks of the last one over from the executors.
    ///
    /// - Parameter limit: most bytes to take over; nil for any number.
    func run(_ planned: PlannedQuery, limit: ByteCount? = nil) async throws -> [Block] {
        let result = try await execute(planned)
        defer { result.release() }
        if let limit { try result.check(limit) }
        return try result.blocks.map { try cluster.read($0.location) }
    }

    /// Runs the stages of a plan; the caller releases the result.
    func execute(_ planned: PlannedQuery, isAnalyzed: Bool = false) async throws -> JobResult {
        guard configuration.options.progress == .terminal else {
            return try await driver.run(planned.graph, isAnalyzed: isAnalyzed)
        }
        let bar = ProgressBar()
        defer { bar.finish() }
        return try await driver.run(planned.graph, isAnalyzed: isAnalyzed) { bar.update($0) }
    }
}

extension JobResult {
    /// Throws `resultTooLarge` when the rows are more than what may be collected.
    fileprivate func check(_ limit: ByteCount) throws(StoaError) {
        let (bytes, rows) = blocks.reduce((0, 0)) { ($0.0 + $1.byteCount, $0.1 + $1.rowCount) }
        if bytes <= limit.bytes { return }
        throw StoaError(
            .resultTooLarge,
            "the result has \(bytes) bytes (\(ByteCount(bytes: bytes))) in \(rows) rows, and collect takes at most "
                + "\(limit.bytes) bytes (\(limit))",
            advice: "write it to files, aggregate it, go over it with collectBatches(), or raise the session's "
                + "resultLimit (STOA_RESULT_LIMIT)")
    }
}
