import StoaColumns
import Synchronization

/// How a running task learns that nobody wants its result any more, and others how far it is. Guard: atomic; set by any
/// thread and read by the task's, and the other way round.
package final class CancellationFlag: Sendable {
    private let isSet = Atomic<Bool>(false)
    private let rows = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    package init() {}

    /// Asks the task to stop; it does so within milliseconds and leaves nothing behind.
    package func cancel() { isSet.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { isSet.load(ordering: .relaxed) }

    /// Throws `cancelled` once the flag is set. Costs one load: call it every morsel, not every row.
    @inline(__always)
    package func check() throws(StoaError) {
        if isCancelled { throw Self.error }
    }

    /// Notes what the task has read. Called by its thread alone.
    func countRead(rows: Int, bytes: Int) {
        self.rows.add(rows, ordering: .relaxed)
        self.bytes.add(bytes, ordering: .relaxed)
    }

    /// Rows and bytes that the task has read so far.
    package var read: (rows: Int, bytes: Int) { (rows.load(ordering: .relaxed), bytes.load(ordering: .relaxed)) }

    /// What a cancelled task fails with.
    package static var error: StoaError {
        StoaError(.cancelled, "the task was cancelled", isRetryable: true)
    }
}
