internal import CArrowABI

/// What an ArrowSchema says about one column.
struct ImportedField {
    let name: String
    let format: String
    let form: ArrowForm
    let isNullable: Bool

    var field: Field { Field(name, form.type, isNullable: isNullable) }

    /// Reads a column's ArrowSchema. Metadata is not kept; an extension type counts as the type it is stored in.
    init(_ schema: borrowing ArrowSchema) throws(StoaError) {
        name = schema.name.map { String(cString: $0) } ?? ""
        format = schema.format.map { String(cString: $0) } ?? ""
        guard let own = ArrowForm(format: format) else { throw Self.unsupported(name: name, format: format) }
        if let dictionary = schema.dictionary {
            let values = dictionary.pointee.format.map { String(cString: $0) } ?? ""
            guard case .fixed(let codes) = own, codes.isInteger, case .text(let layout) = ArrowForm(format: values)
            else { throw Self.unsupported(name: name, format: "dictionary of '\(values)' by '\(format)'") }
            form = .dictionary(codes: codes.storageType, layout)
        } else {
            form = own
        }
        isNullable = schema.flags & Int64(ARROW_FLAG_NULLABLE) != 0 || form == .null
    }

    private init(name: String, format: String, form: ArrowForm, isNullable: Bool) {
        self.name = name
        self.format = format
        self.form = form
        self.isNullable = isNullable
    }

    /// The strings of this column's dictionary as a column of their own.
    func ofDictionary(_ layout: ArrowForm.TextLayout) -> ImportedField {
        ImportedField(name: name, format: layout.format, form: .text(layout), isNullable: true)
    }

    private static func unsupported(name: String, format: String) -> StoaError {
        StoaError(
            .unsupported, "Stoa has no column type for the Arrow format '\(format)'",
            advice: "cast the column to one of \(ArrowForm.supported), or leave it out", at: .init(column: name))
    }

    /// The columns of a struct's ArrowSchema.
    static func columns(of schema: borrowing ArrowSchema) throws(StoaError) -> [ImportedField] {
        let format = schema.format.map { String(cString: $0) } ?? ""
        guard format == "+s" else {
            throw StoaError(
                .schemaMismatch, "the Arrow schema has the format '\(format)'",
                advice: "a batch is a struct array, format '+s', with one child per column")
        }
        var fields: [ImportedField] = []
        for index in 0..<Int(schema.n_children) {
            guard let child = schema.children?[index] else {
                throw StoaError(.schemaMismatch, "child \(index) of the Arrow schema is a null pointer")
            }
            fields.append(try ImportedField(child.pointee))
        }
        return fields
    }
}
