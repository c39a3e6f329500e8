import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// The dictionaries of the text columns of datasets that this executor keeps, so that partitions share them. Guard: one
/// lock, held for look-ups only.
final class DatasetDictionaries: Sendable {
    private let dictionaries = Mutex<[DatasetID: [SharedStringDictionary?]]>([:])

    /// One dictionary for each text column of the dataset, nil for other columns.
    func columns(of dataset: DatasetID, schema: Schema) -> [SharedStringDictionary?] {
        dictionaries.withLock { dictionaries in
            if let known = dictionaries[dataset] { return known }
            let made = schema.fields.map { $0.type == .utf8 ? SharedStringDictionary() : nil }
            dictionaries[dataset] = made
            return made
        }
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
