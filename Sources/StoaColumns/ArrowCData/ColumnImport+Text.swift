extension ColumnImport {
    /// Most bytes of text in one column, the reach of Int32 offsets.
    private static let maximumTextBytes = Int(Int32.max)

    private func tooLong(_ bytes: Int) -> StoaError {
        failure(
            .unsupported, "\(bytes) bytes of text in one batch, more than the \(Self.maximumTextBytes) of a column",
            advice: "send batches of fewer rows")
    }

    /// Plain text of any Arrow layout. The bytes are trusted to be UTF-8 and the offsets to ascend, as Arrow promises.
    func text(_ layout: ArrowForm.TextLayout) throws(StoaError) -> Column {
        switch layout {
        case .small: try smallText()
        case .large: try largeText()
        case .view: try viewedText()
        }
    }

    private func smallText() throws(StoaError) -> Column {
        let base = try buffer(1)
        guard Int(bitPattern: base) % 4 == 0 else { return try narrowedOffsets(base, as: Int32.self) }
        let offsets = base.assumingMemoryBound(to: Int32.self)
        let first = offsets[offset]
        let end = offsets[offset + count]
        guard first >= 0, end >= first else {
            throw failure(.schemaMismatch, "the text offsets run from \(first) to \(end)")
        }
        return Column(
            type: .utf8, count: count, offset: offset, validity: validity,
            storage: .text(
                offsets: Buffer(base: base, byteCount: (offset + count + 1) * 4, owner: owner),
                bytes: try bytes(from: 0, to: Int(end))))
    }

    private func largeText() throws(StoaError) -> Column {
        try narrowedOffsets(try buffer(1), as: Int64.self)
    }

    /// The bytes `start..<end` of buffer 2, which may be a null pointer when there are none.
    private func bytes(from start: Int, to end: Int) throws(StoaError) -> Buffer {
        if end == start { return MemoryRegion(byteCount: 0).buffer }
        return Buffer(base: try buffer(2) + start, byteCount: end - start, owner: owner)
    }

    /// Writes offsets anew, counted from the first row's text; the text itself is shared.
    private func narrowedOffsets<Offset: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, as type: Offset.Type
    ) throws(StoaError) -> Column {
        let stride = MemoryLayout<Offset>.size
        let rows = base + offset * stride
        let first = Int(rows.loadUnaligned(as: Offset.self))
        let end = Int((rows + count * stride).loadUnaligned(as: Offset.self))
        guard first >= 0, end >= first else {
            throw failure(.schemaMismatch, "the text offsets run from \(first) to \(end)")
        }
        guard end - first <= Self.maximumTextBytes else { throw tooLong(end - first) }
        let region = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = region.bound(to: Int32.self)
        for row in 0...count {
            starts[row] = Int32(truncatingIfNeeded: Int((rows + row * stride).loadUnaligned(as: Offset.self)) &- first)
        }
        return Column(
            type: .utf8, count: count, validity: movedValidity,
            storage: .text(offsets: region.buffer, bytes: try bytes(from: first, to: end)))
    }

    /// Gathers the strings of 16-byte views: length, then 12 bytes of text or prefix, buffer and offset.
    /// https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
    private func viewedText() throws(StoaError) -> Column {
        let views = try buffer(1) + offset * 16
        // The last buffer holds the sizes of the text buffers, which start at index 2.
        let textBufferCount = Int(array.n_buffers) - 3
        let validity = movedValidity
        let region = MemoryRegion(of: Int32.self, count: count + 1)
        let starts = region.bound(to: Int32.self)
        starts[0] = 0
        var total = 0
        for row in 0..<count {
            if validity.map({ Bitmap.bit($0.base, at: row) }) ?? true {
                total += Int((views + row * 16).loadUnaligned(as: Int32.self))
            }
            guard total <= Self.maximumTextBytes else { throw tooLong(total) }
            starts[row + 1] = Int32(total)
        }
        let text = MemoryRegion(byteCount: total)
        for row in 0..<count where starts[row + 1] > starts[row] {
            let view = views + row * 16
            let length = Int(starts[row + 1] - starts[row])
            var source = view + 4
            if length > 12 {
                let index = Int((view + 8).loadUnaligned(as: Int32.self))
                guard index >= 0, index < textBufferCount else {
                    throw failure(.schemaMismatch, "row \(row) points into text buffer \(index) of \(textBufferCount)")
                }
                source = try buffer(2 + index) + Int((view + 12).loadUnaligned(as: Int32.self))
            }
            (text.base + Int(starts[row])).copyMemory(from: source, byteCount: length)
        }
        return Column(
            type: .utf8, count: count, validity: validity,
            storage: .text(offsets: region.buffer, bytes: text.buffer))
    }
}
