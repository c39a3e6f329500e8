import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// What the driver's loop is told.
enum DriverMessage: Sendable {
    case run(JobRequest)
    case cancel(JobID)
    case release(JobID)
    case releasePartition(JobID, Int)
    case events([ClusterEvent])
    case register(DatasetID, [LocatedBlock])
    case unpersist(DatasetID)
    case inspect(CheckedContinuation<DriverTables?, Never>)
    case stop
}

/// A job on its way into the loop.
struct JobRequest: Sendable {
    let id: JobID
    let outline: JobOutline
    /// Whether operators are measured.
    let isAnalyzed: Bool
    let feed: ProgressFeed?
    /// Set by the caller's cancellation, which may overtake the request.
    let isCancelled: Mark
    let continuation: CheckedContinuation<Result<JobResult, StoaError>, Never>
    /// Set after the continuation was resumed, for a caller who looks for the result before it is suspended.
    let isAnswered = Mark()
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
    package var runningAttempts = 0
    /// Stages that wait for a dataset which another job computes or still reads.
    package var stagesWaitingForDatasets = 0
    /// Datasets that a running job computes.
    package var unfinishedDatasets = 0
    /// Datasets that were unpersisted while jobs or results used them.
    package var condemnedDatasets = 0
    package var heldDatasets = 0

    package init() {}

    /// Whether nothing is left of any job.
    package var isEmptyOfJobs: Bool {
        var rest = self
        rest.heldDatasets = 0
        return rest == DriverTables()
    }
}
