import StoaColumns
import StoaTasks

/// The driver's side of a cluster: the calls to its executors by position, several at once where messages cost. Calls for
/// executors that are gone go nowhere. Used by the driver's thread alone.
final class ClusterCalls {
    private let cluster: any Cluster
    let executors: ExecutorTable
    // Blocks to be dropped, and attempts to be run and stopped, by executor; sent in one call each.
    @exclusivity(unchecked) private var drops = CallQueue<BlockID>()
    @exclusivity(unchecked) private var tasks = CallQueue<TaskDescription>()
    @exclusivity(unchecked) private var cancellations = CallQueue<TaskID>()

    init(cluster: any Cluster, executors: ExecutorTable) {
        self.cluster = cluster
        self.executors = executors
    }

    func submit(_ task: TaskDescription, to executor: Int) { tasks.append(task, for: executor) }

    /// Sends the attempts that have come together.
    func sendTasks() {
        tasks.sendAll { cluster.submit($1, to: executors.ids[$0]) }
    }

    /// Asks executors to stop an attempt, which has been sent.
    func cancel(_ attempt: TaskID, on executor: Int) { cancellations.append(attempt, for: executor) }

    func sendCancellations() {
        cancellations.sendAll { cluster.cancel($1, on: executors.ids[$0]) }
    }

    /// An attempt that was asked to stop does not.
    func giveUp(_ attempt: TaskID, on executor: Int, _ reason: StoaError) {
        cluster.giveUp(attempt, on: executors.ids[executor], reason)
    }

    func drop(_ block: BlockID, on executor: Int) {
        if executors.isAlive(executor) { drops.append(block, for: executor) }
    }

    /// Drops all blocks of a table, which nobody reads any more.
    func drop(_ table: BlockTable) {
        table.isDropped = true
        for partition in table.partitions.indices {
            guard let blocks = table[partition] else { continue }
            for bucket in blocks.sizes.indices {
                drop(table.naming.id(partition: partition, bucket: bucket), on: blocks.executor)
            }
        }
    }

    /// Sends the drops that have come together.
    func sendDrops() {
        drops.sendAll { executor, blocks in
            if executors.isAlive(executor) { cluster.drop(blocks, on: executors.ids[executor]) }
        }
    }

    /// An executor is gone: nothing is sent to it any more.
    func forget(_ executor: Int) {
        drops.forget(executor)
        tasks.forget(executor)
        cancellations.forget(executor)
    }

    func addExecutor() { cluster.addExecutor() }

    func removeExecutor(_ executor: Int) { cluster.removeExecutor(executors.ids[executor]) }

    func copy(_ blocks: [BlockLocation], to executor: Int) { cluster.copy(blocks, to: executors.ids[executor]) }

    func stop() {
        sendDrops()
        cluster.stop()
    }
}

/// What is to be sent to executors, by position. Sending costs in proportion to what there is, not to the executors.
private struct CallQueue<Element> {
    private var queues: [[Element]] = []
    private var filled: [Int] = []

    mutating func append(_ element: Element, for executor: Int) {
        while queues.count <= executor { queues.append([]) }
        if queues[executor].isEmpty { filled.append(executor) }
        queues[executor].append(element)
    }

    mutating func sendAll(_ send: (Int, [Element]) -> Void) {
        if filled.isEmpty { return }
        for executor in filled where !queues[executor].isEmpty {
            send(executor, queues[executor])
            queues[executor].removeAll(keepingCapacity: true)
        }
        filled.removeAll(keepingCapacity: true)
    }

    mutating func forget(_ executor: Int) {
        guard executor < queues.count, !queues[executor].isEmpty else { return }
        queues[executor].removeAll()
        filled.removeAll { $0 == executor }
    }
}
