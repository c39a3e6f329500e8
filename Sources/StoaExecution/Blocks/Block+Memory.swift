import StoaColumns

extension Block {
    /// Says that the user has been given the rows: what they take in memory counts against no executor any more, as soon as no
    /// persisted partition has it too. Dictionaries, which others may share, and states count as before.
    package func handOver() { forEachRowMemory { $0.handOver() } }

    /// Says that a store keeps the block as a partition of a dataset.
    func pin() { forEachRowMemory { $0.pin() } }

    /// Says that one store less does so.
    func unpin() { forEachRowMemory { $0.unpin() } }

    func forEachRowMemory(_ body: (any PooledMemory) -> Void) {
        switch content {
        case .rows(let batches):
            for batch in batches { batch.forEachRowMemory(body) }
        case .spilled(let rows):
            for case .memory(let batches) in rows.parts {
                for batch in batches { batch.forEachRowMemory(body) }
            }
        case .state: break
        }
    }
}
