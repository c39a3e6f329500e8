import Synchronization

/// Memory that a pool counts as long as it lives, or until it leaves the pool: it leaves when the user has been given it and
/// no dataset has it any more.
package protocol PooledMemory: AnyObject {
    /// A partition of a dataset has the memory.
    func pin()

    /// One that had it has it no more.
    func unpin()

    /// The user was given the memory, who keeps it as long as he likes.
    func handOver()

    /// Bytes that this pool counts of the memory.
    func byteCount(in pool: MemoryPool) -> Int
}

extension MemoryRegion: PooledMemory {}

extension ImportedArray: PooledMemory {}

/// Whether memory still counts in its pool. One word, so that of several threads that end the membership together exactly one
/// sees its end.
struct PoolMembership: ~Copyable {
    private static let handedOverFlag = 1
    private static let leftFlag = 2
    private static let onePin = 4

    /// The two flags, and above them the number of pins.
    private let state = Atomic(0)

    var hasLeft: Bool { state.load(ordering: .relaxed) & Self.leftFlag != 0 }

    func pin() { state.add(Self.onePin, ordering: .relaxed) }

    /// Gives whether the memory leaves its pool with this.
    func unpin() -> Bool { leaves(state.subtract(Self.onePin, ordering: .relaxed).newValue) }

    /// The same.
    func handOver() -> Bool { leaves(state.bitwiseOr(Self.handedOverFlag, ordering: .relaxed).newValue) }

    private func leaves(_ now: Int) -> Bool {
        // Handed over, neither pinned nor gone.
        guard now == Self.handedOverFlag else { return false }
        return state.bitwiseOr(Self.leftFlag, ordering: .relaxed).oldValue & Self.leftFlag == 0
    }
}

extension Batch {
    /// Calls `body` with the memory of the rows, without the dictionaries that they may share with others. What several
    /// columns share comes several times.
    package func forEachRowMemory(_ body: (any PooledMemory) -> Void) {
        func give(_ buffer: Buffer?) {
            // A cast to a final class costs less than one to a protocol.
            if let region = buffer?.owner as? MemoryRegion {
                body(region)
            } else if let array = buffer?.owner as? ImportedArray {
                body(array)
            }
        }
        for column in columns {
            give(column.validity)
            switch column.storage {
            case .fixed(let buffer), .bits(let buffer), .dictionary(let buffer, _): give(buffer)
            case .text(let offsets, let bytes):
                give(offsets)
                give(bytes)
            }
        }
    }
}
