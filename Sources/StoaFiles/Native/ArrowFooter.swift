internal import CArrowFiles
import StoaColumns

/// Schema and batches of an Arrow IPC file. Used by one thread.
final class ArrowFooter {
    private let handle: OpaquePointer
    private let path: String

    init(path: String) throws(StoaError) {
        var handle: OpaquePointer?
        try StoaError.check(stoa_ipc_open(path, &handle), file: path)
        guard let handle else { preconditionFailure("the C layer succeeded without giving a file") }
        self.handle = handle
        self.path = path
    }

    deinit { stoa_ipc_close(handle) }

    func schema() throws(StoaError) -> Schema {
        var schema = ArrowSchema()
        try StoaError.check(stoa_ipc_schema(handle, &schema), file: path)
        do {
            return try Schema(importing: &schema)
        } catch {
            throw error.located(.init(file: path))
        }
    }

    /// Nil for the stream format, whose batches are known only by reading.
    var batchCount: Int? {
        let count = stoa_ipc_batch_count(handle)
        return count < 0 ? nil : Int(count)
    }

    func rowCount(ofBatch batch: Int) throws(StoaError) -> Int {
        var rows: Int64 = 0
        try StoaError.check(stoa_ipc_batch_rows(handle, Int64(batch), &rows), file: path)
        return Int(rows)
    }
}
