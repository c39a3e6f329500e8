import Glibc
import Stoa

/// What is done to executors.
enum Fault: String, CaseIterable {
    /// SIGKILL.
    case kill
    /// SIGSTOP, beyond the heartbeat.
    case stop
    /// The program ends inside a task.
    case exit
    /// The machine refuses memory inside a task.
    case memory
    /// No file can grow: a full disk.
    case disk
    /// Bytes that are no frame come down the channel.
    case frame
    /// A task throws what may pass.
    case error
    /// One more executor.
    case add
    /// One executor leaves.
    case remove

    /// Whether it takes place inside a task, which finds it in a file of this name.
    var isPoison: Bool {
        switch self {
        case .exit, .memory, .disk, .frame, .error: true
        case .kill, .stop, .add, .remove: false
        }
    }
}

/// Gives the rows that it gets; where a file of its folder names a fault, the executor that removes the file suffers it.
struct Poisoned: BatchFunction {
    let folder: String

    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        for fault in Fault.allCases where fault.isPoison && unlink("\(folder)/\(fault.rawValue)") == 0 {
            switch fault {
            case .exit: Glibc.exit(3)
            case .memory: Self.refuseMemory()
            case .disk: Self.refuseFiles()
            case .frame: Self.corruptChannels()
            case .error:
                throw StoaError(
                    .userFunctionFailed, source: .environment, "a fault that may pass", isRetryable: true)
            case .kill, .stop, .add, .remove: break
            }
        }
        return batch
    }

    /// From now on no memory is to be had.
    private static func refuseMemory() {
        var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        // Columns need memory soon; this needs it now.
        _ = [UInt8](repeating: 1, count: 1 << 30).withUnsafeBufferPointer { $0[12_345] }
    }

    private static func refuseFiles() {
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }

    /// Writes what is no frame to every socket of this process.
    private static func corruptChannels() {
        let noise = (0..<256).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for descriptor in Int32(3)..<1024 {
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK {
                _ = write(descriptor, noise, noise.count)
            }
        }
    }
}

/// Processes below this one, by /proc: a source that knows nothing of Stoa.
enum ChildProcesses {
    /// Those that run, sleep or are stopped; also the dead ones that nobody has waited for.
    static func all() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let process = pid_t(name), parent(of: process) == getpid() { found.append(process) }
        }
        return found.sorted()
    }

    private static func parent(of process: pid_t) -> pid_t? {
        guard let text = contents(of: "/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }

    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
