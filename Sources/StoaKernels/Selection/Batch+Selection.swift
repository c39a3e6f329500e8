import StoaColumns

extension Batch {
    /// The rows that the mask chooses, in their order. See `Column.filtered(by:)`.
    package func filtered(by mask: BitMask) -> Batch {
        precondition(mask.count == rowCount, "a mask of \(mask.count) rows for a batch of \(rowCount)")
        if mask.ones == rowCount { return self }
        return Batch(unchecked: schema, columns: columns.map { $0.filtered(by: mask) }, rowCount: mask.ones)
    }

    /// The rows of these numbers, in this order; a negative number gives a row of nulls, which the caller answers for
    /// when the schema promises none. See `Column.taking(_:count:)`.
    package func taking(_ rows: UnsafePointer<Int32>, count: Int) -> Batch {
        Batch(unchecked: schema, columns: columns.map { $0.taking(rows, count: count) }, rowCount: count)
    }

    /// The rows of these numbers, in this order.
    package func taking(_ rows: [Int32]) -> Batch {
        Batch(unchecked: schema, columns: columns.map { $0.taking(rows) }, rowCount: rows.count)
    }

    /// The rows of all batches, one batch after the other. See `Column.concatenated(_:)`.
    ///
    /// Empty: without batches, a batch of no row. Throws `schemaMismatch` when types differ from the schema's.
    package static func concatenated(_ batches: [Batch], schema: Schema) throws(StoaError) -> Batch {
        var columns: [Column] = []
        for (index, field) in schema.fields.enumerated() {
            let parts = [Column.nulls(field.type, count: 0)] + batches.map { $0.columns[index] }
            do {
                columns.append(try Column.concatenated(parts))
            } catch {
                throw error.located(.init(column: field.name))
            }
        }
        return Batch(unchecked: schema, columns: columns, rowCount: batches.reduce(0) { $0 + $1.rowCount })
    }

    /// The batch in memory of its own, when its columns are slices of larger ones.
    package func compacted() -> Batch {
        Batch(unchecked: schema, columns: columns.map { $0.compacted() }, rowCount: rowCount)
    }
}
