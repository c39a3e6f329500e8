import StoaColumns
import StoaDriver
import StoaPlan
import Synchronization

/// Rows that `persist` or `cache` keeps: what there is of them, and where.
public struct PersistedDataset: Hashable, Sendable {
    /// Its number in the session.
    public let id: Int
    /// What it is.
    public let label: String
    /// Where it is kept.
    public let level: StorageLevel
    /// All partitions that it has; 0 before an action has computed them.
    public let partitions: Int
    /// Those that executors hold. The others were lost or given up for room, and are computed again by who reads them.
    public let heldPartitions: Int
    /// Rows of the partitions that are held.
    public let rows: Int
    /// Bytes of the partitions that are held.
    public let bytes: Int
    /// How many partitions each executor holds.
    public let partitionsByExecutor: [Int: Int]

    /// How much is held, from 0 to 1.
    public var fraction: Double { partitions == 0 ? 0 : Double(heldPartitions) / Double(partitions) }
}

extension PersistedDataset: CustomStringConvertible {
    /// `dataset 3 (filter(x > 1)): memory, 8 of 10 partitions, 5 MiB`
    public var description: String {
        "dataset \(id) (\(label)): \(level.rawValue), \(heldPartitions) of \(partitions) partitions, "
            + "\(ByteCount(bytes: bytes))"
    }
}

extension Session {
    /// The data frames that are persisted, in the order in which they were, whether they have been computed or not.
    ///
    /// Throws `cancelled` when the session is stopped.
    public func persisted() async throws(StoaError) -> [PersistedDataset] {
        let wanted = datasets.all
        let status = try await status()
        return wanted.map { id, label, level in
            let held = status.datasets.first { $0.id == id.value }
            return PersistedDataset(
                id: id.value, label: label, level: level, partitions: held?.partitions ?? 0,
                heldPartitions: held?.heldPartitions ?? 0, rows: held?.rows ?? 0, bytes: held?.bytes ?? 0,
                partitionsByExecutor: held?.partitionsByExecutor ?? [:])
        }
    }
}

/// The datasets that data frames persist. Guard: one lock.
final class SessionDatasets: Sendable {
    private struct Entry {
        let label: String
        let level: StorageLevel
    }

    private let entries = Mutex<[DatasetID: Entry]>([:])

    func add(_ id: DatasetID, label: String, _ level: StorageLevel) {
        entries.withLock { $0[id] = Entry(label: label, level: level) }
    }

    func remove(_ id: DatasetID) {
        _ = entries.withLock { $0.removeValue(forKey: id) }
    }

    /// In the order of their ids.
    var all: [(id: DatasetID, label: String, level: StorageLevel)] {
        entries.withLock { entries in
            entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value.label, $0.value.level) }
        }
    }
}
