import StoaColumns

/// How the executors of this process are laid out. The defaults use each CPU that the process may use with one thread.
package struct CoreGroupOptions: Hashable, Sendable {
    package enum Pinning: String, Hashable, Sendable, CaseIterable {
        /// Threads are pinned: each to a CPU of its own while there are enough, else all of an executor to its CPUs.
        case auto
        case off
    }

    /// What makes a core group.
    package var grouping = CoreGrouping.memoryNode
    /// Executors; nil for one a core group.
    package var executorCount: Int?
    /// Threads of each executor; nil for one a CPU.
    package var threadsPerExecutor: Int?
    package var pinning = Pinning.auto
    /// How long a thread looks for the next task before it sleeps. Being woken costs 5-50 us: a thread that was woken for
    /// tasks to come must not sleep again before the driver, woken at the same time, has sent them.
    package var spinNanoseconds = 50_000
    /// How long the end of the cluster waits for tasks that do not stop; their threads run on without it.
    package var stopNanoseconds = 2_000_000_000

    /// Bytes that the tasks and blocks of an executor take at most; nil for its share of `MachineMemory.defaultLimit`.
    package var executorMemory: Int?
    /// Most executors that may be started by themselves; those of the start when there are more.
    package var maximumExecutors: Int?
    /// Where executors keep what does not fit; nil for the folder of temporary files.
    package var spillFolder: String?

    /// Less is not enough for the morsels of a few threads.
    package static let leastExecutorMemory = 16 << 20

    package init() {}

    /// Bytes that the tasks and blocks of an executor take at most when there are so many executors, or those that may be
    /// started.
    package func executorMemory(executors: Int) -> Int {
        executorMemory ?? MachineMemory.defaultLimit(executors: max(executors, maximumExecutors ?? 0))
    }

    /// Throws `invalidArgument` for numbers that make no sense.
    package func check() throws(StoaError) {
        if let executorMemory, executorMemory < Self.leastExecutorMemory {
            throw StoaError(
                .invalidArgument, "\(executorMemory) bytes of memory for an executor",
                advice: "give \(Self.leastExecutorMemory) bytes or more")
        }
        for (name, value) in [("executors", executorCount), ("threads of an executor", threadsPerExecutor)] {
            if let value, !(1...1024).contains(value) {
                throw StoaError(.invalidArgument, "\(value) \(name)", advice: "give 1 to 1024")
            }
        }
    }
}
