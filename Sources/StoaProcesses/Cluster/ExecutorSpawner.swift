internal import CStoaProcess
import Glibc
import StoaColumns
import StoaTasks

/// Starts the program of this process, or another one, as an executor.
struct ExecutorSpawner {
    let options: ProcessOptions

    /// A started process and our ends of what connects it.
    struct Started {
        let process: pid_t
        let token: String
        let socket: Int32
        let output: Int32
        let errors: Int32
    }

    /// Starts a process. The calling thread must live as long as the process may: the kernel kills it when that one ends.
    func start(_ id: ExecutorID) throws(StoaError) -> Started {
        var sockets: [Int32] = [-1, -1]
        var error = stoa_socket_pair(&sockets)
        guard error == 0 else { throw WakePipe.failure("a connection", error) }
        var output: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        error = stoa_pipe(&output)
        if error == 0 { error = stoa_pipe(&errors) }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if error == 0, null < 0 { error = errno }
        let theirs = [sockets[1], output[1], errors[1], null]
        let ours = [sockets[0], output[0], errors[0]]
        defer { for descriptor in theirs where descriptor >= 0 { close(descriptor) } }
        guard error == 0 else {
            for descriptor in ours where descriptor >= 0 { close(descriptor) }
            throw WakePipe.failure("a pipe", error)
        }
        let token = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let marker = ExecutorMarker(version: Frame.version, channel: sockets[1], token: token)
        var process: pid_t = 0
        error = spawn(marker, null: null, output: output[1], errors: errors[1], process: &process)
        guard error == 0 else {
            for descriptor in ours { close(descriptor) }
            if process > 0 { waitpid(process, nil, 0) }
            throw StoaError(
                .executorLost, source: .environment,
                "\(id) cannot be started: \(path): \(String(cString: strerror(error)))",
                advice: error == EAGAIN || error == ENOMEM ? "raise the limit on processes (ulimit -u, pids.max)" : "")
        }
        return Started(process: process, token: token, socket: sockets[0], output: output[0], errors: errors[0])
    }

    private var path: String { options.program?.path ?? "/proc/self/exe" }

    private func spawn(
        _ marker: ExecutorMarker, null: Int32, output: Int32, errors: Int32, process: inout pid_t
    ) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = (options.program?.arguments ?? CommandLine.arguments).map {
            strdup($0)
        }
        arguments.append(nil)
        var environment = Self.environment(adding: options.environment, marker).map { strdup($0) }
        environment.append(nil)
        defer {
            for text in arguments { free(text) }
            for text in environment { free(text) }
        }
        return stoa_spawn(path, &arguments, &environment, null, output, errors, marker.channel, &process)
    }

    private static func environment(adding more: [String: String], _ marker: ExecutorMarker) -> [String] {
        var variables: [String] = []
        var next = stoa_environment()
        while let place = next, let entry = place.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            if more[String(name)] == nil, name != STOA_EXECUTOR_VARIABLE { variables.append(text) }
            next = place + 1
        }
        return variables + more.map { "\($0.key)=\($0.value)" } + ["\(STOA_EXECUTOR_VARIABLE)=\(marker.text)"]
    }
}

/// What makes a process an executor: the value of an environment variable.
struct ExecutorMarker: Hashable {
    let version: UInt8
    /// The descriptor of its end of the connection.
    let channel: Int32
    /// What it says to show that it is the one that was started.
    let token: String

    var text: String { "\(version):\(channel):\(token)" }

    init(version: UInt8, channel: Int32, token: String) {
        self.version = version
        self.channel = channel
        self.token = token
    }

    /// Nil when the text is no marker.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let version = UInt8(parts[0]), let channel = Int32(parts[1]), channel > 2 else {
            return nil
        }
        self.init(version: version, channel: channel, token: String(parts[2]))
    }
}
