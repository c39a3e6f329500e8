/// What a program asks of a session. What is nil is left to the environment, and then to Stoa; `session.configuration` tells
/// what came of it.
///
/// Each option can also be set by an environment variable: `resultLimit` by `STOA_RESULT_LIMIT`, `executors` of the cluster
/// by `STOA_EXECUTORS`.
public struct SessionOptions: Hashable, Sendable {
    /// Where the executors come from, how many there are, and where they run.
    public var cluster = ClusterConfiguration()
    /// Most bytes that `collect` brings into this process: it refuses larger results. 4 GiB unless given.
    public var resultLimit: ByteCount?
    /// How often a task is tried, each time elsewhere if possible, before its job fails: 4 times unless given.
    public var maximumAttempts: Int?
    /// Whether the progress of jobs is shown; not, unless given.
    public var progress: ProgressDisplay?

    /// Nothing is asked for.
    public init() {}
}
