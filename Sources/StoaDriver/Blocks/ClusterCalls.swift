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

    init(cluster: any Cluster) {
        self.cluster = cluster
        executors = cluster.executors
        precondition(!executors.isEmpty, "a cluster has at least one executor")
        precondition(executors.allSatisfy { $0.slots > 0 }, "every executor runs at least one task at once")
        positions = Dictionary(uniqueKeysWithValues: zip(executors.map(\.id), executors.indices))
        drops = Array(repeating: [], count: executors.count)
    }

    /// Position of an executor in the cluster's list.
    func position(of executor: ExecutorID) -> Int {
        guard let position = positions[executor] else {
            preconditionFailure("the cluster speaks of \(executor), which it does not list")
        }
        return position
    }

    func submit(_ task: TaskDescription, to executor: Int) {
        cluster.submit(task, to: executors[executor].id)
    }

    func cancel(_ task: TaskID, on executor: Int) {
        cluster.cancel(task, on: executors[executor].id)
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
