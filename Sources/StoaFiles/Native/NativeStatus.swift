internal import CArrowFiles
import StoaColumns
import StoaPlan

extension StoaError {
    /// The error that a status of the C layer tells; nil when it tells success. Frees the status.
    init?(_ status: stoa_status, file: String) {
        guard status.code != 0 else { return nil }
        var status = status
        defer { stoa_status_free(&status) }
        let (code, source): (Code, Source) =
            switch Int(status.code) {
            case STOA_MALFORMED_FILE: (.malformedFile, .caller)
            case STOA_FILE_NOT_FOUND: (.fileNotFound, .caller)
            case STOA_INPUT_OUTPUT_FAILED: (.inputOutputFailed, .environment)
            case STOA_UNSUPPORTED: (.unsupported, .caller)
            case STOA_INVALID_ARGUMENT: (.invalidArgument, .caller)
            case STOA_OUT_OF_MEMORY: (.outOfMemory, .environment)
            default: (.engineFailed, .engine)
            }
        let fallback =
            code == .outOfMemory ? "there is not enough memory to read or write this file" : "no reason given"
        self.init(
            code, source: source, status.message.map { String(cString: $0) } ?? fallback,
            advice: status.advice.map { String(cString: $0) } ?? "",
            at: .init(
                file: file, row: status.row > 0 ? Int(status.row) : nil,
                column: status.column.map { String(cString: $0) }),
            isRetryable: code == .inputOutputFailed)
    }

    /// Throws the error that a status tells, if it tells one.
    static func check(_ status: stoa_status, file: String) throws(StoaError) {
        if let error = StoaError(status, file: file) { throw error }
    }
}

/// What `body` gives for the options in the C layer's form. Throws `invalidArgument` for a delimiter that is not one
/// ASCII character.
func withDialect<Result>(
    _ options: CSVOptions, file: String, _ body: (UnsafePointer<stoa_csv_dialect>) throws(StoaError) -> Result
) throws(StoaError) -> Result {
    let delimiter = Array(options.delimiter.utf8)
    guard delimiter.count == 1 else {
        throw StoaError(
            .invalidArgument, "'\(options.delimiter)' cannot separate fields", advice: "use one ASCII character",
            at: .init(file: file))
    }
    // One string after the other in one allocation, and pointers to their starts.
    var bytes: [CChar] = []
    var starts: [Int] = []
    for text in options.nullStrings {
        starts.append(bytes.count)
        bytes += text.utf8CString
    }
    return try bytes.withUnsafeBufferPointer { (bytes) throws(StoaError) -> Result in
        let pointers = starts.map { start in bytes.baseAddress.map { $0 + start } }
        return try pointers.withUnsafeBufferPointer { (pointers) throws(StoaError) -> Result in
            var dialect = stoa_csv_dialect(
                delimiter: CChar(bitPattern: delimiter[0]), quote: CChar(bitPattern: UInt8(ascii: "\"")),
                has_header: options.hasHeader, null_strings: pointers.baseAddress,
                null_string_count: Int32(pointers.count))
            return try body(&dialect)
        }
    }
}
