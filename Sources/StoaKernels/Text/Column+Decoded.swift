import StoaColumns

extension Column {
    /// A dictionary-encoded column as plain text; any other column as it is.
    ///
    /// Nulls stay null. Throws `unsupported` when the text would exceed the 2 GiB of a column chunk.
    package func decoded() throws(StoaError) -> Column {
        guard let (codes, dictionary) = dictionaryCodes, let (offsets, bytes) = dictionary.values.text else {
            return self
        }
        let region = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = region.bound(to: Int32.self)
        var end = 0
        starts[0] = 0
        for row in 0..<count {
            // The code of a null row is 0 also where the dictionary is empty.
            if validity == nil || !isNull(at: row) {
                let code = Int(codes[row])
                end &+= Int(offsets[code &+ 1] &- offsets[code])
            }
            starts[row + 1] = Int32(truncatingIfNeeded: end)
        }
        guard end <= Int(Int32.max) else { throw StoaError.textTooLong(byteCount: end) }
        let text = MemoryRegion(byteCount: end)
        for row in 0..<count {
            let length = Int(starts[row + 1] - starts[row])
            if length == 0 { continue }
            (text.base + Int(starts[row])).copyMemory(from: bytes + Int(offsets[Int(codes[row])]), byteCount: length)
        }
        return Column(
            type: .utf8, count: count, storage: .text(offsets: region.buffer, bytes: text.buffer)
        ).withNulls(of: self)
    }
}

extension StoaError {
    /// One column chunk counts its text in 32 bits.
    static func textTooLong(byteCount: Int) -> StoaError {
        StoaError(
            .unsupported, "\(byteCount) bytes of text do not fit one column chunk (2 GiB)",
            advice: "use more and smaller partitions")
    }
}
