internal import CArrowABI
import Glibc

/// What an exported ArrowArrayStream owns until its release callback runs.
private final class ExportedStream {
    let schema: Schema
    let encoded: Set<Int>
    let next: () throws -> Batch?
    private var message: UnsafeMutablePointer<CChar>?

    init(schema: Schema, encoded: Set<Int>, next: @escaping () throws -> Batch?) {
        self.schema = schema
        self.encoded = encoded
        self.next = next
    }

    deinit { free(message) }

    /// The stream that a callback is called on.
    static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> ExportedStream? {
        guard let data = stream?.pointee.private_data else { return nil }
        return Unmanaged<ExportedStream>.fromOpaque(data).takeUnretainedValue()
    }

    /// Fills `target` with the next batch, or marks it as released after the last one. Gives an errno.
    func fill(_ target: UnsafeMutablePointer<ArrowArray>) -> Int32 {
        do {
            guard let batch = try next() else {
                target.initialize(to: ArrowArray())
                return 0
            }
            guard batch.schema.hasColumns(like: schema) else {
                throw StoaError(
                    .schemaMismatch, "a batch of \(batch.schema) in a stream of \(schema)",
                    advice: "all batches of a stream have its schema")
            }
            try batch.encodingOnly(encoded).export(to: target)
            return 0
        } catch {
            free(message)
            message = strdup("\(error)")
            return error is StoaError ? EINVAL : EIO
        }
    }

    var lastError: UnsafePointer<CChar>? { message.map { UnsafePointer($0) } }
}

extension Schema {
    /// Whether batches of `other` have these names and types.
    fileprivate func hasColumns(like other: Schema) -> Bool {
        count == other.count && zip(fields, other.fields).allSatisfy { $0.name == $1.name && $0.type == $1.type }
    }
}

extension ArrowStream {
    /// Fills an uninitialised or released `ArrowArrayStream` struct of the Arrow C Stream Interface with batches that
    /// `next` makes one by one, nil after the last.
    ///
    /// A stream says once which text columns are dictionary-encoded: those in `encodedColumns`, by index. Other batches
    /// are brought to that, by writing the text out or by encoding it. `next` is called on the consumer's thread; what it
    /// throws becomes the stream's error with its description as message. Whoever holds the struct calls its release
    /// callback once, which lets `next` go; batches that were handed out live on.
    public static func export(
        schema: Schema, encodedColumns: Set<Int> = [], to target: UnsafeMutableRawPointer,
        next: @escaping () throws -> Batch?
    ) {
        let exported = ExportedStream(schema: schema, encoded: encodedColumns, next: next)
        var stream = ArrowArrayStream()
        stream.private_data = Unmanaged.passRetained(exported).toOpaque()
        stream.get_schema = { stream, target in
            guard let exported = ExportedStream.of(stream), let target else { return EINVAL }
            exported.schema.export(to: target, encoded: exported.encoded)
            return 0
        }
        stream.get_next = { stream, target in
            guard let exported = ExportedStream.of(stream), let target else { return EINVAL }
            return exported.fill(target)
        }
        stream.get_last_error = { stream in ExportedStream.of(stream)?.lastError }
        stream.release = { stream in
            guard let stream, let data = stream.pointee.private_data else { return }
            stream.pointee.release = nil
            stream.pointee.private_data = nil
            Unmanaged<ExportedStream>.fromOpaque(data).release()
        }
        target.assumingMemoryBound(to: ArrowArrayStream.self).initialize(to: stream)
    }

    /// Fills an `ArrowArrayStream` struct with batches that are there already; text columns that are dictionary-encoded
    /// in every batch stay so.
    public static func export(schema: Schema, batches: [Batch], to target: UnsafeMutableRawPointer) {
        var encoded = batches.first?.encodedColumns ?? []
        for batch in batches { encoded.formIntersection(batch.encodedColumns) }
        var remaining = batches.makeIterator()
        export(schema: schema, encodedColumns: encoded, to: target) { remaining.next() }
    }
}
