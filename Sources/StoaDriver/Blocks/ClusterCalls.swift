import StoaColumns
import StoaTasks

/// The driver's side of a cluster: executors by position, and the calls to them. Used by the driver's thread alone.
final class ClusterCalls {
    private let cluster: any Cluster
    let executors: [ExecutorDescription]
    private let positions: [ExecutorID: Int]
    // Blocks to be dropped, by executor; sent in one call each by `sendDrops`.
    private var drops: [[BlockID]]
    private var hasDrops = false
    // Attempts to be run, by executor; sent in one call each by `sendTasks`.
    private var tasks: [[TaskDescription]]

    init(cluster: any Cluster) {
        self.cluster = cluster
        executors = cluster.executors
        precondition(!executors.isEmpty, "a cluster has at least one executor")
        precondition(executors.allSatisfy { $0.slots > 0 }, "every executor runs at least one task at once")
        positions = Dictionary(uniqueKeysWithValues: zip(executors.map(\.id), executors.indices))
        drops = Array(repeating: [], count: executors.count)
        tasks = Array(repeating: [], count: executors.count)
    }

    /// Position of an executor in the cluster's list.
    func position(of executor: ExecutorID) -> Int {
        // Most clusters number their executors like this.
        if executors.indices.contains(executor.value), executors[executor.value].id == executor {
            return executor.value
        }
        guard let position = positions[executor] else {
            preconditionFailure("the cluster speaks of \(executor), which it does not list")
        }
        return position
    }

    func submit(_ task: TaskDescription, to executor: Int) {
        tasks[executor].append(task)
    }

    /// Sends the attempts that have come together.
    func sendTasks() {
        for executor in tasks.indices where !tasks[executor].isEmpty {
            cluster.submit(tasks[executor], to: executors[executor].id)
            tasks[executor].removeAll(keepingCapacity: true)
        }
    }

    /// Asks executors to stop attempts, which have been sent.
    func cancel(_ attempts: [[TaskID]]) {
        for executor in attempts.indices where !attempts[executor].isEmpty {
            cluster.cancel(attempts[executor], on: executors[executor].id)
        }
    }

    func drop(_ block: BlockID, on executor: Int) {
        drops[executor].append(block)
        hasDrops = true
    }

    func drop(_ blocks: PartitionBlocks, partition: Int, naming: BlockNaming) {
        for bucket in blocks.sizes.indices {
            drop(naming.id(partition: partition, bucket: bucket), on: blocks.executor)
        }
    }

    func drop(_ table: BlockTable) {
        for (partition, blocks) in table.partitions.enumerated() {
            drop(blocks, partition: partition, naming: table.naming)
        }
    }

    /// Sends the drops that have come together.
    func sendDrops() {
        guard hasDrops else { return }
        hasDrops = false
        for executor in drops.indices where !drops[executor].isEmpty {
            cluster.drop(drops[executor], on: executors[executor].id)
            drops[executor].removeAll(keepingCapacity: true)
        }
    }

    func stop() {
        sendDrops()
        cluster.stop()
    }
}
