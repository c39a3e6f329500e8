import StoaPlan
import StoaTasks

/// A partition of a stage, or of a dataset that no stage of the job computes.
enum Need: Hashable {
    case stage(Int, partition: Int)
    case dataset(DatasetID, partition: Int)
}

/// Where the tasks of a job read: the blocks of its stages, and the datasets it uses. A class, so that the job and its running
/// stages see the same one: a stage of a job of many costs no copy of it. Used by the driver's thread alone.
final class JobInputs {
    /// By stage; nil before it runs and after its blocks were dropped.
    @exclusivity(unchecked) var tables: [BlockTable?]
    /// By stage that persists a dataset: what it has computed once more for this job alone, in place of partitions that
    /// executors gave up for room. To persist those again would only push out others.
    @exclusivity(unchecked) var substitutes: [Int: BlockTable] = [:]
    @exclusivity(unchecked) var datasets: [DatasetID: BlockTable] { didSet { lastDataset = nil } }
    /// The one that was asked for last: neighbouring tasks read the same.
    @exclusivity(unchecked) private var lastDataset: (id: DatasetID, table: BlockTable)?
    /// The stages that compute lost partitions of datasets again, which are no stages of the job's graph.
    @exclusivity(unchecked) var grafts: [DatasetID: Int] = [:]

    init(stageCount: Int, datasets: [DatasetID: BlockTable]) {
        tables = Array(repeating: nil, count: stageCount)
        self.datasets = datasets
    }

    /// Where the partitions of a dataset are that the job uses.
    func table(of dataset: DatasetID) -> BlockTable? {
        if let lastDataset, lastDataset.id == dataset { return lastDataset.table }
        guard let table = datasets[dataset] else { return nil }
        lastDataset = (dataset, table)
        return table
    }

    /// Calls with each block of an input, in order, and with each one that is not there.
    @inline(__always)
    func forEach(
        of input: StageInput, _ found: (BlockNaming, _ partition: Int, _ bucket: Int, PartitionBlocks) -> Void,
        missing: (Need) -> Void
    ) {
        switch input {
        case .file: break
        case .blocks(let parent, let partitions, let bucket):
            let table = tables[parent.value]
            for partition in partitions {
                if let table, let blocks = table[partition] {
                    found(table.naming, partition, bucket ?? 0, blocks)
                } else if let table = substitutes[parent.value], let blocks = table[partition] {
                    found(table.naming, partition, 0, blocks)
                } else {
                    missing(.stage(parent.value, partition: partition))
                }
            }
        case .materialized(let parent, _, let partition):
            if let table = tables[parent.value], let blocks = table[partition] {
                found(table.naming, partition, 0, blocks)
            } else if let table = substitutes[parent.value], let blocks = table[partition] {
                found(table.naming, partition, 0, blocks)
            } else {
                missing(.stage(parent.value, partition: partition))
            }
        case .dataset(let dataset, let partition):
            if let table = table(of: dataset), let blocks = table[partition] {
                found(table.naming, partition, 0, blocks)
            } else if let graft = grafts[dataset], let table = substitutes[graft], let blocks = table[partition] {
                found(table.naming, partition, 0, blocks)
            } else {
                missing(.dataset(dataset, partition: partition))
            }
        }
    }

    /// Whether every block that a stage may read is there, as far as tables tell: a quick look before the tasks of a stage.
    func areComplete(for stages: [Int], datasets ids: [DatasetID]) -> Bool {
        stages.allSatisfy { tables[$0].map { $0.goneCount == 0 } ?? false }
            && ids.allSatisfy { datasets[$0].map { $0.goneCount == 0 } ?? false }
    }

    /// The tables whose blocks belong to this job alone.
    func forEachOwnTable(_ body: (BlockTable) -> Void) {
        for case let table? in tables { if case .stage = table.naming { body(table) } }
        if substitutes.isEmpty { return }
        for (_, table) in substitutes.sorted(by: { $0.key < $1.key }) { body(table) }
    }
}
