/// A set of equally long columns with a schema (Arrow's record batch).
public struct Batch: Sendable {
    /// Names, types and nullability of the columns.
    public let schema: Schema
    /// The columns in schema order.
    public let columns: [Column]
    /// Number of rows, also known when there is no column.
    public let rowCount: Int

    /// A batch of these columns.
    ///
    /// Throws `schemaMismatch` when a column's type, length or nulls differ from what the schema promises.
    public init(schema: Schema, columns: [Column]) throws(StoaError) {
        guard schema.count == columns.count else {
            throw StoaError(.schemaMismatch, "\(columns.count) columns for a schema of \(schema.count)")
        }
        for (field, column) in zip(schema.fields, columns) {
            if field.type != column.type {
                throw StoaError(
                    .schemaMismatch, "the column holds \(column.type) where the schema says \(field.type)",
                    at: .init(column: field.name))
            }
            if column.count != columns[0].count {
                throw StoaError(
                    .schemaMismatch, "the column has \(column.count) rows, the first column \(columns[0].count)",
                    at: .init(column: field.name))
            }
            if !field.isNullable, column.nullCount > 0 {
                throw StoaError(
                    .nullFound, "\(column.nullCount) nulls in a column that the schema promises to be not null",
                    at: .init(column: field.name))
            }
        }
        self.init(unchecked: schema, columns: columns, rowCount: columns.first?.count ?? 0)
    }

    /// A batch whose maker answers for the match of schema and columns.
    package init(unchecked schema: Schema, columns: [Column], rowCount: Int) {
        self.schema = schema
        self.columns = columns
        self.rowCount = rowCount
    }

    /// A batch of named columns, each nullable when it holds nulls. Throws when the lengths differ.
    public init(_ columns: KeyValuePairs<String, Column>) throws(StoaError) {
        try self.init(
            schema: Schema(columns.map { Field($0.key, $0.value.type, isNullable: $0.value.nullCount > 0) }),
            columns: columns.map(\.value))
    }

    /// The column of that name. Throws `unknownColumn` with the nearest names.
    public func column(_ name: String) throws(StoaError) -> Column {
        columns[try schema.index(of: name)]
    }

    /// The rows of `range`, sharing memory.
    public func slice(_ range: Range<Int>) -> Batch {
        Batch(unchecked: schema, columns: columns.map { $0.slice(range) }, rowCount: range.count)
    }

    /// Only the columns at these indices, in this order, sharing memory.
    package func projected(to indices: [Int]) -> Batch {
        Batch(unchecked: schema.projected(to: indices), columns: indices.map { columns[$0] }, rowCount: rowCount)
    }

    /// Bytes of the buffers that the rows of this batch occupy, shared dictionaries counted in full.
    package var byteCount: Int { columns.reduce(0) { $0 + $1.byteCount } }
}

extension Column {
    /// Bytes of the buffers that this column's rows occupy; a dictionary counts in full.
    package var byteCount: Int {
        let bitmap = validity == nil ? 0 : (count + 7) / 8
        switch storage {
        case .fixed: return bitmap + count * (type.storageType.byteWidth ?? 0)
        case .bits: return bitmap + (count + 7) / 8
        case .text(let offsets, _):
            let starts = offsets.pointer(as: Int32.self) + offset
            return bitmap + (count + 1) * 4 + Int(starts[count] - starts[0])
        case .dictionary(_, let dictionary): return bitmap + count * 4 + dictionary.values.byteCount
        }
    }
}
