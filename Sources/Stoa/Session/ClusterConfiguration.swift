import StoaCoreGroups

/// Where a session's executors come from. What is nil is left to the environment, and then to Stoa.
public struct ClusterConfiguration: Hashable, Sendable {
    /// Where executors run; in this process unless given.
    public var kind: Kind?
    /// Executors to start; one a core group unless given.
    public var executors: Int?
    /// Task threads of each executor; one a CPU of its core group unless given.
    public var threadsPerExecutor: Int?
    /// What makes a core group; the memory node unless given.
    public var coreGroups: CoreGroups?
    /// Whether task threads stay on their CPUs; they do unless given.
    public var pinning: Bool?

    /// Nothing is asked for.
    public init() {}

    /// Where executors run.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Inside this process.
        case embedded
        /// In processes of their own on this machine.
        case processes
    }

    /// What makes CPUs a core group, and so an executor.
    public enum CoreGroups: String, Hashable, Sendable, CaseIterable {
        /// The same memory node.
        case memoryNodes
        /// The same last-level cache: finer on processors built of several dies.
        case lastLevelCaches
    }

    /// Executors inside this process, one per NUMA-aware core group unless another number is asked for.
    ///
    /// Numbers above the machine's CPUs are allowed; such threads share CPUs. Results never depend on these numbers.
    public static func embedded(
        executors: Int? = nil, threadsPerExecutor: Int? = nil, coreGroups: CoreGroups? = nil,
        pinned: Bool? = nil
    ) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.kind = .embedded
        configuration.executors = executors
        configuration.threadsPerExecutor = threadsPerExecutor
        configuration.coreGroups = coreGroups
        configuration.pinning = pinned
        return configuration
    }

    /// Executors inside this process, one per NUMA-aware core group.
    public static var embedded: ClusterConfiguration { .embedded() }

    /// Executors as processes of this machine, one per NUMA-aware core group unless another number is asked for, each bound
    /// to its CPUs and its memory.
    ///
    /// An executor is this program started again, with the same arguments, in the same folder: whatever the program does
    /// before it opens its first session, each executor does, too. There it becomes the executor, and `Session.init` does not
    /// return; so user-defined functions and aggregates exist on both sides. What executors print afterwards appears line by
    /// line behind their names; standard input is empty. See `Session.runExecutorIfStarted()` for programs that do much before
    /// their session.
    public static func processes(
        executors: Int? = nil, threadsPerExecutor: Int? = nil, coreGroups: CoreGroups? = nil,
        pinned: Bool? = nil
    ) -> ClusterConfiguration {
        var configuration = embedded(
            executors: executors, threadsPerExecutor: threadsPerExecutor, coreGroups: coreGroups, pinned: pinned)
        configuration.kind = .processes
        return configuration
    }

    var coreGroupOptions: CoreGroupOptions {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = threadsPerExecutor
        options.grouping = coreGroups == .lastLevelCaches ? .lastLevelCache : .memoryNode
        options.pinning = pinning == false ? .off : .auto
        return options
    }
}

/// Whether a session shows its jobs' progress.
public enum ProgressDisplay: String, Hashable, Sendable, CaseIterable {
    /// Nothing is shown.
    case none
    /// One line on standard error that is redrawn while a job runs, and only when standard error is a terminal.
    case terminal
}
