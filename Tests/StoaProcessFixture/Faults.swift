import Glibc
import Stoa

/// Does what no function should do, the first time that it meets a row.
struct Misbehaving: BatchFunction {
    let how: String
    /// A file that says that it has been done.
    let mark: String
    var row: Int64 = 17

    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        guard try batch.column("x").array(of: Int64.self).contains(row) else { return batch }
        let file = open(mark, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        guard file >= 0 else { return batch }
        close(file)
        switch how {
        case "exit": exit(7)
        case "hang": while true { sleep(100) }
        // The trap is what the test is about: how a session outlives it.
        case "trap": fatalError("a mistake of the user's")
        case "kill": kill(getpid(), SIGKILL)
        default: writeGarbage()
        }
        return batch
    }

    /// Writes to every descriptor that takes it, but for what the user sees: one of them is the connection to the driver.
    private func writeGarbage() {
        let garbage = "this is no frame"
        for descriptor in Int32(3)..<256 {
            var kind: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 {
                _ = write(descriptor, garbage, garbage.utf8.count)
            }
        }
    }
}

/// Kills an executor of this process now and then.
enum Killer {
    static func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var number = 0
                while true {
                    usleep(60_000)
                    let executors = Self.executors()
                    if executors.isEmpty { continue }
                    kill(executors[number % executors.count], number % 5 == 4 ? SIGABRT : SIGKILL)
                    number += 1
                    // The driver takes many losses without a task done in between for a broken program.
                    usleep(240_000)
                }
            }, nil)
    }

    /// The processes that the threads of this one have started.
    private static func executors() -> [pid_t] {
        var found: [pid_t] = []
        guard let folder = opendir("/proc/self/task") else { return [] }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let file = fopen("/proc/self/task/\(name)/children", "r") else { continue }
            var text = [CChar](repeating: 0, count: 4096)
            let count = fread(&text, 1, text.count - 1, file)
            fclose(file)
            for word in String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
                separator: " ")
            {
                if let process = pid_t(word) { found.append(process) }
            }
        }
        return found
    }
}
