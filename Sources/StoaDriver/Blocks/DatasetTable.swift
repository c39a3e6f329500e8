import StoaColumns
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
/// Jobs and unreleased results that read a dataset use it; while used, its blocks stay although it was unpersisted. A held
/// dataset may have lost partitions: whoever reads them computes them again from its lineage.
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

    /// A dataset that was computed or given.
    struct Held {
        let table: BlockTable
        let origin: DatasetOrigin
        /// What was added to accumulators on the way to it, until a job has ended well that reads it.
        var uncounted: [UncountedStage] = []
        var users: Set<JobID>
    }

    private enum State {
        /// The table is the stage's once it runs.
        case materializing(by: JobID, BlockTable?, isWanted: Bool)
        case held(Held)
        case condemned(Held)
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
    mutating func use(_ id: DatasetID, by job: JobID) -> Held? {
        switch states[id] {
        case .held(var held):
            held.users.insert(job)
            states[id] = .held(held)
            return held
        // It was unpersisted, but this job has kept the blocks alive.
        case .condemned(let held) where held.users.contains(job): return held
        case .condemned, .materializing, nil: return nil
        }
    }

    /// Asks to compute a dataset for a stage that persists it.
    mutating func claim(_ id: DatasetID, for stage: StageReference) -> Claim {
        if let held = use(id, by: stage.job) { return .held(held.table) }
        if states[id] == nil {
            states[id] = .materializing(by: stage.job, nil, isWanted: true)
            return .granted
        }
        waiting[id, default: []].append(stage)
        return .wait
    }

    /// The stage that was granted the claim writes here where the blocks are.
    mutating func begin(_ id: DatasetID, _ table: BlockTable) {
        guard case .materializing(let job, nil, let isWanted) = states[id] else {
            preconditionFailure("\(id) is begun without a claim")
        }
        states[id] = .materializing(by: job, table, isWanted: isWanted)
    }

    /// The stage that computed the dataset is complete; its job becomes a user.
    mutating func complete(
        _ id: DatasetID, _ table: BlockTable, origin: DatasetOrigin, uncounted: [UncountedStage],
        plannedSize: SizeEstimate, schema: Schema, by job: JobID
    ) {
        guard case .materializing(by: job, _, let isWanted) = states[id] else {
            preconditionFailure("\(job) completes \(id) without a claim")
        }
        let held = Held(table: table, origin: origin, uncounted: uncounted, users: [job])
        if isWanted {
            states[id] = .held(held)
            snapshot.publish(id, HeldDataset(table, plannedSize: plannedSize, schema: schema))
        } else {
            states[id] = .condemned(held)
        }
        wake(id)
    }

    /// What was added to accumulators on the way to a dataset that is in use; nothing from then on.
    mutating func takeUncounted(_ id: DatasetID) -> [UncountedStage] {
        guard var held = held(id), !held.uncounted.isEmpty else { return [] }
        let uncounted = held.uncounted
        held.uncounted = []
        if case .condemned = states[id] { states[id] = .condemned(held) } else { states[id] = .held(held) }
        return uncounted
    }

    /// The job that computed the dataset failed; the caller drops what there is of it.
    mutating func abandon(_ id: DatasetID, by job: JobID) {
        guard case .materializing(by: job, _, _) = states[id] else {
            preconditionFailure("\(job) abandons \(id) without a claim")
        }
        states[id] = nil
        wake(id)
    }

    /// A job or its result does not read the dataset any more.
    mutating func release(_ id: DatasetID, by job: JobID) {
        switch states[id] {
        case .held(var held):
            held.users.remove(job)
            states[id] = .held(held)
        case .condemned(var held):
            held.users.remove(job)
            if held.users.isEmpty {
                calls.drop(held.table)
                states[id] = nil
                wake(id)
            } else {
                states[id] = .condemned(held)
            }
        case .materializing, nil: preconditionFailure("\(job) releases \(id), which it does not use")
        }
    }

    /// A dataset that the session has put on executors, and published itself, so that plans made before this see it.
    mutating func register(_ id: DatasetID, _ table: BlockTable) {
        precondition(states[id] == nil, "\(id) is registered a second time")
        states[id] = .held(Held(table: table, origin: .given, users: []))
        wake(id)
    }

    /// Forgets a dataset; unknown ones are none of our business, since unpersisting twice is no mistake.
    mutating func unpersist(_ id: DatasetID) {
        snapshot.withdraw(id)
        switch states[id] {
        case .materializing(let job, let table, _): states[id] = .materializing(by: job, table, isWanted: false)
        case .held(let held) where held.users.isEmpty:
            calls.drop(held.table)
            states[id] = nil
            wake(id)
        case .held(let held): states[id] = .condemned(held)
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

    /// Where the partitions of a dataset are, while it is held or being computed.
    func table(of id: DatasetID) -> BlockTable? {
        switch states[id] {
        case .held(let held), .condemned(let held): held.table
        case .materializing(_, let table, _): table
        case nil: nil
        }
    }

    /// A held dataset, also one that goes when its last user ends.
    func held(_ id: DatasetID) -> Held? {
        switch states[id] {
        case .held(let held), .condemned(let held): held
        case .materializing, nil: nil
        }
    }

    /// All datasets that are held or being computed, in order of their ids.
    var all: [(id: DatasetID, table: BlockTable, isGiven: Bool)] {
        states.keys.sorted().compactMap { id in
            guard let table = table(of: id) else { return nil }
            let isGiven = if case .given = held(id)?.origin { true } else { false }
            return (id, table, isGiven)
        }
    }

    /// Whether this executor's copy of a dataset's partition is the one that readers are sent to.
    func holds(_ id: DatasetID, partition: Int, on executor: Int) -> Bool {
        guard let table = table(of: id), table.partitions.indices.contains(partition) else { return false }
        return table[partition]?.executor == executor
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
    fileprivate init(_ table: BlockTable, plannedSize: SizeEstimate, schema: Schema) {
        func sums(_ field: (BlockSize) -> Int) -> [Int] {
            table.partitions.map { $0?.sizes.reduce(0) { $0 + field($1) } ?? 0 }
        }
        self.init(rowCounts: sums(\.rowCount), byteCounts: sums(\.byteCount), plannedSize: plannedSize, schema: schema)
    }
}
