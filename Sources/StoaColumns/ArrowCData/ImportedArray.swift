internal import CArrowABI
import Synchronization

/// Sole owner of an ArrowArray that was handed over: its release callback is called when the last buffer goes. What columns
/// use of it counts in the memory pool of the thread that imported it.
final class ImportedArray: @unchecked Sendable {
    // Unchecked: the struct is read only, until `deinit` releases it; the C Data Interface lets any thread do that.
    let array: UnsafeMutablePointer<ArrowArray>
    private let pool = MemoryPool.current
    private let byteCount = Atomic(0)
    private let membership = PoolMembership()

    /// Moves the struct out of `source`, which is marked as released.
    init(moving source: UnsafeMutablePointer<ArrowArray>) {
        array = .allocate(capacity: 1)
        array.initialize(to: source.pointee)
        source.pointee.release = nil
    }

    deinit {
        if let release = array.pointee.release { release(array) }
        array.deallocate()
        leavePool()
    }

    package func pin() { membership.pin() }

    package func unpin() {
        if membership.unpin() { leavePool() }
    }

    package func handOver() {
        if membership.handOver() { leavePool() }
    }

    package func byteCount(in pool: MemoryPool) -> Int { pool === self.pool ? byteCount.load(ordering: .relaxed) : 0 }

    private func leavePool() {
        let bytes = byteCount.exchange(0, ordering: .relaxed)
        if bytes > 0 { pool.count(removed: bytes) }
    }

    /// Counts the bytes of the array that a column uses.
    func note(_ bytes: Int) {
        byteCount.add(bytes, ordering: .relaxed)
        pool.count(added: bytes)
    }

    /// The children as owners of their own, so that a column frees its memory when it goes, whatever the others do.
    ///
    /// The specification allows to move children out when the parent is released right after: the caller must let this
    /// object go.
    func movedChildren() throws(StoaError) -> [ImportedArray] {
        var moved: [ImportedArray] = []
        for index in 0..<Int(array.pointee.n_children) {
            guard let child = array.pointee.children?[index], child.pointee.release != nil else {
                throw StoaError(.schemaMismatch, "child \(index) of the Arrow array is null or released already")
            }
            moved.append(ImportedArray(moving: child))
        }
        return moved
    }
}

/// Sole owner of an ArrowSchema that was handed over.
struct ImportedSchemaStruct: ~Copyable {
    let schema: UnsafeMutablePointer<ArrowSchema>

    /// Moves the struct out of `source`, which is marked as released.
    init(moving source: UnsafeMutablePointer<ArrowSchema>) {
        schema = .allocate(capacity: 1)
        schema.initialize(to: source.pointee)
        source.pointee.release = nil
    }

    deinit {
        if let release = schema.pointee.release { release(schema) }
        schema.deallocate()
    }
}
