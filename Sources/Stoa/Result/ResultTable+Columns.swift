import StoaColumns
import StoaKernels

extension ResultTable: Equatable {
    /// Whether names, types, rows and values agree, floats by their bits; how the rows are cut into batches, how text is
    /// encoded and what the schema promises about nulls do not matter.
    public static func == (left: ResultTable, right: ResultTable) -> Bool {
        guard left.rowCount == right.rowCount, left.schema.names == right.schema.names,
            left.schema.fields.map(\.type) == right.schema.fields.map(\.type)
        else { return false }
        // Both tables are walked in pieces that no batch border of either cuts.
        var (leftBatch, leftRow, rightBatch, rightRow) = (0, 0, 0, 0)
        while leftBatch < left.batches.count {
            let (ours, theirs) = (left.batches[leftBatch], right.batches[rightBatch])
            let count = min(ours.rowCount - leftRow, theirs.rowCount - rightRow)
            let same = zip(ours.columns, theirs.columns).allSatisfy {
                $0.slice(leftRow..<leftRow + count) == $1.slice(rightRow..<rightRow + count)
            }
            guard same else { return false }
            leftRow += count
            rightRow += count
            if leftRow == ours.rowCount { (leftBatch, leftRow) = (leftBatch + 1, 0) }
            if rightRow == theirs.rowCount { (rightBatch, rightRow) = (rightBatch + 1, 0) }
        }
        return true
    }
}

extension ResultTable {
    /// A whole column in one piece, shared when the result is one batch, else copied.
    ///
    /// Throws `unsupported` beyond 2 GiB of text, the limit of one column chunk.
    package func column(_ index: Int) throws(StoaError) -> Column {
        guard !batches.isEmpty else { return Column.nulls(schema[index].type, count: 0) }
        return try Column.concatenated(batches.map { $0.columns[index] })
    }

    /// A whole column in one piece. Throws `unknownColumn` with the nearest names.
    public func column(_ name: String) throws(StoaError) -> Column {
        try column(schema.index(of: name))
    }

    /// Fills the `ArrowArrayStream` struct (Arrow C Stream Interface) at `target` with the rows, without a copy.
    ///
    /// The consumer releases the stream; the rows live until then.
    public func exportArrowStream(to target: UnsafeMutableRawPointer) {
        ArrowStream.export(schema: schema, batches: batches, to: target)
    }
}
