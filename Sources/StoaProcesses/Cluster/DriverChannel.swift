internal import CStoaProcess
import Glibc
import StoaColumns
import Synchronization

/// The driver's end of the connection to one executor. Sending never waits: what the socket does not take is kept in order
/// for the cluster's thread to send. Guard: a mutex.
final class DriverChannel: Sendable {
    /// Bytes of one frame or several, and a descriptor that goes with the first of them.
    private struct Piece {
        var bytes: ArraySlice<UInt8>
        /// Owned: closed when it was sent.
        var descriptor: Int32?
    }

    private struct State {
        var waiting: [Piece] = []
        var isClosed = false
    }

    let socket: Int32
    private let state = Mutex(State())
    /// Makes the cluster's thread look whether the socket takes more.
    private let onWaiting: @Sendable () -> Void

    /// - Parameter socket: becomes the channel's.
    init(socket: Int32, onWaiting: @escaping @Sendable () -> Void) {
        self.socket = socket
        self.onWaiting = onWaiting
    }

    deinit { Glibc.close(socket) }

    /// Whether bytes wait for the socket.
    var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Sends frames in this order; to one who is gone, nothing. Throws `unsupported` for a frame that is too large: none of
    /// them is sent then.
    func send(_ commands: [ExecutorCommand]) throws(StoaError) {
        var bytes: [UInt8] = []
        for command in commands { bytes += try command.frame().encoded() }
        send(Piece(bytes: bytes[...], descriptor: nil))
    }

    /// Sends frames that are encoded already.
    func send(encoded bytes: [UInt8]) { send(Piece(bytes: bytes[...], descriptor: nil)) }

    /// Sends one frame with a descriptor, which becomes the channel's.
    func send(_ command: ExecutorCommand, descriptor: Int32) throws(StoaError) {
        do throws(StoaError) {
            send(Piece(bytes: try command.frame().encoded()[...], descriptor: descriptor))
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private func send(_ piece: Piece) {
        let mustWait = state.withLock { state in
            guard !state.isClosed else {
                if let descriptor = piece.descriptor { Glibc.close(descriptor) }
                return false
            }
            let wasWaiting = !state.waiting.isEmpty
            state.waiting.append(piece)
            if !wasWaiting { Self.flush(&state, to: socket) }
            return !wasWaiting && !state.waiting.isEmpty
        }
        if mustWait { onWaiting() }
    }

    /// Sends what waits, as far as the socket takes it.
    func flush() { state.withLock { Self.flush(&$0, to: socket) } }

    // After an error nothing more can be sent: the connection is ended, which is found where it is read.
    private static func flush(_ state: inout State, to socket: Int32) {
        while var piece = state.waiting.first {
            while !piece.bytes.isEmpty {
                let sent = piece.bytes.withUnsafeBytes {
                    stoa_send(socket, $0.baseAddress, $0.count, piece.descriptor ?? -1, 0)
                }
                guard sent >= 0 else {
                    if sent == -Int(EAGAIN) {
                        state.waiting[0] = piece
                    } else {
                        close(&state)
                        shutdown(socket, Int32(SHUT_RDWR))
                    }
                    return
                }
                if let descriptor = piece.descriptor.take() { Glibc.close(descriptor) }
                piece.bytes = piece.bytes.dropFirst(sent)
            }
            state.waiting.removeFirst()
        }
    }

    /// Forgets what waits; nothing is sent any more.
    func close() { state.withLock { Self.close(&$0) } }

    private static func close(_ state: inout State) {
        for piece in state.waiting { if let descriptor = piece.descriptor { Glibc.close(descriptor) } }
        state.waiting = []
        state.isClosed = true
    }
}
