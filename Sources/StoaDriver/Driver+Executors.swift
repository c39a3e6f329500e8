import StoaColumns
import StoaTasks

extension Driver {
    /// Asks the cluster for one more executor and gives its id when it can be given tasks. Costs what starting one costs.
    ///
    /// Throws why it could not be started; `cancelled` when the driver is stopped.
    package func addExecutor() async throws(StoaError) -> ExecutorID {
        try await ask { .addExecutor($0) }.get()
    }

    /// Lets an executor leave: it is given no more tasks, ends those that it has, then the persisted partitions and the blocks
    /// of running jobs that it holds are copied to others, and the cluster ends it. Returns when it is gone, also when it
    /// died meanwhile. A result that was given out keeps the executor until `JobResult.release()`.
    ///
    /// Throws `unknownName` for one that is not there; `invalidArgument` for the last one that takes tasks; `cancelled` when
    /// the driver is stopped.
    package func removeExecutor(_ id: ExecutorID) async throws(StoaError) {
        try await ask { .removeExecutor(id, $0) }.get()
    }

    private func ask<Success: Sendable>(
        _ message: (@escaping @Sendable (Result<Success, StoaError>) -> Void) -> DriverMessage
    ) async -> Result<Success, StoaError> {
        await withCheckedContinuation { (continuation: CheckedContinuation<Result<Success, StoaError>, Never>) in
            if !mailbox.post(message { continuation.resume(returning: $0) }) {
                continuation.resume(returning: .failure(Self.isStopped))
            }
        }
    }

    /// Executors, running jobs and datasets, after all calls that were made before this one. Nil when the driver is stopped.
    /// Costs time in proportion to executors, stages and partitions of datasets.
    package func status() async -> DriverStatus? {
        await withCheckedContinuation { (continuation: CheckedContinuation<DriverStatus?, Never>) in
            if !mailbox.post(.report { continuation.resume(returning: $0) }) { continuation.resume(returning: nil) }
        }
    }

    /// What happens from now on, in order; ends when the driver stops. Each call has a stream of its own.
    ///
    /// A reader that leaves `capacity` events unread loses what comes next and finds `eventsLost` in its place, so that it
    /// never holds up the driver or others. An event costs the driver about half a microsecond for each reader, and nothing
    /// while there is none.
    package func events(capacity: Int = 65_536) -> AsyncStream<DriverEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DriverEvent.self, bufferingPolicy: .bufferingOldest(max(1, capacity)))
        let id = nextListener.add(1, ordering: .relaxed).oldValue
        continuation.onTermination = { [mailbox] _ in mailbox.post(.endListening(id)) }
        if !mailbox.post(.listen(id, continuation)) { continuation.finish() }
        return stream
    }
}
