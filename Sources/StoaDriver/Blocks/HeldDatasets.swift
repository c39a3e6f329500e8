import StoaPlan
import Synchronization

/// What the planner sees of the datasets that executors hold: written by the driver, read by any thread.
package final class HeldDatasets: Sendable {
    private let datasets = Mutex<[DatasetID: HeldDataset]>([:])

    package init() {}

    /// Nil while the dataset is not, or not fully, computed.
    package func heldDataset(_ id: DatasetID) -> HeldDataset? {
        datasets.withLock { $0[id] }
    }

    package func publish(_ id: DatasetID, _ dataset: HeldDataset) {
        datasets.withLock { $0[id] = dataset }
    }

    func withdraw(_ id: DatasetID) {
        _ = datasets.withLock { $0.removeValue(forKey: id) }
    }
}
