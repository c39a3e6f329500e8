import StoaColumns
import StoaTasks

/// What a machine consists of, cut down to what this process may use.
package struct Topology: Sendable {
    /// Memory and the CPUs next to it.
    package struct MemoryNode: Hashable, Sendable {
        /// The kernel's number.
        package let index: Int
        package let memoryByteCount: Int
        /// The CPUs that this process may use; none for memory without processors.
        package let cpus: [Int]
    }

    /// A data or unified cache.
    package struct Cache: Hashable, Sendable {
        package let level: Int
        package let byteCount: Int
        package let lineByteCount: Int
        /// The CPUs that share it and that this process may use.
        package let cpus: [Int]
    }

    package let packageCount: Int
    /// Cores with a CPU that this process may use.
    package let coreCount: Int
    package let onlineCPUs: [Int]
    /// The CPUs that this process may use: online, in its cgroup, and in its affinity mask.
    package let allowedCPUs: [Int]
    package let nodes: [MemoryNode]
    /// Caches of CPUs that this process may use, from level 1 up.
    package let caches: [Cache]
    /// How many CPUs' worth of time the cgroup grants; nil without a limit. Told, not obeyed: the kernel sees to it.
    package let cpuQuota: Double?
    /// What finding all this out took.
    package let discoveryNanoseconds: Int
    /// Pins threads; nil when this is not the machine that we run on.
    let binder: HwlocTopology?

    /// The machine that this process runs on.
    package static func machine() throws(StoaError) -> Topology {
        let start = MonotonicClock.nanoseconds
        let hwloc = try HwlocTopology.machine()
        let affinity = Set(try hwloc.processAffinity())
        return try Topology(
            hwloc, online: hwloc.onlineCPUs, allowed: hwloc.permittedCPUs.filter(affinity.contains),
            cpuQuota: CgroupQuota.ofThisProcess(), binder: hwloc, start: start)
    }

    /// A machine that does not exist, for tests: its threads are not pinned.
    ///
    /// - Parameters:
    ///   - description: in hwloc's notation, such as `node:2 core:4 pu:1`.
    ///   - offline: CPUs that are switched off.
    ///   - allowed: the process's affinity mask; nil for all CPUs.
    package static func synthetic(
        _ description: String, offline: Set<Int> = [], allowed: Set<Int>? = nil, cpuQuota: Double? = nil
    ) throws(StoaError) -> Topology {
        let start = MonotonicClock.nanoseconds
        let hwloc = try HwlocTopology.synthetic(description)
        let online = hwloc.onlineCPUs.filter { !offline.contains($0) }
        return try Topology(
            hwloc, online: online, allowed: online.filter { allowed?.contains($0) ?? true }, cpuQuota: cpuQuota,
            binder: nil, start: start)
    }

    /// Whether it is that of the machine that this process runs on.
    package var isThisMachine: Bool { binder != nil }

    /// Lets the calling thread, and those that it starts, run on these CPUs only. Nothing for a machine that does not exist.
    package func bindCallingThread(to cpus: [Int]) throws(StoaError) { try binder?.bindCallingThread(to: cpus) }

    /// Puts the memory that this process touches from now on on a node while there is room there. Nothing for a machine that
    /// does not exist.
    package func bindProcessMemory(to node: Int) throws(StoaError) { try binder?.bindProcessMemory(to: node) }

    private init(
        _ hwloc: HwlocTopology, online: [Int], allowed: [Int], cpuQuota: Double?, binder: HwlocTopology?, start: Int
    ) throws(StoaError) {
        guard !allowed.isEmpty else {
            throw StoaError(
                .incompatibleMachine, source: .environment,
                "this process may use none of the CPUs \(online.rangesText), which are online",
                advice: "widen its affinity mask (taskset) or its cgroup's cpuset")
        }
        let isAllowed = Set(allowed)
        let nodes = hwloc.nodes.map {
            MemoryNode(index: $0.osIndex, memoryByteCount: $0.byteCount, cpus: $0.cpus.filter(isAllowed.contains))
        }
        // A node is a CPU's place in memory: CPUs outside all nodes belong to the first.
        let strays = isAllowed.subtracting(nodes.flatMap(\.cpus)).sorted()
        self.nodes = nodes.enumerated().map { position, node in
            guard position == 0, !strays.isEmpty else { return node }
            return MemoryNode(
                index: node.index, memoryByteCount: node.memoryByteCount, cpus: (node.cpus + strays).sorted())
        }
        caches = (1...5).flatMap { level in
            hwloc.caches(level: level).compactMap {
                let cpus = $0.cpus.filter(isAllowed.contains)
                return cpus.isEmpty
                    ? nil
                    : Cache(level: level, byteCount: $0.byteCount, lineByteCount: $0.lineByteCount, cpus: cpus)
            }
        }
        packageCount = hwloc.packages.count
        coreCount = hwloc.cores.count { $0.cpus.contains(where: isAllowed.contains) }
        onlineCPUs = online
        allowedCPUs = allowed
        self.cpuQuota = cpuQuota
        self.binder = binder
        discoveryNanoseconds = MonotonicClock.nanoseconds - start
    }
}

extension [Int] {
    /// Ascending numbers as the kernel writes them: `0-7,9`.
    package var rangesText: String {
        var ranges: [ClosedRange<Int>] = []
        for number in self {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
