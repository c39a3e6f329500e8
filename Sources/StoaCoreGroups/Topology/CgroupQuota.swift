import Glibc

/// The limit on CPU time that a container or service has been given.
package enum CgroupQuota {
    /// CPUs' worth of time granted to this process; nil without a limit.
    package static func ofThisProcess() -> Double? {
        guard let membership = readText("/proc/self/cgroup") else { return nil }
        return quota(membership: membership, root: "/sys/fs/cgroup")
    }

    /// The narrowest limit on the way from the process's group to the root of the hierarchy.
    ///
    /// - Parameters:
    ///   - membership: the text of `/proc/self/cgroup`.
    ///   - root: where the hierarchies are mounted.
    package static func quota(membership: String, root: String) -> Double? {
        var narrowest: Double?
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            guard controllers.isEmpty || controllers.contains("cpu") else { continue }
            let mount = controllers.isEmpty ? root : "\(root)/\(parts[1])"
            var names = parts[2].split(separator: "/")
            while true {
                let folder = ([mount] + names.map(String.init)).joined(separator: "/")
                if let limit = controllers.isEmpty ? unifiedLimit(folder) : legacyLimit(folder) {
                    narrowest = min(narrowest ?? limit, limit)
                }
                if names.isEmpty { break }
                names.removeLast()
            }
        }
        return narrowest
    }

    // `cpu.max` of version 2: "max 100000" or "150000 100000".
    private static func unifiedLimit(_ folder: String) -> Double? {
        guard let words = readText("\(folder)/cpu.max")?.split(whereSeparator: \.isWhitespace), words.count == 2,
            let quota = Double(words[0]), let period = Double(words[1]), period > 0
        else { return nil }
        return quota / period
    }

    // Version 1: -1 is no limit.
    private static func legacyLimit(_ folder: String) -> Double? {
        func number(_ name: String) -> Double? {
            readText("\(folder)/\(name)")?.split(whereSeparator: \.isWhitespace).first.flatMap { Double($0) }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us"), quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    /// A small file of the kernel; nil when it cannot be read, which means here that there is no such limit.
    private static func readText(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += chunk[..<count]
        }
    }
}
