/// What a program asks of a session. What is nil is left to the environment, and then to Stoa; `session.configuration` tells
/// what came of it.
///
/// Each option can also be set by an environment variable: `resultLimit` by `STOA_RESULT_LIMIT`, `executors` of the cluster
/// by `STOA_EXECUTORS`.
public struct SessionOptions: Hashable, Sendable {
    /// Where the executors come from, how many there are, and where they run.
    public var cluster = ClusterConfiguration()
    /// Most bytes that the tasks and blocks of an executor take: what is more goes to files, or fails with `outOfMemory` that
    /// names operator, bytes and limit. The resident size of its process stays below the limit, 32 MB or a 64th of the limit
    /// if that is more, 8 MB for each thread beyond the first, and what the program takes itself; arrays of the user's own
    /// code and buffers inside file readers are not counted. Nor are data that the program gave, and rows of results that it
    /// took once no persisted partition has the same memory; but dictionaries of their texts, which other rows may share, and
    /// states of aggregates count as long as anybody has them.
    ///
    /// Unless given, the executors share three fifths of the memory that this process may use, by its cgroup and the machine:
    /// `maximumExecutors` of them where that is given, else those of the start. Executors inside this process that
    /// `addExecutor` adds beyond share it too; processes added beyond have the same limit as each of the others.
    public var executorMemory: ByteCount?
    /// The folder for what does not fit, in files without a name that vanish with their process; that of temporary files unless
    /// given.
    public var spillFolder: String?
    /// Most bytes that `collect` brings into this process: it refuses larger results. 4 GiB unless given.
    public var resultLimit: ByteCount?
    /// How often a task is tried, each time elsewhere if possible, before its job fails: 4 times unless given.
    public var maximumAttempts: Int?
    /// Whether a task that runs far longer than its peers is tried a second time elsewhere, and the first to finish counts:
    /// yes with processes, no with executors inside this process, unless given.
    public var speculation: Bool?
    /// How long an executor's process may be silent before it is taken for lost and replaced; 5 seconds unless given.
    public var heartbeatTimeout: Duration?
    /// How long a task that was cancelled may go on, as in a function that does not return, until its executor's process is
    /// ended and replaced, or, with executors inside this process, its thread is let go and replaced; 5 seconds unless given.
    public var cancellationTimeout: Duration?
    /// Fewest executors, with `maximumExecutors`; 1 unless given.
    public var minimumExecutors: Int?
    /// Most executors that may be started when tasks wait for long. Only when this is given do executors come and go by
    /// themselves.
    public var maximumExecutors: Int?
    /// How long an executor has nothing to do before it leaves, with `maximumExecutors`; a minute unless given.
    public var executorIdleTime: Duration?
    /// Whether the progress of jobs is shown; not, unless given.
    public var progress: ProgressDisplay?
    /// A file for what happens in the session, an event a line in JSON; `SessionHistory` reads it. None unless given.
    public var eventLog: String?
    /// A file for what each thread of the executors did when, in Chrome's trace format, which ui.perfetto.dev opens. None
    /// unless given.
    public var trace: String?

    /// Nothing is asked for.
    public init() {}
}
