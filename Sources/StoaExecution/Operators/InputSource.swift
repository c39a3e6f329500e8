import StoaColumns
import StoaFiles
import StoaPlan
import StoaTasks

/// The leaf of a task's operators: the rows of one input as morsels, in order. Asks at every morsel whether the task was
/// cancelled, and so does every operator above that pulls from it.
final class InputSource: BatchSource {
    private enum Rest {
        /// The block that is being read, and the blocks behind it.
        case blocks(BlockReader?, ArraySlice<BlockLocation>)
        /// A file that is opened for the first batch.
        case file(FileSlice)
        case openFile(FileReader)
    }

    let schema: Schema
    private let rowSchema: Schema?
    var givesPartitionRows: Bool { true }
    private let number: Int
    private let context: TaskContext
    private var rest: Rest
    private var cutter = MorselCutter()
    /// The schema of the last batch that had the plan's: the batches of a block share theirs, which shows without a look at
    /// the names.
    private var acceptedSchema: Schema

    /// The rows of a task's input of that number.
    ///
    /// - Parameter rowSchema: batches of this schema may come, too, and stay as they are.
    init(_ number: Int, schema: Schema, or rowSchema: Schema? = nil, of context: TaskContext) throws(StoaError) {
        self.schema = schema
        acceptedSchema = schema
        self.rowSchema = rowSchema
        self.number = number
        self.context = context
        switch try context.input(number) {
        case .blocks(let locations): rest = .blocks(nil, locations[...])
        case .file(let slice): rest = .file(slice)
        }
    }

    func takeLongBatches() { cutter.rowLimit = Morsel.longRowLimit }

    func next() throws(StoaError) -> Batch? {
        try context.cancellation.check()
        while true {
            if let morsel = cutter.next() { return morsel }
            guard let batch = try nextBatch() else { return nil }
            cutter.cut(try relabelled(batch))
        }
    }

    private func nextBatch() throws(StoaError) -> Batch? {
        while true {
            switch rest {
            case .blocks(var reader, var locations):
                if let batch = try reader?.next() {
                    rest = .blocks(reader, locations)
                    return batch
                }
                guard let location = locations.popFirst() else { return nil }
                rest = .blocks(try BlockReader(context.block(at: location)), locations)
            case .file(let slice): rest = .openFile(try FileReader(slice))
            case .openFile(let reader):
                guard let batch = try reader.next() else { return nil }
                try context.memory.check(batch, "a batch of a file")
                context.countRead(rows: batch.rowCount, bytes: batch.byteCount)
                return batch
            }
        }
    }

    /// The batch under the names by which the plan calls its columns: those who made it may have called them otherwise, as
    /// the sides of a union do. Throws `engineFailed` when the types differ.
    private func relabelled(_ batch: Batch) throws(StoaError) -> Batch {
        if batch.schema == acceptedSchema { return batch }
        if batch.schema == schema || batch.schema == rowSchema {
            acceptedSchema = batch.schema
            return batch
        }
        guard batch.columns.map(\.type) == schema.fields.map(\.type) else {
            throw StoaError(
                .engineFailed, source: .engine,
                "input \(number) of a task holds \(batch.schema) where its plan reads \(schema)")
        }
        return Batch(unchecked: schema, columns: batch.columns, rowCount: batch.rowCount)
    }
}
