import Glibc
import StoaColumns

/// A file that is written from its beginning to its end, in pieces. Used by one thread.
///
/// A write that fails is told once, on standard error, and ends the file there: a record of what happens must not stop it.
final class RecordFile {
    private let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private static let pieceBytes = 1 << 16

    /// Begins the file, in place of one of that name. Throws `inputOutputFailed` when it cannot be made.
    init(path: String, what: String) throws(StoaError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw StoaError(
                .inputOutputFailed, source: .environment,
                "the \(what) cannot be written: \(String(cString: strerror(errno)))",
                advice: "give a path in a folder that exists and may be written", at: .init(file: path))
        }
    }

    deinit { close() }

    func append(_ bytes: some Sequence<UInt8>) {
        guard descriptor >= 0 else { return }
        buffer += bytes
        if buffer.count >= Self.pieceBytes { flush() }
    }

    /// Hands what was appended to the system.
    func flush() {
        guard descriptor >= 0 else { return }
        var start = 0
        while start < buffer.count {
            let count = buffer.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return giveUp(errno)
            }
            start += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    func close() {
        flush()
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    private func giveUp(_ error: Int32) {
        var line = "stoa: \(path): writing failed: \(String(cString: strerror(error))); the file ends here\n"
        line.withUTF8 { bytes in
            // When standard error is closed there is nowhere left to say so.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
        _ = Glibc.close(descriptor)
        descriptor = -1
        buffer = []
    }
}
