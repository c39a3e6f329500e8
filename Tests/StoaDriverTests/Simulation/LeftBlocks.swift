import StoaPlan
import StoaTasks

extension TaskDescription {
    /// The names of the blocks that the task leaves.
    var leftBlocks: [BlockID] {
        switch output {
        case .block: [.stage(id.job, id.stage, partition: id.partition, bucket: nil)]
        case .buckets(_, let count):
            (0..<count).map { .stage(id.job, id.stage, partition: id.partition, bucket: $0) }
        case .persist(let dataset, _): [.dataset(dataset, partition: id.partition)]
        case .file: []
        }
    }
}
