import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// The dictionaries of the text columns of datasets that this executor keeps, so that partitions share them. Guard: one
/// lock, held for look-ups only.
final class DatasetDictionaries: Sendable {
    /// What a task that keeps a partition holds on to from its beginning to its end.
    struct Use: Sendable {
        let dataset: DatasetID
        fileprivate let entry: Entry
        /// One dictionary for each text column of the dataset, nil for other columns.
        var columns: [SharedStringDictionary?] { entry.columns }
    }

    fileprivate final class Entry: Sendable {
        let columns: [SharedStringDictionary?]
        /// Tasks that use them now; changed under the lock of the dictionaries.
        let users = Atomic<Int>(0)

        init(_ schema: Schema) {
            columns = schema.fields.map { $0.type == .utf8 ? SharedStringDictionary() : nil }
        }
    }

    private let dictionaries = Mutex<[DatasetID: Entry]>([:])

    /// The dictionaries of the dataset for a task, which must end its use.
    func begin(_ dataset: DatasetID, schema: Schema) -> Use {
        dictionaries.withLock { dictionaries in
            let entry = dictionaries[dataset] ?? Entry(schema)
            dictionaries[dataset] = entry
            entry.users.add(1, ordering: .relaxed)
            return Use(dataset: dataset, entry: entry)
        }
    }

    /// Ends the use of a task that has kept its partition in the store, or failed. The last one that fails forgets the
    /// dictionaries when there is no partition: no drop of one would.
    func end(_ use: Use, isKept: Bool, in store: BlockStore) {
        dictionaries.withLock { dictionaries in
            let left = use.entry.users.subtract(1, ordering: .relaxed).newValue
            guard !isKept, left == 0, dictionaries[use.dataset] === use.entry else { return }
            if !store.ids.contains(where: { $0.dataset == use.dataset }) { dictionaries[use.dataset] = nil }
        }
        // The last reference is the caller's, so that memory is freed outside of the lock.
    }

    /// Forgets the dictionaries of datasets of which the store has no partition any more. A task that is just making one
    /// keeps the dictionaries that it began with.
    func forget(datasetsOf dropped: [BlockID], notIn store: BlockStore) {
        let datasets = Set(dropped.compactMap(\.dataset))
        if datasets.isEmpty { return }
        let gone = datasets.subtracting(store.ids.compactMap(\.dataset))
        dictionaries.withLock { dictionaries in
            for dataset in gone { dictionaries[dataset] = nil }
        }
    }
}
