internal import CArrowABI

/// What an exported ArrowArray or ArrowSchema owns until its release callback runs: the pointer tables that the struct
/// shows, its children, and the owners of the memory that it points into.
///
/// Children own themselves, so a consumer may move one out and release its parent.
private final class ExportedArray {
    let buffers: UnsafeMutablePointer<UnsafeRawPointer?>
    let children: UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?>
    let childCount: Int
    var dictionary: UnsafeMutablePointer<ArrowArray>?
    let owners: [Buffer]

    init(buffers owners: [Buffer?], childCount: Int) {
        buffers = .allocate(capacity: max(1, owners.count))
        for (index, buffer) in owners.enumerated() { buffers[index] = buffer?.base }
        self.owners = owners.compactMap { $0 }
        children = .allocate(capacity: max(1, childCount))
        for index in 0..<childCount {
            let child = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
            child.initialize(to: ArrowArray())
            children[index] = child
        }
        self.childCount = childCount
    }

    deinit {
        for index in 0..<childCount { Self.release(children[index]) }
        Self.release(dictionary)
        children.deallocate()
        buffers.deallocate()
    }

    private static func release(_ array: UnsafeMutablePointer<ArrowArray>?) {
        guard let array else { return }
        if let release = array.pointee.release { release(array) }
        array.deallocate()
    }
}

private final class ExportedSchema {
    let format: UnsafeMutablePointer<CChar>
    let name: UnsafeMutablePointer<CChar>
    let children: UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?>
    let childCount: Int
    var dictionary: UnsafeMutablePointer<ArrowSchema>?

    init(format: String, name: String, childCount: Int) {
        self.format = Self.copied(format)
        self.name = Self.copied(name)
        children = .allocate(capacity: max(1, childCount))
        for index in 0..<childCount {
            let child = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
            child.initialize(to: ArrowSchema())
            children[index] = child
        }
        self.childCount = childCount
    }

    private static func copied(_ text: String) -> UnsafeMutablePointer<CChar> {
        let codes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: codes.count)
        for (index, code) in codes.enumerated() { copy[index] = code }
        return copy
    }

    deinit {
        for index in 0..<childCount { Self.release(children[index]) }
        Self.release(dictionary)
        children.deallocate()
        format.deallocate()
        name.deallocate()
    }

    private static func release(_ schema: UnsafeMutablePointer<ArrowSchema>?) {
        guard let schema else { return }
        if let release = schema.pointee.release { release(schema) }
        schema.deallocate()
    }
}

extension ArrowArray {
    /// Fills `target` with an array over these buffers, and gives the pointers to its children, to be filled by the
    /// caller.
    fileprivate static func export(
        to target: UnsafeMutablePointer<ArrowArray>, length: Int, nullCount: Int, offset: Int, buffers: [Buffer?],
        childCount: Int = 0, hasDictionary: Bool = false
    ) -> ExportedArray {
        let exported = ExportedArray(buffers: buffers, childCount: childCount)
        if hasDictionary {
            let dictionary = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
            dictionary.initialize(to: ArrowArray())
            exported.dictionary = dictionary
        }
        var array = ArrowArray()
        array.length = Int64(length)
        array.null_count = Int64(nullCount)
        array.offset = Int64(offset)
        array.n_buffers = Int64(buffers.count)
        array.n_children = Int64(childCount)
        array.buffers = exported.buffers
        array.children = childCount == 0 ? nil : exported.children
        array.dictionary = exported.dictionary
        array.private_data = Unmanaged.passRetained(exported).toOpaque()
        array.release = { array in
            guard let array, let data = array.pointee.private_data else { return }
            array.pointee.release = nil
            array.pointee.private_data = nil
            Unmanaged<ExportedArray>.fromOpaque(data).release()
        }
        target.initialize(to: array)
        return exported
    }
}

extension ArrowSchema {
    fileprivate static func export(
        to target: UnsafeMutablePointer<ArrowSchema>, format: String, name: String = "", isNullable: Bool = false,
        childCount: Int = 0, hasDictionary: Bool = false
    ) -> ExportedSchema {
        let exported = ExportedSchema(format: format, name: name, childCount: childCount)
        if hasDictionary {
            let dictionary = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
            dictionary.initialize(to: ArrowSchema())
            exported.dictionary = dictionary
        }
        var schema = ArrowSchema()
        schema.format = UnsafePointer(exported.format)
        schema.name = UnsafePointer(exported.name)
        schema.flags = isNullable ? Int64(ARROW_FLAG_NULLABLE) : 0
        schema.n_children = Int64(childCount)
        schema.children = childCount == 0 ? nil : exported.children
        schema.dictionary = exported.dictionary
        schema.private_data = Unmanaged.passRetained(exported).toOpaque()
        schema.release = { schema in
            guard let schema, let data = schema.pointee.private_data else { return }
            schema.pointee.release = nil
            schema.pointee.private_data = nil
            Unmanaged<ExportedSchema>.fromOpaque(data).release()
        }
        target.initialize(to: schema)
        return exported
    }
}

extension Field {
    /// Fills `target` with this field's ArrowSchema. `isEncoded`: utf8 as Int32 codes into a dictionary.
    func export(to target: UnsafeMutablePointer<ArrowSchema>, isEncoded: Bool) {
        let exported = ArrowSchema.export(
            to: target, format: isEncoded ? DataType.int32.arrowFormat : type.arrowFormat, name: name,
            isNullable: isNullable, hasDictionary: isEncoded)
        if isEncoded, let dictionary = exported.dictionary {
            _ = ArrowSchema.export(to: dictionary, format: type.arrowFormat)
        }
    }
}

extension Schema {
    /// Fills `target` with the ArrowSchema of a struct of these columns.
    func export(to target: UnsafeMutablePointer<ArrowSchema>, encoded: Set<Int>) {
        let exported = ArrowSchema.export(to: target, format: "+s", childCount: count)
        for (index, field) in fields.enumerated() {
            guard let child = exported.children[index] else { preconditionFailure("a child was not allocated") }
            field.export(to: child, isEncoded: encoded.contains(index))
        }
    }
}

extension Column {
    /// Fills `target` with this column's ArrowArray. Shares the memory, except that decimals of up to 18 digits are
    /// widened to the 128 bits of Arrow's decimals.
    func export(to target: UnsafeMutablePointer<ArrowArray>) {
        switch storage {
        case .fixed(let values):
            guard type.isDecimal, type.storageType == .int64 else {
                _ = ArrowArray.export(
                    to: target, length: count, nullCount: nullCount, offset: offset, buffers: [validity, values])
                return
            }
            _ = ArrowArray.export(
                to: target, length: count, nullCount: nullCount, offset: 0,
                buffers: [validityFromBitZero, widenedDecimals])
        case .bits(let bits):
            _ = ArrowArray.export(
                to: target, length: count, nullCount: nullCount, offset: offset, buffers: [validity, bits])
        case .text(let offsets, let bytes):
            _ = ArrowArray.export(
                to: target, length: count, nullCount: nullCount, offset: offset, buffers: [validity, offsets, bytes])
        case .dictionary(let codes, let dictionary):
            let exported = ArrowArray.export(
                to: target, length: count, nullCount: nullCount, offset: offset, buffers: [validity, codes],
                hasDictionary: true)
            guard let values = exported.dictionary else { preconditionFailure("a dictionary was not allocated") }
            dictionary.values.export(to: values)
        }
    }

    private var widenedDecimals: Buffer {
        let narrow: UnsafePointer<Int64> = values()
        let region = MemoryRegion(of: Int128.self, count: count)
        let wide = region.bound(to: Int128.self)
        for row in 0..<count { wide[row] = Int128(narrow[row]) }
        return region.buffer
    }
}

extension Batch {
    /// Fills `target` with the ArrowArray of a struct of the columns.
    func export(to target: UnsafeMutablePointer<ArrowArray>) {
        let exported = ArrowArray.export(
            to: target, length: rowCount, nullCount: 0, offset: 0, buffers: [nil], childCount: columns.count)
        for (index, column) in columns.enumerated() {
            guard let child = exported.children[index] else { preconditionFailure("a child was not allocated") }
            column.export(to: child)
        }
    }

    /// Indices of the columns that are dictionary-encoded.
    package var encodedColumns: Set<Int> {
        Set(columns.indices.filter { columns[$0].isDictionaryEncoded })
    }

    /// The same batch, of whose text columns exactly those in `encoded` are dictionary-encoded.
    func encodingOnly(_ encoded: Set<Int>) throws(StoaError) -> Batch {
        if encodedColumns == encoded { return self }
        var columns = columns
        for index in columns.indices where columns[index].type == .utf8 {
            columns[index] =
                encoded.contains(index) ? columns[index].dictionaryEncoded() : try columns[index].writtenOut()
        }
        return Batch(unchecked: schema, columns: columns, rowCount: rowCount)
    }
}
