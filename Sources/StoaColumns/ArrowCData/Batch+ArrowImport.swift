internal import CArrowABI

extension Schema {
    /// The schema that an `ArrowSchema` struct of the Arrow C Data Interface describes (format `+s`, a child a column).
    ///
    /// Ownership: the struct at `schema` is moved; it is released exactly once, also when this throws, and the caller
    /// must not release it. Names, types and nullability are kept, metadata is not.
    ///
    /// Throws `unsupported`, with the column's name, for a type that Stoa does not have.
    public init(importing schema: UnsafeMutableRawPointer) throws(StoaError) {
        let imported = ImportedSchemaStruct(moving: schema.assumingMemoryBound(to: ArrowSchema.self))
        self.init(try ImportedField.columns(of: imported.schema.pointee).map(\.field))
    }
}

extension Batch {
    /// The batch that a pair of `ArrowArray` and `ArrowSchema` structs of the Arrow C Data Interface describes: a struct
    /// array with one child per column and no null structs.
    ///
    /// Columns of Stoa's own layouts share the producer's memory; text with 64-bit offsets or views, dictionaries with
    /// nulls or repeated strings, timestamps other than microseconds, date64 and decimals of other widths are converted.
    /// A column without type (`null`) becomes utf8.
    ///
    /// Ownership: both structs are moved; each is released exactly once, also when this throws, and the caller must not
    /// release them. A column's memory is released when its last copy or slice goes.
    ///
    /// Throws `unsupported` for types that Stoa does not have, `castFailed` for a value that the conversion would change,
    /// `nullFound` for nulls where the schema denies them, `schemaMismatch` when array and schema contradict each other.
    public init(
        importing array: UnsafeMutableRawPointer, schema: UnsafeMutableRawPointer,
        options: ArrowImportOptions = ArrowImportOptions()
    ) throws(StoaError) {
        let owner = ImportedArray(moving: array.assumingMemoryBound(to: ArrowArray.self))
        let imported = ImportedSchemaStruct(moving: schema.assumingMemoryBound(to: ArrowSchema.self))
        let fields = try ImportedField.columns(of: imported.schema.pointee)
        var dictionaries = [ImportedDictionary?](repeating: nil, count: fields.count)
        try self.init(
            importing: owner, fields: fields, schema: Schema(fields.map(\.field)), dictionaries: &dictionaries,
            options: options)
    }

    /// A batch of the rows of a struct array. The array's children are moved out of it.
    init(
        importing owner: consuming ImportedArray, fields: [ImportedField], schema: Schema,
        dictionaries: inout [ImportedDictionary?], options: ArrowImportOptions
    ) throws(StoaError) {
        let parent = owner.array.pointee
        guard Int(parent.n_children) == fields.count, parent.length >= 0, parent.offset >= 0 else {
            throw StoaError(
                .schemaMismatch,
                "the Arrow array has \(parent.n_children) children of \(parent.length) rows for a schema of "
                    + "\(fields.count) columns")
        }
        let rowCount = Int(parent.length)
        let skipped = Int(parent.offset)
        if parent.null_count != 0, parent.n_buffers > 0, let validity = parent.buffers?[0] {
            let nulls = rowCount - Bitmap.countOnes(validity, at: skipped, count: rowCount)
            guard nulls == 0 else {
                throw StoaError(
                    .nullFound, "\(nulls) rows of the struct array are null as a whole",
                    advice: "a batch has no such rows; move the nulls into the columns")
            }
        }
        let children = try owner.movedChildren()
        _ = consume owner
        var columns: [Column] = []
        columns.reserveCapacity(fields.count)
        for (index, child) in children.enumerated() {
            let column = try ColumnImport(
                field: fields[index], array: child.array.pointee, owner: child, skipping: skipped, count: rowCount,
                options: options
            ).column(dictionary: &dictionaries[index])
            if !fields[index].isNullable, column.nullCount > 0 {
                throw StoaError(
                    .nullFound, "\(column.nullCount) nulls in a column that the Arrow schema promises to be not null",
                    advice: "mark the field as nullable", at: .init(column: fields[index].name))
            }
            child.note(column.byteCount - (column.dictionaryCodes?.dictionary.values.byteCount ?? 0))
            columns.append(column)
        }
        self.init(unchecked: schema, columns: columns, rowCount: rowCount)
    }
}
