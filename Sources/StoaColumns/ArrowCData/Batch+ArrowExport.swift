internal import CArrowABI

extension Schema {
    /// Fills an uninitialised or released `ArrowSchema` struct of the Arrow C Data Interface: a struct with one child per
    /// column. Whoever holds it calls its release callback once.
    public func export(to target: UnsafeMutableRawPointer) {
        export(to: target.assumingMemoryBound(to: ArrowSchema.self), encoded: [])
    }
}

extension Batch {
    /// Fills uninitialised or released `ArrowArray` and `ArrowSchema` structs of the Arrow C Data Interface.
    ///
    /// The array shares this batch's memory and keeps it alive until its release callback runs, which may be on any
    /// thread; only decimals of up to 18 digits are copied, to Arrow's decimal128. Strings stay as they are encoded.
    /// Whoever holds the structs calls each one's release callback once.
    public func export(array: UnsafeMutableRawPointer, schema: UnsafeMutableRawPointer) {
        export(to: array.assumingMemoryBound(to: ArrowArray.self))
        self.schema.export(to: schema.assumingMemoryBound(to: ArrowSchema.self), encoded: encodedColumns)
    }
}
