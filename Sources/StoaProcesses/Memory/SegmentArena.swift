import Glibc
import StoaColumns
import Synchronization

/// Hands out stretches of the segment that this process writes.
///
/// Freed stretches keep their memory for the next of about their size, since placing pages costs more than filling them;
/// what is kept and what is in use together stay within the most that was in use and a quarter, and what is kept within an
/// eighth of the machine's memory. Guard: a mutex.
package final class SegmentArena: Sendable {
    private struct State {
        /// Everything from here on was never handed out.
        var end = 0
        /// Free stretches of each size class: with memory, and without.
        var kept: [[Int]] = []
        var hollow: [[Int]] = []
        /// Size class of each stretch in use, by offset.
        var classes: [Int: Int] = [:]
        var usedBytes = 0
        var peakBytes = 0
        var keptBytes = 0
    }

    package let segment: Segment
    private let state = Mutex(State())

    /// Stretches begin at multiples of it, and of the alignment of block images.
    private static let smallest = 256
    /// Stretches from this size on give their memory back when too much is kept.
    private static let smallestReturned = 64 << 10
    private static let keptLimit = Int(sysconf(Int32(_SC_PHYS_PAGES))) / 8 * Int(sysconf(Int32(_SC_PAGESIZE)))

    package init(_ segment: Segment) { self.segment = segment }

    /// Bytes handed out now.
    package var usedBytes: Int { state.withLock(\.usedBytes) }
    /// Bytes of free stretches that keep their memory.
    package var keptBytes: Int { state.withLock(\.keptBytes) }

    /// A stretch of at least `byteCount` bytes, of undefined content. Throws `outOfMemory` when the segment's addresses are
    /// used up.
    package func allocate(_ byteCount: Int) throws(StoaError) -> BlockPlace {
        let (index, size) = Self.sizeClass(of: byteCount)
        let offset = state.withLock { state -> Int? in
            while state.kept.count <= index {
                state.kept.append([])
                state.hollow.append([])
            }
            let offset: Int
            if let kept = state.kept[index].popLast() {
                offset = kept
                state.keptBytes -= size
            } else if let hollow = state.hollow[index].popLast() {
                offset = hollow
            } else {
                // Large stretches begin at pages, so that their memory can be given back.
                let start = size >= Self.smallestReturned ? Self.roundedUp(state.end, to: Self.pageSize) : state.end
                guard size <= segment.byteCount - start else { return nil }
                offset = start
                state.end = start + size
            }
            state.classes[offset] = index
            state.usedBytes += size
            state.peakBytes = max(state.peakBytes, state.usedBytes)
            return offset
        }
        guard let offset else {
            throw StoaError(
                .outOfMemory, source: .environment,
                "\(byteCount) bytes for other executors: the segment of \(segment.byteCount) bytes is used up",
                isRetryable: true)
        }
        return BlockPlace(segment: segment.id, offset: offset, byteCount: byteCount)
    }

    /// Takes back the stretch that begins at `offset`; false when none does.
    @discardableResult
    package func free(_ offset: Int) -> Bool {
        let released = state.withLock { state -> (isKnown: Bool, stretches: [(offset: Int, index: Int)]) in
            guard let index = state.classes.removeValue(forKey: offset) else { return (false, []) }
            let size = Self.size(ofClass: index)
            state.usedBytes -= size
            state.kept[index].append(offset)
            state.keptBytes += size
            return (true, Self.takeSurplus(&state))
        }
        // Without the lock: giving memory back takes long. Nobody else knows these stretches meanwhile.
        for (offset, index) in released.stretches {
            madvise(segment.base + offset, Self.size(ofClass: index), Self.remove)
        }
        if !released.stretches.isEmpty {
            state.withLock { state in
                for (offset, index) in released.stretches { state.hollow[index].append(offset) }
            }
        }
        return released.isKnown
    }

    /// Takes stretches out of those that are kept, the largest first, until no more than may be is left.
    private static func takeSurplus(_ state: inout State) -> [(offset: Int, index: Int)] {
        let room = min(max(state.peakBytes / 4 * 5 - state.usedBytes, 0), keptLimit)
        var surplus: [(offset: Int, index: Int)] = []
        var index = state.kept.count - 1
        while state.keptBytes > room, index >= 0, size(ofClass: index) >= smallestReturned {
            if let offset = state.kept[index].popLast() {
                surplus.append((offset, index))
                state.keptBytes -= size(ofClass: index)
            } else {
                index -= 1
            }
        }
        return surplus
    }

    /// The class of stretches that serve `byteCount` bytes, and their size: four sizes between powers of two.
    static func sizeClass(of byteCount: Int) -> (index: Int, size: Int) {
        let bytes = max(byteCount, smallest)
        let exponent = Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount
        // 2^exponent < bytes <= 2^(exponent + 1), but for the smallest.
        let step = 1 << (exponent - 2)
        let quarters = (bytes + step - 1) / step
        return ((exponent - 7) * 4 + quarters - 4, roundedUp(quarters * step, to: smallest))
    }

    private static func size(ofClass index: Int) -> Int {
        roundedUp((4 + index % 4) << (index / 4 + 5), to: smallest)
    }

    private static func roundedUp(_ number: Int, to step: Int) -> Int { (number + step - 1) / step * step }

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    /// MADV_REMOVE, which the Glibc module does not show.
    private static let remove: Int32 = 9
}
