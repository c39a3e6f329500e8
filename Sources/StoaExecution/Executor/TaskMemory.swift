import StoaColumns

/// What the operators of an executor's tasks ask before they hold more: its pool, the file for what does not fit, and what
/// others hold that can be given back.
package final class TaskMemory: Sendable {
    let pool: MemoryPool
    let file: SpillFile
    private let store: BlockStore

    init(pool: MemoryPool, file: SpillFile, store: BlockStore) {
        self.pool = pool
        self.file = file
        self.store = store
    }

    /// Least bytes that an operator spills at a time: giving back less would not help others and cost many small writes.
    private var leastBytes: Int { min(4 << 20, (pool.limit ?? 0) / 64) }

    /// Whether an operator that holds so many bytes should spill them: memory is tight though others have given back what
    /// they can. Costs four loads while there is room.
    @inline(__always)
    func shouldSpill(_ held: Int) throws(StoaError) -> Bool {
        guard pool.isTight else { return false }
        return try shouldSpillWhenTight(held)
    }

    /// The same for an operator that will need so many bytes at once when it goes on.
    func shouldSpill(needing bytes: Int, _ held: Int) throws(StoaError) -> Bool {
        let reservation = MemoryReservation(in: pool)
        reservation.set(bytes)
        return try shouldSpill(held)
    }

    @inline(never)
    private func shouldSpillWhenTight(_ held: Int) throws(StoaError) -> Bool {
        try store.giveBack(pool.shortfall, to: file)
        return pool.isTight && held > leastBytes
    }

    /// Sees to it that an operator which cannot spill may allocate so many bytes. Throws `outOfMemory` that names it.
    func check(_ operation: @autoclosure () -> String, needs bytes: Int = 0) throws(StoaError) {
        if pool.hasRoom(for: bytes) { return }
        try store.giveBack(pool.allocatedBytes + bytes - (pool.limit ?? 0), to: file)
        if pool.hasRoom(for: bytes) { return }
        throw StoaError(
            .outOfMemory, source: .environment,
            "\(operation()) \(bytes > 0 ? "needs \(bytes) bytes and " : "")cannot go on: "
                + "\(pool.allocatedBytes) bytes of \(pool.name) are in use, its limit is \(pool.limit ?? 0) bytes",
            advice: "give executors more memory, or use more and smaller partitions")
    }
}
