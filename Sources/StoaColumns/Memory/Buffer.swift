/// Immutable bytes and whoever keeps them alive: a region of our own, or an imported Arrow array.
package struct Buffer: @unchecked Sendable {
    // Unchecked: the bytes are never written once a buffer exists, and the owner is only retained and released.
    package let base: UnsafeRawPointer
    package let byteCount: Int
    package let owner: AnyObject

    package init(base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
        self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    /// The bytes as values of one type. They must be aligned for it: import sees to that.
    @inline(__always)
    package func pointer<Value: BitwiseCopyable>(as type: Value.Type = Value.self) -> UnsafePointer<Value> {
        base.assumingMemoryBound(to: type)
    }
}
