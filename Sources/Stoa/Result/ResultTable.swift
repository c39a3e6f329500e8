import StoaColumns

/// The rows that an action gave back: a schema and batches in memory, shared with whoever made them.
public struct ResultTable: Sendable {
    /// Names, types and nullability of the columns.
    public let schema: Schema
    /// The rows in order; batches without rows are left out.
    public let batches: [Batch]
    /// Number of rows.
    public let rowCount: Int

    /// A table of batches of this schema.
    public init(schema: Schema, batches: [Batch]) {
        self.schema = schema
        self.batches = batches.filter { $0.rowCount > 0 }
        rowCount = batches.reduce(0) { $0 + $1.rowCount }
    }

    /// The values of a column, copied into an array.
    ///
    /// Throws `unknownColumn` with the nearest names, `typeMismatch` when the column has another type, and `nullFound` when a
    /// row is null (ask for `Element?.self` then).
    public subscript<Element: ColumnElement>(name: String, as type: Element.Type) -> [Element] {
        get throws(StoaError) {
            var values: [Element] = []
            values.reserveCapacity(rowCount)
            for value in try self[name, as: Element?.self] {
                guard let value else {
                    throw StoaError(
                        .nullFound, "row \(values.count) is null",
                        advice: "ask for \(Element.self)?.self, or fill the nulls",
                        at: .init(column: name))
                }
                values.append(value)
            }
            return values
        }
    }

    /// The values of a column, nil for null. Throws `unknownColumn` and `typeMismatch`.
    public subscript<Element: ColumnElement>(name: String, as type: Element?.Type) -> [Element?] {
        get throws(StoaError) {
            let index = try schema.index(of: name)
            var values: [Element?] = []
            values.reserveCapacity(rowCount)
            for batch in batches {
                guard let part = Element.values(of: batch.columns[index]) else {
                    throw StoaError(
                        .typeMismatch, "the column holds \(schema[index].type), not \(Element.dataType)",
                        advice: "ask for the column's type, or cast it before collecting", at: .init(column: name))
                }
                values += part
            }
            return values
        }
    }

    /// The rows, one after the other, for small results; columns are the way to read large ones.
    public var rows: [Row] {
        batches.flatMap { batch in (0..<batch.rowCount).map { Row(batch: batch, index: $0) } }
    }
}

/// One row of a result.
public struct Row: Sendable {
    let batch: Batch
    let index: Int

    /// Names and types of the row's values.
    public var schema: Schema { batch.schema }

    /// The value of a column, nil for null. Throws `unknownColumn` and `typeMismatch`.
    public subscript<Element: ColumnElement>(name: String, as type: Element.Type) -> Element? {
        get throws(StoaError) {
            let table = ResultTable(schema: batch.schema, batches: [batch.slice(index..<index + 1)])
            return try table[name, as: Element?.self][0]
        }
    }
}

extension Row: CustomStringConvertible {
    /// `name: value` of every column.
    public var description: String {
        zip(schema.names, batch.columns).map { "\($0): \($1.formatted(at: index))" }.joined(separator: ", ")
    }
}
