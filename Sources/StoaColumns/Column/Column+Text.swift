extension Column {
    /// The UTF-8 bytes of a row of a utf8 column; empty or unspecified where it is null. Traps on other types. The bytes
    /// live as long as the column.
    @inline(__always)
    package func textBytes(at row: Int) -> UnsafeRawBufferPointer {
        switch storage {
        case .text(let offsets, let bytes):
            let starts = offsets.pointer(as: Int32.self) + offset
            let start = Int(starts[row])
            return UnsafeRawBufferPointer(start: bytes.base + start, count: Int(starts[row + 1]) - start)
        case .dictionary(let codes, let dictionary):
            return dictionary.values.textBytes(inPlainTextAt: Int(codes.pointer(as: Int32.self)[offset + row]))
        case .fixed, .bits: preconditionFailure("a \(type) column has no text")
        }
    }

    private func textBytes(inPlainTextAt row: Int) -> UnsafeRawBufferPointer {
        guard let (offsets, bytes) = text else { preconditionFailure("a dictionary's strings are plain text") }
        let start = Int(offsets[row])
        return UnsafeRawBufferPointer(start: bytes + start, count: Int(offsets[row + 1]) - start)
    }

    /// The same strings with the text of each row written out; the column itself when it is plain already. Costs a copy
    /// of all text.
    ///
    /// Throws `unsupported` beyond 2 GiB of text, the reach of a column's offsets.
    func writtenOut() throws(StoaError) -> Column {
        guard let (codes, dictionary) = dictionaryCodes else { return self }
        guard let (entries, text) = dictionary.values.text else {
            preconditionFailure("a dictionary's strings are plain text")
        }
        let offsets = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = offsets.bound(to: Int32.self)
        starts[0] = 0
        var end = 0
        for row in 0..<count {
            if !isNull(at: row) {
                let code = Int(codes[row])
                end += Int(entries[code + 1] - entries[code])
            }
            guard end <= Int(Int32.max) else {
                throw StoaError(
                    .unsupported, "more than 2 GiB of text in one column, at row \(row) of \(count)",
                    advice: "use batches of fewer rows")
            }
            starts[row + 1] = Int32(truncatingIfNeeded: end)
        }
        let bytes = MemoryRegion(byteCount: end)
        for row in 0..<count where starts[row + 1] > starts[row] {
            (bytes.base + Int(starts[row])).copyMemory(
                from: text + Int(entries[Int(codes[row])]), byteCount: Int(starts[row + 1] - starts[row]))
        }
        return Column(
            type: .utf8, count: count, validity: validityFromBitZero, nullCount: nullCount,
            storage: .text(offsets: offsets.buffer, bytes: bytes.buffer))
    }

    /// The same strings as codes into a dictionary of the distinct ones, in order of first appearance; the column itself
    /// when it is encoded already. Costs a hash of each row's text.
    package func dictionaryEncoded() -> Column {
        if isDictionaryEncoded { return self }
        var builder = StringDictionaryBuilder()
        let region = MemoryRegion(of: Int32.self, count: count)
        let codes = region.bound(to: Int32.self)
        for row in 0..<count { codes[row] = isNull(at: row) ? 0 : builder.code(for: textBytes(at: row)) }
        // Code 0 of null rows must stand for a string.
        if builder.count == 0 { _ = builder.code(for: UnsafeRawBufferPointer(start: nil, count: 0)) }
        return Column(
            type: .utf8, count: count, validity: validityFromBitZero, nullCount: nullCount,
            storage: .dictionary(codes: region.buffer, builder.finished()))
    }

    /// The validity bitmap with the first row at bit 0, for values that are written anew; a copy unless `offset` is 0.
    package var validityFromBitZero: Buffer? {
        guard let validity, offset != 0 else { return validity }
        let region = MemoryRegion(bits: count)
        Bitmap.copy(validity.base, at: offset, count: count, to: region.base)
        return region.buffer
    }
}
