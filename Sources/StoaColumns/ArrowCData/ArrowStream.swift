internal import CArrowABI

/// Reads the batches of an `ArrowArrayStream` of the Arrow C Stream Interface.
///
/// For one thread at a time, as the interface demands. The stream is released exactly once: after its last batch, after
/// its first error, or when this object goes. Batches live on without it.
public final class ArrowStream {
    /// Names, types and nullability of the batches' columns.
    public let schema: Schema
    private let fields: [ImportedField]
    private let options: ArrowImportOptions
    private var dictionaries: [ImportedDictionary?]
    private let stream: UnsafeMutablePointer<ArrowArrayStream>

    /// Takes over the struct at `stream`, which the caller must not release, and reads its schema.
    ///
    /// Throws `inputOutputFailed` with the producer's message, or what `Schema(importing:)` throws; the stream is
    /// released then too.
    public init(
        importing stream: UnsafeMutableRawPointer, options: ArrowImportOptions = ArrowImportOptions()
    ) throws(StoaError) {
        let source = stream.assumingMemoryBound(to: ArrowArrayStream.self)
        let moved = UnsafeMutablePointer<ArrowArrayStream>.allocate(capacity: 1)
        moved.initialize(to: source.pointee)
        source.pointee.release = nil
        do throws(StoaError) {
            var schema = ArrowSchema()
            let status = moved.pointee.get_schema(moved, &schema)
            guard status == 0 else { throw Self.failure(status, of: moved) }
            let imported = ImportedSchemaStruct(moving: &schema)
            fields = try ImportedField.columns(of: imported.schema.pointee)
        } catch {
            Self.release(moved)
            moved.deallocate()
            throw error
        }
        self.stream = moved
        self.options = options
        schema = Schema(fields.map(\.field))
        dictionaries = Array(repeating: nil, count: fields.count)
    }

    deinit {
        Self.release(stream)
        stream.deallocate()
    }

    /// The next batch, nil after the last one. Dictionaries that the producer repeats are shared by the batches.
    public func next() throws(StoaError) -> Batch? {
        guard stream.pointee.release != nil else { return nil }
        do throws(StoaError) {
            var array = ArrowArray()
            let status = stream.pointee.get_next(stream, &array)
            guard status == 0 else { throw Self.failure(status, of: stream) }
            guard array.release != nil else {
                Self.release(stream)
                return nil
            }
            return try Batch(
                importing: ImportedArray(moving: &array), fields: fields, schema: schema, dictionaries: &dictionaries,
                options: options)
        } catch {
            Self.release(stream)
            throw error
        }
    }

    private static func release(_ stream: UnsafeMutablePointer<ArrowArrayStream>) {
        if let release = stream.pointee.release { release(stream) }
        stream.pointee.release = nil
    }

    private static func failure(_ status: Int32, of stream: UnsafeMutablePointer<ArrowArrayStream>) -> StoaError {
        let message = stream.pointee.get_last_error(stream).map { String(cString: $0) }
        return StoaError(
            .inputOutputFailed, source: .environment, message ?? "the Arrow stream failed with error \(status)")
    }
}
