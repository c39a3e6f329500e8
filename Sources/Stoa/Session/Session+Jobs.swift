import StoaColumns
import StoaDriver
import StoaExecution
import StoaPlan
import StoaTasks

extension Session {
    /// Runs the stages of a plan and takes the blocks of the last one over from the executors. When an executor dies before all
    /// are taken, the job runs again.
    ///
    /// - Parameter limit: most bytes to take over; nil for any number.
    func run(_ planned: PlannedQuery, limit: ByteCount? = nil) async throws -> [Block] {
        var result = try await execute(planned)
        var repetitions = 0
        while true {
            do throws(StoaError) {
                return try takeBlocks(of: result, limit: limit)
            } catch {
                guard mayRepeat(after: error, repetitions) else { throw error }
            }
            repetitions += 1
            result = try await execute(planned, isRepetition: true)
        }
    }

    private func takeBlocks(of result: JobResult, limit: ByteCount?) throws(StoaError) -> [Block] {
        defer { result.release() }
        if let limit { try result.check(limit) }
        var blocks: [Block] = []
        blocks.reserveCapacity(result.blocks.count)
        for block in result.blocks { blocks.append(try cluster.read(block.location)) }
        for block in blocks { block.handOver() }
        return blocks
    }

    /// Whether a result that could not be taken over, because who held it is gone, is to be computed once more.
    func mayRepeat(after error: StoaError, _ repetitions: Int) -> Bool {
        (error.code == .blockLost || error.code == .executorLost)
            && repetitions + 1 < configuration.value(\.maximumAttempts)
    }

    /// Runs the stages of a plan; the caller releases the result.
    ///
    /// - Parameter isRepetition: whether the same job has ended well before, so that what its functions add has counted.
    func execute(
        _ planned: PlannedQuery, isAnalyzed: Bool = false, isRepetition: Bool = false
    ) async throws -> JobResult {
        let result = try await observed(planned.graph, isAnalyzed: isAnalyzed)
        if isRepetition { return result }
        do {
            try accumulators.merge(result.accumulators)
        } catch {
            result.release()
            throw error
        }
        return result
    }

    private func observed(_ graph: StageGraph, isAnalyzed: Bool) async throws(StoaError) -> JobResult {
        progress?.begin()
        defer { progress?.end() }
        return try await driver.run(graph, isAnalyzed: isAnalyzed)
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
