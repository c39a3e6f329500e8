import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// What the driver's loop is told.
package enum DriverMessage: Sendable {
    case run(JobRequest)
    case cancel(JobID)
    case release(JobID)
    case releasePartition(JobID, Int)
    case events([ClusterEvent])
    case register(DatasetID, [LocatedBlock])
    case unpersist(DatasetID)
    case addExecutor(@Sendable (Result<ExecutorID, StoaError>) -> Void)
    case removeExecutor(ExecutorID, @Sendable (Result<Void, StoaError>) -> Void)
    case listen(Int, AsyncStream<DriverEvent>.Continuation)
    case endListening(Int)
    case inspect(@Sendable (DriverTables) -> Void)
    case report(@Sendable (DriverStatus) -> Void)
    case stop
}

/// A job on its way into the loop.
package struct JobRequest: Sendable {
    let id: JobID
    let outline: JobOutline
    /// Whether operators are measured.
    let isAnalyzed: Bool
    /// Set by the caller's cancellation, which may overtake the request.
    let isCancelled: Mark
    private let reply: @Sendable (Result<JobResult, StoaError>) -> Void
    /// Set after the reply, for a caller who looks for the result before it is suspended.
    let isAnswered = Mark()

    init(
        id: JobID, outline: JobOutline, isAnalyzed: Bool, isCancelled: Mark,
        reply: @escaping @Sendable (Result<JobResult, StoaError>) -> Void
    ) {
        self.id = id
        self.outline = outline
        self.isAnalyzed = isAnalyzed
        self.isCancelled = isCancelled
        self.reply = reply
    }

    /// A job for a loop without a driver.
    package init(
        id: JobID, graph: StageGraph, reply: @escaping @Sendable (Result<JobResult, StoaError>) -> Void
    ) {
        self.init(id: id, outline: JobOutline(graph), isAnalyzed: false, isCancelled: Mark(), reply: reply)
    }

    /// Answers a request that is not, or no longer, in any table.
    func answer(_ result: Result<JobResult, StoaError>) {
        reply(result)
        isAnswered.set()
    }
}

/// Set once, by any thread.
final class Mark: Sendable {
    private let mark = Atomic<Bool>(false)

    var isSet: Bool { mark.load(ordering: .acquiring) }

    func set() { mark.store(true, ordering: .releasing) }
}

/// What the tables of a driver hold: all zero except the held datasets when no job runs and all results are released.
package struct DriverTables: Hashable, Sendable {
    package var jobs = 0
    package var unreleasedResults = 0
    package var queuedTasks = 0
    /// Attempts that executors have not answered, also those that no longer count.
    package var runningAttempts = 0
    /// Stages that wait for a dataset which another job computes or still reads.
    package var stagesWaitingForDatasets = 0
    /// Datasets that a running job computes.
    package var unfinishedDatasets = 0
    /// Datasets that were unpersisted while jobs or results used them.
    package var condemnedDatasets = 0
    package var heldDatasets = 0
    /// Calls of `Cluster.copy` without an answer.
    package var copiesUnderWay = 0
    /// Executors that were asked for and have not come.
    package var executorRequests = 0
    /// Executors that are to leave and have not.
    package var drainingExecutors = 0

    package init() {}

    /// Whether nothing is left of any job.
    package var isEmptyOfJobs: Bool {
        var rest = self
        rest.heldDatasets = 0
        rest.executorRequests = 0
        rest.drainingExecutors = 0
        rest.copiesUnderWay = 0
        return rest == DriverTables()
    }
}
