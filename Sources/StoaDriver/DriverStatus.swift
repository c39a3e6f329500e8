import StoaPlan
import StoaTasks

/// An executor as the driver sees it.
package struct ExecutorReport: Hashable, Codable, Sendable {
    package enum State: String, Hashable, Codable, Sendable {
        case active
        /// Its tasks failed too often: it is given none for a while.
        case excluded
        /// It is to leave: no new tasks; what it keeps moves to others.
        case draining
    }

    package let description: ExecutorDescription
    package let state: State
    /// Attempts that it was given and has not answered.
    package let unansweredTasks: Int
    /// What it said last about itself; nil when it has not.
    package let status: ExecutorStatus?
}

/// A dataset that executors hold.
package struct DatasetReport: Hashable, Sendable {
    package let id: DatasetID
    package let partitionCount: Int
    /// Partitions that are there; the others were lost or given up for room, and are computed again by who reads them.
    package let heldPartitionCount: Int
    /// Rows and bytes of the partitions that are there.
    package let rowCount: Int
    package let byteCount: Int
    /// How many partitions each executor holds.
    package let partitionsByExecutor: [ExecutorID: Int]
    /// Whether the session gave it, so that it cannot be computed again.
    package let isGiven: Bool

    /// Of all partitions; one for a dataset that has none.
    package var heldFraction: Double { partitionCount == 0 ? 1 : Double(heldPartitionCount) / Double(partitionCount) }
}

/// What a driver is doing.
package struct DriverStatus: Sendable {
    /// Those that have not left or died, in the order they came.
    package let executors: [ExecutorReport]
    /// Jobs that run, in the order they came.
    package let jobs: [JobProgress]
    /// Datasets that are held or being computed.
    package let datasets: [DatasetReport]
    /// Tasks that wait for an executor.
    package let waitingTasks: Int

    init(_ stages: StageScheduler) {
        let table = stages.executors
        executors = table.all.indices.compactMap { position in
            let executor = table.all[position]
            let state: ExecutorReport.State
            switch executor.state {
            case .active: state = .active
            case .excluded: state = .excluded
            case .draining, .leaving: state = .draining
            case .gone: return nil
            }
            return ExecutorReport(
                description: executor.description, state: state, unansweredTasks: table.load[position],
                status: executor.status)
        }
        let running = table.alive.flatMap { executor in
            (table.all[executor].status?.progress ?? []).map { (executor, $0) }
        }
        jobs = stages.jobs.values.sorted { $0.id < $1.id }.map { $0.progress(running) }
        datasets = stages.datasets.all.map { DatasetReport($0.id, $0.table, isGiven: $0.isGiven, table) }
        waitingTasks = stages.tasks.waitingCount
    }
}

extension DatasetReport {
    fileprivate init(_ id: DatasetID, _ table: BlockTable, isGiven: Bool, _ executors: ExecutorTable) {
        var held = 0
        var rows = 0
        var bytes = 0
        var byExecutor: [ExecutorID: Int] = [:]
        for partition in table.partitions.indices {
            guard let blocks = table[partition] else { continue }
            held += 1
            rows += blocks.sizes.reduce(0) { $0 + $1.rowCount }
            bytes += blocks.sizes.reduce(0) { $0 + $1.byteCount }
            byExecutor[executors.ids[blocks.executor], default: 0] += 1
        }
        self.init(
            id: id, partitionCount: table.partitions.count, heldPartitionCount: held, rowCount: rows, byteCount: bytes,
            partitionsByExecutor: byExecutor, isGiven: isGiven)
    }
}
