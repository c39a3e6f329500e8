import StoaTasks
import Synchronization

/// The executors that take tasks, for who places data: written by the driver, read by any thread.
package final class ActiveExecutors: Sendable {
    private let ids: Mutex<[ExecutorID]>

    package init(_ executors: [ExecutorDescription] = []) { ids = Mutex(executors.map(\.id)) }

    /// In the order they came; empty while none takes tasks.
    package var all: [ExecutorID] { ids.withLock { $0 } }

    func publish(_ executors: [ExecutorID]) { ids.withLock { $0 = executors } }
}
