import Glibc
import StoaColumns

/// A growable run of values in pool-counted memory: what hash tables and grouped states are made of.
///
/// `pointer` is valid until the next call that may grow the buffer.
package struct GrowingBuffer<Element: BitwiseCopyable> {
    private var region: MemoryRegion
    private var capacity: Int
    /// The first value; kept beside the region so that loops need not ask another module for it.
    package private(set) var pointer: UnsafeMutablePointer<Element>
    /// Values in use.
    package private(set) var count = 0

    /// An empty buffer with room for `capacity` values.
    package init(capacity: Int = 0) {
        self.capacity = max(capacity, 16)
        region = MemoryRegion(of: Element.self, count: self.capacity)
        pointer = region.bound(to: Element.self)
    }

    /// Makes room for `more` values past `count`; amortised constant cost per value.
    package mutating func reserve(_ more: Int) {
        let needed = count + more
        if needed <= capacity { return }
        let enlarged = max(needed, capacity * 2)
        let target = MemoryRegion(of: Element.self, count: enlarged)
        memcpy(target.base, region.base, count * MemoryLayout<Element>.stride)
        region = target
        pointer = target.bound(to: Element.self)
        capacity = enlarged
    }

    /// Adds one value.
    @inline(__always)
    package mutating func append(_ value: Element) {
        if count == capacity { reserve(1) }
        pointer[count] = value
        count += 1
    }

    /// Takes `added` values that the caller has written behind `count`, after `reserve`.
    package mutating func advance(by added: Int) {
        precondition(count + added <= capacity, "\(added) values were written without room for them")
        count += added
    }

    /// Grows to `newCount` values, the added ones being `value`.
    package mutating func grow(to newCount: Int, filling value: Element) {
        if newCount <= count { return }
        reserve(newCount - count)
        let target = pointer
        for index in count..<newCount { target[index] = value }
        count = newCount
    }

    /// The values so far as an immutable buffer in shared memory: none of them may be written any more.
    package var buffer: Buffer {
        Buffer(base: UnsafeRawPointer(region.base), byteCount: count * MemoryLayout<Element>.stride, owner: region)
    }
}
