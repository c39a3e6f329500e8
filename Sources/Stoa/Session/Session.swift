import StoaColumns
import StoaCoreGroups
import StoaDriver
import StoaFiles
import StoaPlan
import StoaProcesses
import StoaTasks
import Synchronization

/// What a user opens: one driver, one cluster, and the datasets that executors hold for it.
///
/// A session is shared freely between threads and Swift tasks. Its executors run until `stop()` or until the last
/// reference to the session and its data frames is gone.
public final class Session: Sendable {
    /// The options in force, and where each came from.
    public let configuration: SessionConfiguration
    let cluster: any SessionCluster
    let driver: Driver
    let recorder: SessionRecorder?
    let progress: ProgressBar?
    let files = FileCatalog()
    let accumulators = SessionAccumulators()
    let datasets = SessionDatasets()
    private let nextDataset = Atomic<Int>(0)

    /// Opens a session: finds the machine's core groups and starts their executors.
    ///
    /// What is given here goes before the environment's variables `STOA_*`, and these before the defaults; see
    /// `SessionConfiguration`. Throws `invalidArgument` for values that cannot be meant, `unknownName` for a variable
    /// `STOA_*` that is no option, and `incompatibleMachine` when this program was compiled for instructions that the machine
    /// does not have, and `executorLost` when an executor's process did not come up. Costs a few milliseconds; with processes
    /// some ten more, and what the program does before it opens the session.
    ///
    /// In a process that was started as an executor this does not return, whatever is given: see
    /// `ClusterConfiguration.processes`.
    ///
    /// - Parameters:
    ///   - cluster: where the executors come from.
    ///   - progress: whether the progress of jobs is shown.
    ///   - options: all else, and what is not given by the other parameters.
    public convenience init(
        cluster: ClusterConfiguration? = nil, progress: ProgressDisplay? = nil,
        options: SessionOptions = SessionOptions()
    ) throws(StoaError) {
        Self.runExecutorIfStarted()
        var given = options
        given.cluster = cluster ?? given.cluster
        given.progress = progress ?? given.progress
        let configuration = try SessionConfiguration(given)
        try self.init(executors: Self.makeCluster(configuration.options), configuration: configuration)
    }

    private static func makeCluster(_ session: SessionOptions) throws(StoaError) -> any SessionCluster {
        var coreGroups = session.cluster.coreGroupOptions
        coreGroups.executorMemory = session.executorMemory?.bytes
        coreGroups.maximumExecutors = session.maximumExecutors
        coreGroups.spillFolder = session.spillFolder
        guard session.cluster.kind == .processes else {
            return try CoreGroupCluster(topology: .machine(), options: coreGroups)
        }
        var options = ProcessOptions()
        options.coreGroups = coreGroups
        if let timeout = session.heartbeatTimeout { options.heartbeatTimeoutNanoseconds = timeout.nanoseconds }
        return try ProcessCluster(topology: .machine(), options: options)
    }

    /// Turns this process into an executor if a session of this program has started it as one, and does not return then; else
    /// does nothing.
    ///
    /// `init` does the same. A program that prints, asks, or changes files before it opens its session calls this first, so
    /// that its executors do not do so again.
    public static func runExecutorIfStarted() { ExecutorProcess.runIfStarted() }

    /// A session over executors that somebody else made; the environment has no say.
    package convenience init(
        executors cluster: any SessionCluster, options: SessionOptions = SessionOptions()
    ) throws(StoaError) {
        try self.init(executors: cluster, configuration: SessionConfiguration(options, environment: [:]))
    }

    private init(executors cluster: any SessionCluster, configuration: SessionConfiguration) throws(StoaError) {
        self.configuration = configuration
        self.cluster = cluster
        recorder = try SessionRecorder(configuration)
        progress = configuration.options.progress == .terminal ? .onStandardError() : nil
        driver = try Driver(cluster: cluster, options: configuration.driverOptions)
        recorder?.record(driver, executors: cluster.executors)
        progress?.follow(driver)
    }

    deinit {
        driver.stop()
        recorder?.finish()
    }

    /// Cancels what runs, ends the executors, frees all datasets, and completes the event log. Later actions throw
    /// `cancelled`.
    ///
    /// Tasks stop within milliseconds, unless a function of the user does not return: then this returns after some seconds. A
    /// process is killed with what runs in it; inside this process nothing can be, so standard error names the task, and its
    /// thread runs on.
    public func stop() {
        driver.stop()
        recorder?.finish()
    }

    /// Whether no job is known to the driver: nothing runs, nothing of an ended job is kept. True for a stopped session.
    package func isIdle() async -> Bool {
        await driver.tables()?.isEmptyOfJobs ?? true
    }

    /// Reading files: `session.read.csv("flights.csv")`.
    public var read: DataReader { DataReader(session: self) }

    func makeDatasetID() -> DatasetID {
        DatasetID(nextDataset.add(1, ordering: .relaxed).newValue)
    }

    var planner: QueryPlanner {
        QueryPlanner(catalog: SessionCatalog(files: files, driver: driver))
    }
}

/// What the planner may ask: files by StoaFiles, held datasets by the driver.
struct SessionCatalog: PlanCatalog {
    let files: FileCatalog
    let driver: Driver

    func schema(of scan: FileScan) throws(StoaError) -> Schema {
        try files.schema(of: scan)
    }

    func partitions(
        of scan: FileScan, projection: [Int], predicate: BoundExpression?
    ) throws(StoaError) -> ScanPartitions {
        try files.partitions(of: scan, projection: projection, predicate: predicate)
    }

    func heldDataset(_ id: DatasetID) -> HeldDataset? {
        driver.heldDatasets.heldDataset(id)
    }
}

/// Keeps a dataset on the executors for as long as a data frame needs it.
final class DatasetHandle: Sendable {
    let id: DatasetID
    private let driver: Driver
    private let datasets: SessionDatasets
    private let recorder: SessionRecorder?
    private let released = Atomic<Bool>(false)

    init(id: DatasetID, of session: Session) {
        self.id = id
        driver = session.driver
        datasets = session.datasets
        recorder = session.recorder
    }

    deinit { release() }

    /// Whether the executors need not keep the dataset any more.
    var isReleased: Bool { released.load(ordering: .acquiring) }

    /// Forgets the dataset. A second call does nothing.
    func release() {
        if released.exchange(true, ordering: .acquiringAndReleasing) { return }
        datasets.remove(id)
        driver.unpersist(id)
        recorder?.noteReleased(id)
    }
}
