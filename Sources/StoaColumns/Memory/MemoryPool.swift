import Glibc
import Synchronization

/// Counts the bytes of columns and states that are allocated for one executor, and says when they come near a limit.
///
/// Allocation itself never fails for the limit: operators look at `isTight` between morsels and before they grow, and
/// spill or throw. So the limit is exceeded at most by what one morsel takes on each thread.
///
/// Shortly before memory gets tight (see `setLimit`) the kernel's count of resident bytes begins to follow: large blocks are
/// mapped, no freed block is kept, and the allocator is made to give back what it else keeps, a 64th of a large limit at a
/// time. Below that, and without a limit, blocks are reused.
///
/// A thread allocates from its current pool (`MemoryPool.current`); bytes return to the pool they came from whichever
/// thread frees them, and the larger blocks are kept for the next ones. Guard: atomics, and a mutex around kept blocks.
package final class MemoryPool: Sendable {
    package let name: String
    private let allocated = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
    /// Bytes that operators are about to allocate; see `MemoryReservation`.
    private let reserved = Atomic<Int>(0)
    private let hardLimit = Atomic<Int>(.max)
    private let spillThreshold = Atomic<Int>(.max)
    /// Bytes in use from which on memory that is freed goes back to the system.
    private let returnThreshold = Atomic<Int>(.max)
    /// Bytes freed to the allocator since it last gave back what it keeps.
    private let freedBytes = Atomic<Int>(0)
    private let kept = KeptBlocks()

    package init(name: String) {
        self.name = name
    }

    /// The pool of threads that belong to no executor: readers of results, tests, the user's own code.
    package static let unowned = MemoryPool(name: "unowned")

    /// Bytes allocated now.
    package var allocatedBytes: Int { allocated.load(ordering: .relaxed) }

    /// Most bytes that were allocated at once.
    package var peakBytes: Int { peak.load(ordering: .relaxed) }

    /// Bytes that are to be in use at most; nil without a limit.
    package var limit: Int? {
        let limit = hardLimit.load(ordering: .relaxed)
        return limit == .max ? nil : limit
    }

    /// Sets the limit. From `spillingFrom` bytes on memory is tight: unless stated, a quarter before the limit, which is what
    /// blocks are rounded up by and the allocator keeps, but before large limits an eighth, or 64 MB. What is freed goes back
    /// to the system from half of the limit on, or where 256 MB are left before memory gets tight: an executor may hold most
    /// of a large limit for long, and asking the system for every block costs more than most loops that fill it.
    package func setLimit(_ limit: Int?, spillingFrom threshold: Int? = nil) {
        hardLimit.store(limit ?? .max, ordering: .relaxed)
        let tight = limit.map { $0 - max($0 / 8, min($0 / 4, 64 << 20)) } ?? .max
        returnThreshold.store(limit.map { max($0 / 2, tight - (256 << 20)) } ?? .max, ordering: .relaxed)
        spillThreshold.store(threshold ?? tight, ordering: .relaxed)
        kept.shrink(to: roomToKeep)
    }

    /// Whether memory may get tight at all.
    package var isLimited: Bool { spillThreshold.load(ordering: .relaxed) != .max }

    /// Whether who can do with less memory should. Costs three loads.
    @inline(__always)
    package var isTight: Bool { shortfall > 0 }

    /// Bytes in use and announced beyond where memory gets tight; 0 or less when there is room.
    package var shortfall: Int {
        allocated.load(ordering: .relaxed) + reserved.load(ordering: .relaxed)
            - spillThreshold.load(ordering: .relaxed)
    }

    /// Whether so many bytes more would stay within the limit, besides those in use and announced.
    package func hasRoom(for bytes: Int) -> Bool { excess + bytes <= 0 }

    /// Bytes in use and announced beyond the limit; 0 or less when there is room.
    package var excess: Int {
        allocated.load(ordering: .relaxed) + reserved.load(ordering: .relaxed) - hardLimit.load(ordering: .relaxed)
    }

    func reserve(_ bytes: Int) { reserved.add(bytes, ordering: .relaxed) }

    /// Counts memory that came from elsewhere and is kept alive by a column.
    func count(added bytes: Int) {
        ThreadBytes.add(bytes)
        let now = allocated.add(bytes, ordering: .relaxed).newValue
        var highest = peak.load(ordering: .relaxed)
        while now > highest {
            let (exchanged, original) = peak.weakCompareExchange(
                expected: highest, desired: now, ordering: .relaxed)
            if exchanged { return }
            highest = original
        }
    }

    func count(removed bytes: Int) {
        ThreadBytes.add(-bytes)
        allocated.subtract(bytes, ordering: .relaxed)
    }

    private var isNearLimit: Bool {
        allocated.load(ordering: .relaxed) > returnThreshold.load(ordering: .relaxed)
    }

    /// Bytes of freed blocks that are kept for the next regions.
    package var keptBytes: Int { kept.byteCount }

    /// A block that a pool gave.
    struct Block {
        let base: UnsafeMutableRawPointer
        /// Whether it is a mapping of its own.
        let isMapped: Bool
    }

    /// Memory for `byteCount` bytes, kept or new: 64-byte aligned, from 2 MB on 2 MB aligned and advised to use huge pages.
    /// It is counted. Nil when the machine has none; undefined content.
    func allocate(_ byteCount: Int) -> Block? {
        count(added: byteCount)
        if byteCount < KeptBlocks.smallestBlock { return Self.allocateNew(byteCount) }
        if isNearLimit {
            kept.shrink(to: 0)
            if byteCount >= MappedMemory.smallestBlock, let base = MappedMemory.map(byteCount) {
                return Block(base: base, isMapped: true)
            }
        }
        let (index, size) = KeptBlocks.sizeClass(of: byteCount)
        if let base = kept.take(index, size: size) { return Block(base: base, isMapped: false) }
        kept.shrink(to: roomToKeep)
        return Self.allocateNew(size)
    }

    /// Takes back what `allocate` gave for as many bytes, which are counted no more.
    func deallocate(_ block: Block, _ byteCount: Int) {
        if block.isMapped {
            MappedMemory.unmap(block.base, byteCount)
            return
        }
        if byteCount < KeptBlocks.smallestBlock {
            free(block.base)
        } else {
            let (index, size) = KeptBlocks.sizeClass(of: byteCount)
            kept.give(block.base, index, size: size, room: roomToKeep)
        }
        if isNearLimit { noteFreed(byteCount) }
    }

    private func noteFreed(_ byteCount: Int) {
        let limit = hardLimit.load(ordering: .relaxed)
        let interval = max(4 << 20, min(16 << 20, limit / 16), limit / 64)
        let freed = freedBytes.add(byteCount, ordering: .relaxed).newValue
        if freed < interval { return }
        // Of several threads that come here at once one goes on.
        if freedBytes.exchange(0, ordering: .relaxed) >= interval { MappedMemory.trimAllocator() }
    }

    /// Blocks are up to a quarter larger than what they serve.
    private var roomToKeep: Int {
        min(peakBytes / 4 * 5, returnThreshold.load(ordering: .relaxed)) - allocatedBytes
    }

    private static func allocateNew(_ byteCount: Int) -> Block? {
        let isHuge = byteCount >= hugePage
        var pointer: UnsafeMutableRawPointer?
        let status = posix_memalign(&pointer, isHuge ? hugePage : cacheLine, byteCount)
        guard status == 0, let pointer else { return nil }
        if isHuge { madvise(pointer, byteCount, MADV_HUGEPAGE) }
        return Block(base: pointer, isMapped: false)
    }

    static let cacheLine = 64
    static let hugePage = 2 << 20

    // The key is made once and lives as long as the process; the pools it points to are kept alive by their executors
    // for as long as their threads run.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key, nil)
        precondition(status == 0, "no thread-local key left for the memory pool (error \(status))")
        return key
    }()

    /// The pool that allocations of this thread are counted in.
    package static var current: MemoryPool {
        guard let pointer = pthread_getspecific(key) else { return unowned }
        return Unmanaged<MemoryPool>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Makes this pool the current one of the calling thread until `body` returns.
    package func whileCurrent<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let previous = pthread_getspecific(Self.key)
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.key, previous) }
        return try withExtendedLifetime(self) { () throws(Failure) -> Result in try body() }
    }
}
