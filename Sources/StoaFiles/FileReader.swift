import StoaColumns
import StoaPlan

/// Reads a slice of a file batch by batch, on one thread. Batches of text files have 65,536 rows but for the last;
/// those of Parquet at most so many; those of Arrow files are as they were written.
///
/// Whoever changes, replaces or removes the file meanwhile makes this fail: no batch is given whose rows were read
/// after that. What a file system tells of a write is as fine as its clock, a few milliseconds.
package final class FileReader {
    private let slice: FileSlice
    private let schema: Schema
    private var reader: NativeReader?

    /// Opens the slice's file. Throws `fileChanged` when it is not the file that was planned with, `fileNotFound` when it
    /// was removed.
    package init(_ slice: FileSlice) throws(StoaError) {
        self.slice = slice
        schema = slice.schema
        if let change = slice.change { throw change }
        guard slice.rowCount != 0 else { return }
        do throws(StoaError) {
            reader = try NativeReader.open(slice)
        } catch {
            throw slice.change ?? error
        }
    }

    /// The next batch with at least one row, nil after the last.
    ///
    /// A value that is not of its column's type is a `malformedFile` error with file, record, column and text; where
    /// the type came from a sample the advice says how large it was. A file that is not the one that was planned with any
    /// more is `fileChanged`, whatever reading it gave.
    package func next() throws(StoaError) -> Batch? {
        guard let reader else { return nil }
        do throws(StoaError) {
            let batch = try reader.next()
            // The end may be that of a file that became shorter.
            if let change = slice.change { throw change }
            guard let batch else {
                self.reader = nil
                return nil
            }
            return try checked(batch)
        } catch {
            self.reader = nil
            throw slice.change ?? explained(error)
        }
    }

    /// The batch under the slice's schema, which may allow nulls where this file denies them.
    private func checked(_ batch: Batch) throws(StoaError) -> Batch {
        for (found, expected) in zip(batch.schema.fields, schema.fields) where found.type != expected.type {
            throw StoaError(
                .schemaMismatch, "the column is \(found.type), the plan expects \(expected.type)",
                at: .init(file: slice.path, column: expected.name))
        }
        return Batch(unchecked: schema, columns: batch.columns, rowCount: batch.rowCount)
    }

    private func explained(_ error: StoaError) -> StoaError {
        guard error.code == .malformedFile, let column = error.location.column,
            let evidence = FileCatalog.evidence(for: column, in: slice),
            slice.fileSchema[column]?.type == evidence.type
        else { return error }
        var error = error
        error.advice =
            "'\(column)' was taken as \(evidence.type) from \(evidence.sampledValues) sampled values; "
            + "give its type in `types:`, or this text among the null strings if it means null"
        return error
    }
}
