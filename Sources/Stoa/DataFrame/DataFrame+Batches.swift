import StoaColumns
import StoaDriver
import StoaExecution
import StoaPlan
import StoaTasks

extension DataFrame {
    /// All rows, batch by batch in their order, for results that need not fit in this process's memory:
    /// `for try await batch in frame.collectBatches() { ... }`.
    ///
    /// The rows are computed when the first batch is asked for, and stay with the executors until their turn comes. Then
    /// one partition at a time is handed over, and its executor lets go of it; batches without rows are left out. A loop that
    /// is left early, by a `break`, an error or the cancellation of its Swift task, frees the rest. Each iteration computes
    /// the rows anew.
    public func collectBatches() -> BatchSequence {
        BatchSequence(frame: self)
    }
}

/// The rows of a data frame as batches in order: see `DataFrame.collectBatches()`.
public struct BatchSequence: AsyncSequence, Sendable {
    let frame: DataFrame

    /// Begins an iteration; nothing runs before its first batch is asked for.
    public func makeAsyncIterator() -> Iterator { Iterator(frame: frame) }

    /// One iteration, for one Swift task at a time.
    public struct Iterator: AsyncIteratorProtocol {
        private enum State {
            case planned(DataFrame)
            case running(HeldResult)
            case ended
        }

        private var state: State
        // Of the partition that was handed over last; those before `next` were given.
        private var batches: [Batch] = []
        private var next = 0

        init(frame: DataFrame) { state = .planned(frame) }

        /// The next batch, nil at the end and after an error. Throws what `collect` would throw, but for the size, and
        /// `cancelled` when the Swift task was cancelled.
        public mutating func next() async throws -> Batch? {
            do {
                return try await advance()
            } catch {
                (state, batches) = (.ended, [])
                throw error
            }
        }

        private mutating func advance() async throws -> Batch? {
            while true {
                switch state {
                case .ended: return nil
                case .planned(let frame): state = .running(try await HeldResult(of: frame))
                case .running(let result):
                    if Task.isCancelled {
                        throw StoaError(.cancelled, "the iteration over the result was cancelled")
                    }
                    if next < batches.count {
                        defer { next += 1 }
                        return batches[next]
                    }
                    // The one partition is let go of before the other is taken.
                    (batches, next) = ([], 0)
                    guard let rows = try await result.takeNext() else {
                        state = .ended
                        return nil
                    }
                    batches = rows
                }
            }
        }
    }
}

/// A result on the executors of which one partition after the other is taken; gone with the value.
private final class HeldResult {
    private let session: Session
    private let planned: PlannedQuery
    private var result: JobResult
    // What the rows were made from stays as long as they may be asked for.
    private let handles: [any AnyObject & Sendable]
    private var next = 0
    private var repetitions = 0

    init(of frame: DataFrame) async throws {
        session = frame.session
        handles = frame.handles
        planned = try session.planner.plan(frame.plan(), for: .rows)
        result = try await session.execute(planned)
    }

    deinit { result.release() }

    /// The batches of the next partition, nil after the last. Its executor lets go of them.
    ///
    /// When an executor has died with partitions that were not taken, the job runs again, and gives the same ones.
    func takeNext() async throws -> [Batch]? {
        while next < result.blocks.count {
            do throws(StoaError) {
                let block = try session.cluster.read(result.blocks[next].location)
                block.handOver()
                result.release(partition: next)
                next += 1
                return try block.rows()
            } catch {
                guard session.mayRepeat(after: error, repetitions) else { throw error }
            }
            repetitions += 1
            result.release()
            result = try await session.execute(planned, isRepetition: true)
            for partition in 0..<next { result.release(partition: partition) }
        }
        return nil
    }
}
