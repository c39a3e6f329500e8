import StoaPlan
import StoaTasks

/// The datasets whose partitions executors hold. Used by the driver's thread alone.
///
/// ```
///              claim                complete                unpersist
///   (unknown) ------> materializing ---------> held ----------------------> (unknown), blocks dropped
///       ^                   |                    | unpersist while in use       ^
///       |      abandon      |                    v                              | last user ends
///       +-------------------+                condemned -------------------------+
/// ```
///
/// A dataset is computed by one job at a time: other jobs that want to persist it wait and then read what the first one left.
/// Jobs and unreleased results that read a dataset use it; while used, its blocks stay although it was unpersisted.
struct DatasetTable {
    /// A stage of some job.
    struct StageReference: Hashable {
        let job: JobID
        let stage: Int
    }

    /// What a stage that persists a dataset is to do.
    enum Claim {
        /// Compute it; nobody else does until `complete` or `abandon`.
        case granted
        /// Nothing: executors hold it already.
        case held(BlockTable)
        /// Ask again when `woken` names the stage.
        case wait
    }

    private enum State {
        case materializing(by: JobID, isWanted: Bool)
        case held(BlockTable, users: Set<JobID>)
        case condemned(BlockTable, users: Set<JobID>)
    }

    private var states: [DatasetID: State] = [:]
    private var waiting: [DatasetID: [StageReference]] = [:]
    private let snapshot: HeldDatasets
    private let calls: ClusterCalls
    /// Stages that should claim again; the owner takes and clears them.
    var woken: [StageReference] = []

    init(snapshot: HeldDatasets, calls: ClusterCalls) {
        self.snapshot = snapshot
        self.calls = calls
    }

    /// The blocks of a held dataset, kept until `release(_:by:)`; nil when it is not held.
    mutating func use(_ id: DatasetID, by job: JobID) -> BlockTable? {
        switch states[id] {
        case .held(let table, var users):
            users.insert(job)
            states[id] = .held(table, users: users)
            return table
        // It was unpersisted, but this job has kept the blocks alive.
        case .condemned(let table, let users) where users.contains(job): return table
        case .condemned, .materializing, nil: return nil
        }
    }

    /// Asks to compute a dataset for a stage that persists it.
    mutating func claim(_ id: DatasetID, for stage: StageReference) -> Claim {
        if let table = use(id, by: stage.job) { return .held(table) }
        if states[id] == nil {
            states[id] = .materializing(by: stage.job, isWanted: true)
            return .granted
        }
        waiting[id, default: []].append(stage)
        return .wait
    }

    /// The stage that computed the dataset is complete; its job becomes a user.
    mutating func complete(_ id: DatasetID, _ table: BlockTable, plannedSize: SizeEstimate, by job: JobID) {
        guard case .materializing(by: job, let isWanted) = states[id] else {
            preconditionFailure("\(job) completes \(id) without a claim")
        }
        if isWanted {
            states[id] = .held(table, users: [job])
            snapshot.publish(id, HeldDataset(table, plannedSize: plannedSize))
        } else {
            states[id] = .condemned(table, users: [job])
        }
        wake(id)
    }

    /// The job that computed the dataset failed; the caller drops what there is of it.
    mutating func abandon(_ id: DatasetID, by job: JobID) {
        guard case .materializing(by: job, _) = states[id] else {
            preconditionFailure("\(job) abandons \(id) without a claim")
        }
        states[id] = nil
        wake(id)
    }

    /// A job or its result does not read the dataset any more.
    mutating func release(_ id: DatasetID, by job: JobID) {
        switch states[id] {
        case .held(let table, var users):
            users.remove(job)
            states[id] = .held(table, users: users)
        case .condemned(let table, var users):
            users.remove(job)
            if users.isEmpty {
                calls.drop(table)
                states[id] = nil
                wake(id)
            } else {
                states[id] = .condemned(table, users: users)
            }
        case .materializing, nil: preconditionFailure("\(job) releases \(id), which it does not use")
        }
    }

    /// A dataset that the session has put on executors, and published itself, so that plans made before this see it.
    mutating func register(_ id: DatasetID, _ table: BlockTable) {
        precondition(states[id] == nil, "\(id) is registered a second time")
        states[id] = .held(table, users: [])
        wake(id)
    }

    /// Forgets a dataset; unknown ones are none of our business, since unpersisting twice is no mistake.
    mutating func unpersist(_ id: DatasetID) {
        snapshot.withdraw(id)
        switch states[id] {
        case .materializing(let job, _): states[id] = .materializing(by: job, isWanted: false)
        case .held(let table, let users) where users.isEmpty:
            calls.drop(table)
            states[id] = nil
            wake(id)
        case .held(let table, let users): states[id] = .condemned(table, users: users)
        case .condemned, nil: break
        }
    }

    /// A job has ended: none of its stages waits any more.
    mutating func forgetWaiting(of job: JobID) {
        for (id, stages) in waiting where stages.contains(where: { $0.job == job }) {
            let rest = stages.filter { $0.job != job }
            waiting[id] = rest.isEmpty ? nil : rest
        }
    }

    /// Whether this executor's copy of a dataset's partition is the one that readers are sent to, or may become it.
    func mayHold(_ id: DatasetID, partition: Int, on executor: Int) -> Bool {
        switch states[id] {
        case .held(let table, _), .condemned(let table, _): table.partitions[partition].executor == executor
        case .materializing: true
        case nil: false
        }
    }

    func count(into tables: inout DriverTables) {
        for state in states.values {
            switch state {
            case .materializing: tables.unfinishedDatasets += 1
            case .held: tables.heldDatasets += 1
            case .condemned: tables.condemnedDatasets += 1
            }
        }
        tables.stagesWaitingForDatasets = waiting.values.reduce(0) { $0 + $1.count }
    }

    private mutating func wake(_ id: DatasetID) {
        if let stages = waiting.removeValue(forKey: id) { woken += stages }
    }
}

extension HeldDataset {
    fileprivate init(_ table: BlockTable, plannedSize: SizeEstimate) {
        func sums(_ field: (BlockSize) -> Int) -> [Int] {
            table.partitions.map { $0.sizes.reduce(0) { $0 + field($1) } }
        }
        self.init(rowCounts: sums(\.rowCount), byteCounts: sums(\.byteCount), plannedSize: plannedSize)
    }
}
