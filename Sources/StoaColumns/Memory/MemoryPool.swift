import Glibc
import Synchronization

/// Counts the bytes of columns and states that are allocated for one executor.
///
/// A thread allocates from its current pool (`MemoryPool.current`); bytes return to the pool they came from whichever
/// thread frees them, and the larger blocks are kept for the next ones. Guard: atomics, and a mutex around kept blocks.
package final class MemoryPool: Sendable {
    package let name: String
    private let allocated = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
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

    private func count(added bytes: Int) {
        let now = allocated.add(bytes, ordering: .relaxed).newValue
        var highest = peak.load(ordering: .relaxed)
        while now > highest {
            let (exchanged, original) = peak.weakCompareExchange(
                expected: highest, desired: now, ordering: .relaxed)
            if exchanged { return }
            highest = original
        }
    }

    private func count(removed bytes: Int) {
        allocated.subtract(bytes, ordering: .relaxed)
    }

    /// Bytes of freed blocks that are kept for the next regions.
    package var keptBytes: Int { kept.byteCount }

    /// Memory for `byteCount` bytes, kept or new: 64-byte aligned, from 2 MB on 2 MB aligned and advised to use huge pages.
    /// It is counted. Nil when the machine has none; undefined content.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        count(added: byteCount)
        if byteCount < KeptBlocks.smallestBlock { return Self.allocateNew(byteCount) }
        let (index, size) = KeptBlocks.sizeClass(of: byteCount)
        if let block = kept.take(index, size: size) { return block }
        kept.shrink(to: roomToKeep)
        return Self.allocateNew(size)
    }

    /// Takes back what `allocate` gave for as many bytes.
    func deallocate(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
        count(removed: byteCount)
        if byteCount < KeptBlocks.smallestBlock {
            free(block)
        } else {
            let (index, size) = KeptBlocks.sizeClass(of: byteCount)
            kept.give(block, index, size: size, room: roomToKeep)
        }
    }

    /// Blocks are up to a quarter larger than what they serve.
    private var roomToKeep: Int { peakBytes / 4 * 5 - allocatedBytes }

    private static func allocateNew(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let isHuge = byteCount >= hugePage
        var pointer: UnsafeMutableRawPointer?
        let status = posix_memalign(&pointer, isHuge ? hugePage : cacheLine, byteCount)
        guard status == 0, let pointer else { return nil }
        if isHuge { madvise(pointer, byteCount, MADV_HUGEPAGE) }
        return pointer
    }

    static let cacheLine = 64
    private static let hugePage = 2 << 20

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
