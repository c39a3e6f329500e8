internal import CArrowABI

/// Imports batches of one source one after the other, each with its own schema, and recognises the dictionaries of text
/// columns that come again: batches that share one in the source's memory share one here.
package struct BatchImporter {
    private var dictionaries: [ImportedDictionary?] = []
    private let options: ArrowImportOptions

    package init(options: ArrowImportOptions = ArrowImportOptions()) {
        self.options = options
    }

    /// The batch that the structs describe; rules and ownership as for `Batch.init(importing:schema:options:)`.
    package mutating func batch(
        importing array: UnsafeMutableRawPointer, schema: UnsafeMutableRawPointer
    ) throws(StoaError) -> Batch {
        let owner = ImportedArray(moving: array.assumingMemoryBound(to: ArrowArray.self))
        let imported = ImportedSchemaStruct(moving: schema.assumingMemoryBound(to: ArrowSchema.self))
        let fields = try ImportedField.columns(of: imported.schema.pointee)
        if dictionaries.count != fields.count { dictionaries = Array(repeating: nil, count: fields.count) }
        return try Batch(
            importing: owner, fields: fields, schema: Schema(fields.map(\.field)), dictionaries: &dictionaries,
            options: options)
    }
}
