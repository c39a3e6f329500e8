import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// The executors of a cluster by id: those that joined and have not left. Guard: one lock, held for look-ups only.
final class ExecutorDirectory: Sendable {
    /// An executor and its threads, which are there from the cluster's start to its end.
    struct Member: Sendable {
        let executor: TaskExecutor
        var threads: ExecutorThreads?
        /// Position of its core group.
        let group: Int
    }

    /// By id, which is never used twice; nil for those that have left.
    private let members = Mutex<[Member?]>([])

    /// Calls with the next free id; adds what comes back.
    func add(_ make: (ExecutorID) -> Member) -> Member {
        members.withLock { members in
            let member = make(ExecutorID(members.count))
            members.append(member)
            return member
        }
    }

    func setThreads(_ threads: ExecutorThreads, of id: ExecutorID) {
        members.withLock { $0[id.value]?.threads = threads }
    }

    /// Takes an executor out; nil when it is not there.
    func remove(_ id: ExecutorID) -> Member? {
        members.withLock { $0.indices.contains(id.value) ? $0[id.value].take() : nil }
    }

    subscript(id: ExecutorID) -> Member? {
        members.withLock { $0.indices.contains(id.value) ? $0[id.value] : nil }
    }

    /// Those that have not left, by id.
    var all: [Member] { members.withLock { $0.compactMap { $0 } } }

    /// A block, by reference. Throws a retryable `blockLost` when the executor does not hold it, or has left.
    func read(_ location: BlockLocation) throws(StoaError) -> Block {
        guard let member = self[location.executor], let block = member.executor.store.get(location.block) else {
            throw StoaError(
                .blockLost, source: .environment, "\(location.executor) does not hold the block \(location.block)",
                isRetryable: true)
        }
        return block
    }
}
