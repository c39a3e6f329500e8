extension Topology: CustomStringConvertible {
    /// The machine in a few lines: what there is, then nodes, caches of the last level, and core groups.
    package var description: String {
        var lines = [
            "\(Self.count(packageCount, "package")), \(Self.count(coreCount, "core")), "
                + "\(Self.count(allowedCPUs.count, "CPU")) (\(allowedCPUs.rangesText))"
        ]
        if allowedCPUs.count < onlineCPUs.count {
            lines[0] += " of \(onlineCPUs.count) that are online"
        }
        if let cpuQuota {
            lines.append("limited to the time of \((cpuQuota * 100).rounded() / 100) CPUs by its cgroup")
        }
        for node in nodes {
            let cpus = node.cpus.isEmpty ? "no CPUs" : "CPUs \(node.cpus.rangesText)"
            lines.append("memory node \(node.index): \(Self.size(node.memoryByteCount)), \(cpus)")
        }
        for level in Set(caches.map(\.level)).sorted() {
            let ofLevel = caches.filter { $0.level == level }
            let sizes = Set(ofLevel.map(\.byteCount)).sorted().map(Self.size).joined(separator: " or ")
            let sharers = Set(ofLevel.map(\.cpus.count)).sorted().map(String.init).joined(separator: " or ")
            lines.append(
                "level \(level) cache: \(ofLevel.count) of \(sizes), each for \(sharers) CPU\(sharers == "1" ? "" : "s")"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// In binary units with at most one decimal: `512 KiB`, `1.5 GiB`.
    private static func size(_ bytes: Int) -> String {
        var (tenths, unit) = (bytes * 10, 0)
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        while tenths >= 10_240, unit < units.count - 1 {
            tenths = (tenths + 512) / 1024
            unit += 1
        }
        return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
