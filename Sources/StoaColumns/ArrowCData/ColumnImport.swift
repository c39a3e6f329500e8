internal import CArrowABI

/// Makes a Column of one imported ArrowArray: by reference where the layouts agree, by conversion elsewhere.
struct ColumnImport {
    let field: ImportedField
    let array: ArrowArray
    /// Keeps the array and the memory it points to alive.
    let owner: ImportedArray
    let options: ArrowImportOptions
    /// First row, counted from the start of the buffers.
    let offset: Int
    let count: Int

    /// `count` rows from `skipped` on of an array that `owner` holds.
    init(
        field: ImportedField, array: ArrowArray, owner: ImportedArray, skipping skipped: Int, count: Int,
        options: ArrowImportOptions
    ) throws(StoaError) {
        self.field = field
        self.array = array
        self.owner = owner
        self.options = options
        self.count = count
        offset = Int(array.offset) + skipped
        guard array.length >= 0, array.offset >= 0, Int(array.length) >= skipped + count else {
            throw failure(
                .schemaMismatch,
                "an Arrow array of \(array.length) rows from row \(array.offset) cannot give rows "
                    + "\(skipped)..<\(skipped + count)")
        }
        if let expected = field.form.bufferCount, Int(array.n_buffers) != expected {
            throw failure(
                .schemaMismatch,
                "the Arrow array has \(array.n_buffers) buffers where the format '\(field.format)' has \(expected)")
        }
    }

    /// An error about this column.
    func failure(_ code: StoaError.Code, _ message: String, advice: String = "") -> StoaError {
        StoaError(code, message, advice: advice, at: .init(column: field.name))
    }

    /// Buffer `index` of the array; the specification lets empty buffers be null pointers, so this is for count > 0.
    func buffer(_ index: Int) throws(StoaError) -> UnsafeRawPointer {
        guard let pointer = array.buffers?[index] else {
            throw failure(.schemaMismatch, "buffer \(index) of the Arrow array is a null pointer")
        }
        return pointer
    }

    /// The validity bitmap, whose first row is at bit `offset`; nil when the array says it has no nulls.
    var validity: Buffer? {
        guard array.null_count != 0, array.n_buffers > 0, let bits = array.buffers?[0] else { return nil }
        return Buffer(base: bits, byteCount: (offset + count + 7) / 8, owner: owner)
    }

    /// The validity bitmap moved to bit 0, for converted values.
    var movedValidity: Buffer? {
        guard let validity else { return nil }
        if offset == 0 { return validity }
        let region = MemoryRegion(bits: count)
        Bitmap.copy(validity.base, at: offset, count: count, to: region.base)
        return region.buffer
    }

    /// The column. `dictionary` remembers the dictionary from batch to batch.
    func column(dictionary: inout ImportedDictionary?) throws(StoaError) -> Column {
        if count == 0 || field.form == .null { return Column.nulls(field.form.type, count: count) }
        switch field.form {
        case .fixed(let type): return try fixed(type)
        case .bits:
            return Column(
                type: .bool, count: count, offset: offset, validity: validity,
                storage: .bits(Buffer(base: try buffer(1), byteCount: (offset + count + 7) / 8, owner: owner)))
        case .text(let layout): return try text(layout)
        case .decimal(let bits, let precision, let scale):
            return try decimal(bits: bits, precision: precision, scale: scale)
        case .date64: return try date()
        case .timestamp(let unit, _): return try timestamp(unit)
        case .dictionary(let codes, let layout): return try encoded(codes, layout, &dictionary)
        case .null: return Column.nulls(.utf8, count: count)
        }
    }

    /// Values that lie in memory as Stoa holds them. Copied only when they are aligned less than their type needs.
    func fixed(_ type: DataType) throws(StoaError) -> Column {
        guard let width = type.storageType.byteWidth else {
            preconditionFailure("\(type) has no fixed width")
        }
        let base = try buffer(1)
        if Int(bitPattern: base) % width == 0 {
            return Column(
                type: type, count: count, offset: offset, validity: validity,
                storage: .fixed(Buffer(base: base, byteCount: (offset + count) * width, owner: owner)))
        }
        let region = MemoryRegion(byteCount: count * width)
        region.base.copyMemory(from: base + offset * width, byteCount: count * width)
        return Column(type: type, count: count, validity: movedValidity, storage: .fixed(region.buffer))
    }
}
