import FoundationEssentials
import StoaColumns
import StoaPlan
import StoaTasks

/// A cluster that encodes every task and runs the decoded one, as a cluster of other processes would.
final class RecodingCluster: Cluster {
    private let inner: any Cluster

    init(_ inner: any Cluster) { self.inner = inner }

    var executors: [ExecutorDescription] { inner.executors }

    func start(events: @escaping @Sendable (ClusterEvent) -> Void) throws(StoaError) {
        try inner.start(events: events)
    }

    func submit(_ task: TaskDescription, to executor: ExecutorID) {
        do {
            // JSON has no NaN and no infinities; plans have both.
            let encoder = JSONEncoder()
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            inner.submit(try decoder.decode(TaskDescription.self, from: encoder.encode(task)), to: executor)
        } catch {
            preconditionFailure("\(task.id) does not survive encoding: \(error)")
        }
    }

    func cancel(_ task: TaskID, on executor: ExecutorID) { inner.cancel(task, on: executor) }

    func drop(_ blocks: [BlockID], on executor: ExecutorID) { inner.drop(blocks, on: executor) }

    func stop() { inner.stop() }
}
