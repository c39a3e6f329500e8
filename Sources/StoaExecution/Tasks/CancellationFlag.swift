import StoaColumns
import Synchronization

/// How a running task learns that nobody wants its result any more. Guard: atomic; set by any thread, read by the task's.
package final class CancellationFlag: Sendable {
    private let isSet = Atomic<Bool>(false)

    package init() {}

    /// Asks the task to stop; it does so within milliseconds and leaves nothing behind.
    package func cancel() { isSet.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { isSet.load(ordering: .relaxed) }

    /// Throws `cancelled` once the flag is set. Costs one load: call it every morsel, not every row.
    @inline(__always)
    package func check() throws(StoaError) {
        if isCancelled { throw Self.error }
    }

    /// What a cancelled task fails with.
    package static var error: StoaError {
        StoaError(.cancelled, "the task was cancelled", isRetryable: true)
    }
}
