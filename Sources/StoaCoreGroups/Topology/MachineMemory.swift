import Glibc

/// How much memory this process may use.
package enum MachineMemory {
    /// The smaller of the machine's memory and the limit of the process's cgroup.
    package static var byteCount: Int {
        min(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)), cgroupLimit ?? .max)
    }

    /// What each of so many executors takes at most unless the user says otherwise: three fifths of the memory together, the
    /// rest being left to data outside of executors, files being read, and other programs.
    package static func defaultLimit(executors: Int) -> Int { byteCount / 5 * 3 / max(1, executors) }

    /// The lowest limit of the cgroup and those above it; nil without one.
    private static var cgroupLimit: Int? {
        guard let text = text(of: "/proc/self/cgroup") else { return nil }
        var limits: [Int] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains("memory") else { continue }
            let (root, name) =
                isVersion2 ? ("/sys/fs/cgroup", "memory.max") : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            var path = String(parts[2])
            while true {
                if let value = self.text(of: "\(root)\(path == "/" ? "" : path)/\(name)"),
                    let limit = Int(value.split(separator: "\n").first ?? "")
                {
                    limits.append(limit)
                }
                guard path.count > 1, let slash = path.lastIndex(of: "/") else { break }
                path = slash == path.startIndex ? "/" : String(path[..<slash])
            }
        }
        return limits.min()
    }

    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
