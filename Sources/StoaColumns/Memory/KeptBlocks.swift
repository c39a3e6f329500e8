import Glibc
import Synchronization

/// Freed blocks of memory that a pool keeps for its next regions: pages that were placed once need not be asked of the
/// system, cleared and placed again, which costs about 0.2 ns a byte, more than most loops that fill them.
///
/// What is kept never makes the pool larger than it has been: bytes kept and bytes in use together stay within the pool's
/// peak and the quarter by which blocks are rounded up, and what is kept within an eighth of the machine's memory. Guard: a
/// mutex.
final class KeptBlocks: Sendable {
    /// Smaller blocks are left to the allocator, which keeps those itself.
    static let smallestBlock = 64 << 10

    private struct Shelves {
        /// The blocks of each size class.
        var blocks: [[UInt]] = []
        var byteCount = 0
    }

    private let shelves = Mutex(Shelves())

    /// Most bytes that are kept, an eighth of the machine's memory.
    private static let limit = sysconf(Int32(_SC_PHYS_PAGES)) / 8 * sysconf(Int32(_SC_PAGESIZE))

    /// The class of blocks that serves `byteCount` bytes, and the size of its blocks: four sizes between powers of two,
    /// so that at most a fifth of a block is not used, nor touched.
    static func sizeClass(of byteCount: Int) -> (index: Int, size: Int) {
        let exponent = Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount
        let step = 1 << (exponent - 2)
        let quarters = (byteCount + step - 1) / step
        return ((exponent * 4) + quarters - 4, quarters * step)
    }

    /// A kept block of this class.
    func take(_ index: Int, size: Int) -> UnsafeMutableRawPointer? {
        shelves.withLock { shelves in
            guard index < shelves.blocks.count, let block = shelves.blocks[index].popLast() else { return nil }
            shelves.byteCount -= size
            return UnsafeMutableRawPointer(bitPattern: block)
        }
    }

    /// Keeps a block, or gives it back to the system when more than `room` bytes would be kept.
    func give(_ block: UnsafeMutableRawPointer, _ index: Int, size: Int, room: Int) {
        let isKept = shelves.withLock { shelves in
            if shelves.byteCount + size > min(room, Self.limit) { return false }
            while shelves.blocks.count <= index { shelves.blocks.append([]) }
            shelves.blocks[index].append(UInt(bitPattern: block))
            shelves.byteCount += size
            return true
        }
        if !isKept { free(block) }
    }

    /// Gives blocks back to the system, the largest first, until at most `room` bytes are kept.
    func shrink(to room: Int) {
        let released = shelves.withLock { shelves in
            var released: [UInt] = []
            var index = shelves.blocks.count - 1
            while shelves.byteCount > max(room, 0), index >= 0 {
                if let block = shelves.blocks[index].popLast() {
                    released.append(block)
                    shelves.byteCount -= Self.size(ofClass: index)
                } else {
                    index -= 1
                }
            }
            return released
        }
        for block in released { free(UnsafeMutableRawPointer(bitPattern: block)) }
    }

    /// Bytes kept now.
    var byteCount: Int { shelves.withLock { $0.byteCount } }

    private static func size(ofClass index: Int) -> Int { (4 + index % 4) << (index / 4 - 2) }

    deinit { shrink(to: 0) }
}
