import Glibc
import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// Sleeps a little at each batch and gives it back: a task over many batches runs until it is cancelled.
struct SlowFunction: BatchFunction {
    var microseconds: UInt32

    func outputSchema(for input: Schema) throws -> Schema { input }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        usleep(microseconds)
        return batch
    }
}

/// Adds the CPUs that the calling thread may run on, and its name, as a row.
struct ThreadFunction: BatchFunction {
    static let schema = Schema([Field("cpus", .utf8, isNullable: false), Field("name", .utf8, isNullable: false)])

    func outputSchema(for input: Schema) throws -> Schema { Self.schema }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        // Long enough that other threads get some of the tasks.
        usleep(2000)
        let status = try textOfProcFile("/proc/thread-self/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
        let cpus = line.drop { $0 != "\t" }.dropFirst()
        let name = try textOfProcFile("/proc/thread-self/comm").split(separator: "\n").first ?? ""
        return try Batch(
            schema: Self.schema, columns: [Column([String(cpus)]), Column([String(name)])])
    }
}

func textOfProcFile(_ path: String) throws -> String {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { throw StoaError(.inputOutputFailed, source: .environment, "open failed: \(path)") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
}

/// The threads of this process whose names begin with `stoa-`.
func stoaThreadNames() -> [String] {
    guard let folder = opendir("/proc/self/task") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let id = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard !id.hasPrefix("."), let name = try? textOfProcFile("/proc/self/task/\(id)/comm") else { continue }
        if name.hasPrefix("stoa-") { names.append(String(name.dropLast())) }
    }
    return names
}
