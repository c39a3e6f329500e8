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
                    if let batch = batches.popFirst() { return batch }
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
                return batch
            }
        }
    }

    func next() throws(StoaError) -> Batch? {
        try cancellation.check()
        return try morsels.next()
    }
}
