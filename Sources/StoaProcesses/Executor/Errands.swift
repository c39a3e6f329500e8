import Glibc
import StoaTasks

/// What takes too long for the thread that hears the driver's process, or waits for its answers: done in order, by a thread
/// of its own. Guard: a lock.
final class Errands: @unchecked Sendable {
    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var waiting: [@Sendable () -> Void] = []
    /// Threads that run until the process ends, which nobody joins.
    private var threads: [NamedThread] = []

    func add(_ errand: @escaping @Sendable () -> Void) {
        lock.lock()
        waiting.append(errand)
        lock.unlock()
        lock.wakeOne()
    }

    /// Keeps a thread until the process ends.
    func start(_ thread: NamedThread) {
        lock.lock()
        threads.append(thread)
        lock.unlock()
    }

    /// Does errands, for ever.
    func run() {
        while true {
            lock.lock()
            while waiting.isEmpty { lock.wait() }
            let errand = waiting.removeFirst()
            lock.unlock()
            errand()
        }
    }
}

/// The memory of this process as the kernel counts it.
enum ProcessMemory {
    /// Bytes of memory in use, shared ones among them; 0 when the kernel does not say.
    static var residentBytes: Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return 0 }
        let words = bytes[..<count].split(separator: UInt8(ascii: " "))
        guard words.count > 1, let pages = Int(String(decoding: words[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
