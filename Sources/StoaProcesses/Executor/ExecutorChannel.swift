internal import CStoaProcess
import Glibc
import StoaColumns
import StoaTasks
import Synchronization

/// An executor's end of the connection to the driver's process. Without it there is nothing to live for: when it is closed
/// the process ends. Guard: a mutex around sending; one thread receives.
final class ExecutorChannel: @unchecked Sendable {
    private let socket: Int32
    private let sending = Mutex(())
    // Used by the receiving thread alone.
    private var reader = FrameReader()
    private var descriptors: [Int32] = []
    private var chunk = [UInt8](repeating: 0, count: 256 << 10)

    private static let descriptorCapacity = 64

    init(socket: Int32) { self.socket = socket }

    /// Sends messages in this order, and waits until the socket has taken them. Throws `unsupported` for one that is too
    /// large, and sends none then.
    func send(_ messages: [ExecutorMessage]) throws(StoaError) {
        var bytes: [UInt8] = []
        for message in messages { bytes += try message.frame().encoded() }
        if !write(bytes) { ExecutorProcess.leave(status: 1) }
    }

    /// Sends a message before the end, if that is still possible.
    func sendLast(_ message: ExecutorMessage) {
        do throws(StoaError) {
            _ = write(try message.frame().encoded())
        } catch {
            let line = "stoa: \(error)\n"
            _ = Glibc.write(STDERR_FILENO, line, line.utf8.count)
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        sending.withLock { _ in
            var rest = bytes[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { stoa_send(socket, $0.baseAddress, $0.count, -1, 1) }
                if sent < 0 { return false }
                rest = rest.dropFirst(sent)
            }
            return true
        }
    }

    /// The next command, and the descriptor that came with it, which is the caller's. Ends the process when the driver's is
    /// gone.
    func receive() throws(StoaError) -> (command: ExecutorCommand, descriptor: Int32?) {
        while true {
            if let frame = try reader.next() {
                let command = try ExecutorCommand(frame)
                guard frame.carriesDescriptor else { return (command, nil) }
                guard !descriptors.isEmpty else { throw Frame.damaged("a descriptor did not come") }
                return (command, descriptors.removeFirst())
            }
            var received = [Int32](repeating: -1, count: Self.descriptorCapacity)
            var count: Int32 = 0
            let byteCount = stoa_receive(
                socket, &chunk, chunk.count, &received, Int32(received.count), &count, 1)
            descriptors += received[..<Int(count)]
            guard byteCount > 0 else {
                if byteCount == -Int(EMFILE) {
                    throw StoaError(
                        .engineFailed, source: .environment, "this process has too many open files to take another",
                        advice: "raise the limit on open files (ulimit -n)")
                }
                ExecutorProcess.leave(status: 1)
            }
            chunk.withUnsafeBytes { reader.append(UnsafeRawBufferPointer(rebasing: $0[..<byteCount])) }
        }
    }
}
