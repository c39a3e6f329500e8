import Glibc

/// A writable stretch of memory for column values: 64-byte aligned, padded by at least 64 bytes that may be read and
/// written past the end, counted by a memory pool, freed with the last reference.
///
/// Regions of 2 MB and more are aligned to 2 MB and advised to use huge pages. The pages are not touched here: the thread
/// that fills the region places them on its memory node, unless the pool has kept them from a region before. Guard: written
/// by one thread before it is shared.
package final class MemoryRegion: @unchecked Sendable {
    // Unchecked: the pointer is written only by the thread that made the region, before a column shares it.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    private let pool: MemoryPool
    private let capacity: Int
    private let isMapped: Bool
    private let membership = PoolMembership()

    /// A region of `byteCount` bytes whose content is undefined unless `zeroed`. Traps when the machine has no memory.
    package init(byteCount: Int, zeroed: Bool = false) {
        precondition(byteCount >= 0, "a memory region cannot have \(byteCount) bytes")
        let line = MemoryPool.cacheLine
        let padded = (byteCount + 2 * line - 1) / line * line
        pool = MemoryPool.current
        guard let block = pool.allocate(padded) else {
            preconditionFailure("the machine refused \(padded) bytes for a column")
        }
        // A new mapping is of zeros.
        if zeroed, !block.isMapped { memset(block.base, 0, padded) }
        base = block.base
        isMapped = block.isMapped
        self.byteCount = byteCount
        capacity = padded
    }

    deinit {
        if !membership.hasLeft { pool.count(removed: capacity) }
        pool.deallocate(MemoryPool.Block(base: base, isMapped: isMapped), capacity)
    }

    package func pin() { membership.pin() }

    package func unpin() {
        if membership.unpin() { pool.count(removed: capacity) }
    }

    package func handOver() {
        if membership.handOver() { pool.count(removed: capacity) }
    }

    package func byteCount(in pool: MemoryPool) -> Int { pool === self.pool && !membership.hasLeft ? capacity : 0 }

    /// The region as `count` values of one type, to be filled in.
    package func bound<Value: BitwiseCopyable>(to type: Value.Type = Value.self) -> UnsafeMutablePointer<Value> {
        base.assumingMemoryBound(to: type)
    }

    /// The region as an immutable buffer that keeps it alive; it must not be written any more.
    package var buffer: Buffer { Buffer(base: UnsafeRawPointer(base), byteCount: byteCount, owner: self) }

    /// A region for `count` values of one type.
    package convenience init<Value: BitwiseCopyable>(of type: Value.Type, count: Int, zeroed: Bool = false) {
        self.init(byteCount: count * MemoryLayout<Value>.stride, zeroed: zeroed)
    }

    /// A region for `count` bits, in whole 64-bit words.
    package convenience init(bits count: Int, zeroed: Bool = false) {
        self.init(byteCount: (count + 63) / 64 * 8, zeroed: zeroed)
    }
}
