import StoaTasks

/// The way of a job's progress to its listener: the driver's thread sends and goes on, a task of the caller's calls the
/// listener. At most one progress waits, the newest: a slow listener sees fewer, and hurts nobody else.
struct ProgressFeed: Sendable {
    private let continuation: AsyncStream<JobProgress>.Continuation
    private let delivery: Task<Void, Never>

    init(_ listener: @escaping @Sendable (JobProgress) -> Void) {
        let (stream, continuation) = AsyncStream.makeStream(of: JobProgress.self, bufferingPolicy: .bufferingNewest(1))
        self.continuation = continuation
        delivery = Task {
            for await progress in stream { listener(progress) }
        }
    }

    func send(_ progress: JobProgress) { continuation.yield(progress) }

    /// No progress follows.
    func finish() { continuation.finish() }

    /// Returns when the listener has returned from its last call.
    func untilDelivered() async { await delivery.value }
}
