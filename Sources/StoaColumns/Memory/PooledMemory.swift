/// Memory that a pool counts as long as it lives, or until it leaves the pool.
package protocol PooledMemory: AnyObject {
    /// Has the pool count the memory no more: it is the user's from here on, who keeps it as long as he likes.
    func leavePool()
}

extension MemoryRegion: PooledMemory {}

extension ImportedArray: PooledMemory {}

extension Batch {
    /// The memory of the rows, without the dictionaries that they may share with others.
    package var rowMemory: [any PooledMemory] {
        columns.flatMap { column in
            var buffers = [column.validity]
            switch column.storage {
            case .fixed(let buffer), .bits(let buffer), .dictionary(let buffer, _): buffers.append(buffer)
            case .text(let offsets, let bytes): buffers += [offsets, bytes]
            }
            return buffers.compactMap { $0?.owner as? any PooledMemory }
        }
    }
}
