import StoaColumns
import StoaFiles
import StoaPlan
import StoaTasks

/// The leaf of a task's operators: the rows of one input as morsels, in order. Asks at every morsel whether the task was
/// cancelled, and so does every operator above that pulls from it.
final class InputSource: BatchSource {
    let schema: Schema
    var givesPartitionRows: Bool { true }
    private let cancellation: CancellationFlag
    private let morsels: MorselSource

    /// The rows of a task's input of that number.
    init(_ number: Int, schema: Schema, of context: TaskContext) throws(StoaError) {
        self.schema = schema
        cancellation = context.cancellation
        switch try context.input(number) {
        case .blocks(let locations):
            var remaining = locations[...]
            var batches: ArraySlice<Batch> = []
            morsels = MorselSource(schema: schema) { () throws(StoaError) -> Batch? in
                while true {
                    if let batch = batches.popFirst() { return try Self.relabelled(batch, schema, input: number) }
                    guard let location = remaining.popFirst() else { return nil }
                    batches = try context.block(at: location).rows()[...]
                }
            }
        case .file(let slice):
            var reader: FileReader?
            morsels = MorselSource(schema: schema) { () throws(StoaError) -> Batch? in
                if reader == nil { reader = try FileReader(slice) }
                guard let batch = try reader?.next() else { return nil }
                context.metrics.rowsRead += batch.rowCount
                context.metrics.bytesRead += batch.byteCount
                return try Self.relabelled(batch, schema, input: number)
            }
        }
    }

    func next() throws(StoaError) -> Batch? {
        try cancellation.check()
        return try morsels.next()
    }

    /// The batch under the names by which the plan calls its columns: those who made it may have called them otherwise, as
    /// the sides of a union do. Throws `engineFailed` when the types differ.
    private static func relabelled(_ batch: Batch, _ schema: Schema, input: Int) throws(StoaError) -> Batch {
        if batch.schema == schema { return batch }
        guard batch.columns.map(\.type) == schema.fields.map(\.type) else {
            throw StoaError(
                .engineFailed, source: .engine,
                "input \(input) of a task holds \(batch.schema) where its plan reads \(schema)")
        }
        return Batch(unchecked: schema, columns: batch.columns, rowCount: batch.rowCount)
    }
}
