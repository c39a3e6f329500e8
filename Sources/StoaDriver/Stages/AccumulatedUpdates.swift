import StoaPlan
import StoaTasks

/// What the tasks of a job added to accumulators: once for each partition of a stage, whatever was computed again.
struct AccumulatedUpdates {
    private struct Partition: Hashable {
        let stage: StageID
        let partition: Int
    }

    private var updates: [Partition: [AccumulatorUpdate]] = [:]

    /// Notes what an attempt added, if it is the first of its partition that is known.
    mutating func note(_ report: TaskReport, of task: TaskID) {
        if report.accumulators.isEmpty { return }
        let partition = Partition(stage: task.stage, partition: task.partition)
        if updates[partition] == nil { updates[partition] = report.accumulators }
    }

    /// All updates in the order of the stages, and of their partitions.
    var inOrder: [AccumulatorUpdate] {
        if updates.isEmpty { return [] }
        return updates.sorted { ($0.key.stage, $0.key.partition) < ($1.key.stage, $1.key.partition) }
            .flatMap(\.value)
    }
}
