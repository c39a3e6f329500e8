import StoaColumns
import StoaPlan

extension DataFrame {
    /// The same rows, kept in the executors' memory by the first action that computes them, read there by later ones.
    ///
    /// As `persist(.memory)`.
    public func cache() -> DataFrame { persist(.memory) }

    /// The same rows, kept by the executors from the first action that computes them, read there by later ones.
    ///
    /// Partitions that are lost with an executor, or that one gives up for room, are computed again when they are needed; so
    /// what a level changes is time, never an answer. Files they were made from are not looked at while they are kept, and have
    /// to be as they were when lost partitions are computed again. What is kept is let go of by `unpersist()`, or when the
    /// last data frame made from this one is gone.
    ///
    /// - Parameters:
    ///   - level: where the rows are kept.
    ///   - label: what to call them in `Session.persisted()`; the last transformation when nil.
    public func persist(_ level: StorageLevel = .memory, label: String? = nil) -> DataFrame {
        let id = session.makeDatasetID()
        session.datasets.add(id, label: label ?? lineage.description, level)
        return DataFrame(
            session: session, lineage: lineage.map { .persist(id, $0, level) },
            handles: handles + [DatasetHandle(id: id, of: session)])
    }

    /// Lets go of the rows that `persist` or `cache`, which made this data frame, keeps. Later actions compute them, also
    /// those of data frames made from this one; jobs that run read them to their end. Nothing happens to a data frame that
    /// was made otherwise.
    public func unpersist() {
        persistence?.release()
    }

    /// Whether this data frame was made by `persist` or `cache`, and not let go of by `unpersist()`.
    public var isPersisted: Bool { persistence.map { !$0.isReleased } ?? false }

    private var persistence: DatasetHandle? {
        guard case .success(.persist(let id, _, _)) = lineage else { return nil }
        for case let handle as DatasetHandle in handles where handle.id == id { return handle }
        return nil
    }
}

extension Result<LogicalPlan, StoaError> {
    fileprivate var description: String {
        switch self {
        case .success(let plan): plan.description
        case .failure(let error): error.message
        }
    }
}
