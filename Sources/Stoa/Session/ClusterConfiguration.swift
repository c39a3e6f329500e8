import StoaCoreGroups

/// Where a session's executors come from.
public struct ClusterConfiguration: Hashable, Sendable {
    /// Executors to start; nil for one a core group.
    public let executors: Int?
    /// Task threads of each executor; nil for one a CPU of its core group.
    public let threadsPerExecutor: Int?
    /// What makes a core group.
    public let coreGroups: CoreGroups
    /// Whether task threads stay on their CPUs.
    public let isPinned: Bool

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
        executors: Int? = nil, threadsPerExecutor: Int? = nil, coreGroups: CoreGroups = .memoryNodes,
        pinned: Bool = true
    ) -> ClusterConfiguration {
        ClusterConfiguration(
            executors: executors, threadsPerExecutor: threadsPerExecutor, coreGroups: coreGroups, isPinned: pinned)
    }

    /// Executors inside this process, one per NUMA-aware core group.
    public static var embedded: ClusterConfiguration { .embedded() }

    var options: CoreGroupOptions {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = threadsPerExecutor
        options.grouping = coreGroups == .memoryNodes ? .memoryNode : .lastLevelCache
        options.pinning = isPinned ? .auto : .off
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
