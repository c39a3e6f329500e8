import Glibc
import StoaColumns
import StoaTasks
import Synchronization

/// What the operators of an executor's tasks ask before they hold more: its pool, the file for what does not fit, and what
/// others hold that can be given back.
package final class TaskMemory: Sendable {
    let pool: MemoryPool
    let file: SpillFile
    private let store: BlockStore
    /// Operators that have decided to spill and have not yet written all that they held.
    private let spillingCount = Atomic(0)

    init(pool: MemoryPool, file: SpillFile, store: BlockStore) {
        self.pool = pool
        self.file = file
        self.store = store
    }

    /// Whether so many bytes are too few to be worth a file.
    func isLittle(_ bytes: Int) -> Bool { bytes <= leastBytes }

    /// Least bytes that an operator spills at a time: giving back less would not help others and cost many small writes.
    private var leastBytes: Int { min(4 << 20, (pool.limit ?? 0) / 64) }

    /// How long others that are just moving rows to the file are waited for.
    private static let patience = 500_000_000
    /// After so long without a write nobody is moving rows who has not said so.
    private static let writePause = 20_000_000

    /// Whether an operator that holds so many bytes should spill them: memory is tight though others have given back what
    /// they can, and the disk takes them, as far as is known. Costs four loads while there is room.
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
        _ = try store.giveBack({ pool.shortfall }, to: file)
        guard pool.isTight, held > leastBytes else { return false }
        // Memory serves up to the limit while the disk refuses; then the disk is asked once more, and its answer counts.
        return !file.isRefusing || !pool.hasRoom(for: 0)
    }

    /// An operator begins to bring what it holds to the file, which it may have to sort before the first write: those who
    /// need room wait for it. `spillEnds` is called once for each, also after an error.
    package func spillBegins() { spillingCount.add(1, ordering: .relaxed) }

    package func spillEnds() { spillingCount.subtract(1, ordering: .relaxed) }

    /// Sees to it that an operator which cannot spill may allocate so many bytes. One that holds little goes on when others
    /// have taken the memory: it is not the one to stop.
    ///
    /// Throws `outOfMemory` that names it, retryable when it would have room if no other task ran; or the disk's error when
    /// the disk has refused rows for which there would have been no room.
    ///
    /// - Parameter held: bytes that the operator holds, nil when it does not know.
    @inline(__always)
    package func check(
        _ operation: @autoclosure () -> String, held: Int? = nil, needs bytes: Int = 0
    ) throws(StoaError) {
        if pool.hasRoom(for: bytes) { return }
        try makeRoom(operation(), held, bytes)
    }

    /// The same for a batch that was made before it could be asked. Only a large one fails: whoever takes it may spill.
    func check(_ batch: Batch, _ operation: @autoclosure () -> String) throws(StoaError) {
        if pool.hasRoom(for: 0) { return }
        let bytes = batch.bytesOfRows
        if bytes > (pool.limit ?? .max) / 8 { try makeRoom(operation(), bytes, 0) }
    }

    @inline(never)
    private func makeRoom(_ operation: String, _ held: Int?, _ bytes: Int) throws(StoaError) {
        let deadline = MonotonicClock.nanoseconds + Self.patience
        while true {
            let given = try store.giveBack({ pool.excess + bytes }, to: file, waits: true)
            if pool.hasRoom(for: bytes) { return }
            if let held, held + bytes <= leastBytes { return }
            // Another operator may have taken what was given back, or may be about to give up what it holds.
            if given > 0 { continue }
            let now = MonotonicClock.nanoseconds
            let isQuiet = spillingCount.load(ordering: .relaxed) == 0 && now >= file.lastWrite + Self.writePause
            if isQuiet || now >= deadline { break }
            usleep(1_000)
        }
        if file.isRefusing, let refusal = file.refusal { throw refusal }
        let limit = pool.limit ?? .max
        let holds = held.map { "holds \($0) bytes, " } ?? ""
        throw StoaError(
            .outOfMemory, source: .environment,
            "\(operation) \(holds)\(bytes > 0 ? "needs \(bytes) bytes more and " : "")cannot go on: "
                + "\(pool.allocatedBytes) bytes of \(pool.name) are in use, its limit is \(limit) bytes",
            advice: "give executors more memory, or use more and smaller partitions",
            isRetryable: mayHaveRoom(for: (held ?? 0) + bytes, limit))
    }

    /// Whether an operator with so many bytes would have room if no other task ran: what the store has not given back stays.
    /// An eighth is left to the rest of its task, which is not known here.
    private func mayHaveRoom(for bytes: Int, _ limit: Int) -> Bool {
        bytes <= limit - limit / 8 - store.byteCount(in: pool)
    }
}
