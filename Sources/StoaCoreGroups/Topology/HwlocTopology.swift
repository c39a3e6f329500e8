internal import CHwloc
import Glibc
import StoaColumns

/// A loaded hwloc topology: the only place that speaks to hwloc. Not changed after it was loaded, so threads share it.
final class HwlocTopology: @unchecked Sendable {
    private let handle: hwloc_topology_t

    private init(_ handle: hwloc_topology_t) { self.handle = handle }

    deinit { hwloc_topology_destroy(handle) }

    /// The machine, as far as Linux tells: no devices, no distances, no probing of processors.
    ///
    /// Costs 1 ms for a few processors; the first call in a process may add 10 ms when hwloc finds plugins to load.
    static func machine() throws(StoaError) -> HwlocTopology {
        try load { _ throws(StoaError) in }
    }

    /// A machine that does not exist, in hwloc's notation: `node:2 core:4 pu:1`.
    static func synthetic(_ description: String) throws(StoaError) -> HwlocTopology {
        try load { handle throws(StoaError) in
            try check(hwloc_topology_set_synthetic(handle, description), "hwloc_topology_set_synthetic(\(description))")
        }
    }

    private static func load(
        _ configure: (hwloc_topology_t) throws(StoaError) -> Void
    ) throws(StoaError) -> HwlocTopology {
        var made: hwloc_topology_t?
        try check(hwloc_topology_init(&made), "hwloc_topology_init")
        guard let handle = made else {
            throw StoaError(.engineFailed, source: .environment, "hwloc_topology_init gave no topology")
        }
        let topology = HwlocTopology(handle)
        try check(
            hwloc_topology_set_io_types_filter(handle, HWLOC_TYPE_FILTER_KEEP_NONE),
            "hwloc_topology_set_io_types_filter")
        let flags =
            HWLOC_TOPOLOGY_FLAG_NO_DISTANCES.rawValue | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS.rawValue
            | HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS.rawValue
        try check(hwloc_topology_set_flags(handle, UInt(flags)), "hwloc_topology_set_flags")
        try configure(handle)
        // The x86 component asks every processor in turn for what Linux has told already. The others look for devices.
        // A component that hwloc was built without cannot be excluded, which is as well: the outcome is not looked at.
        for component in ["x86", "pci", "opencl", "cuda", "nvml", "rsmi", "levelzero", "gl"] {
            _ = hwloc_topology_set_components(
                handle, UInt(HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST.rawValue), component)
        }
        try check(hwloc_topology_load(handle), "hwloc_topology_load")
        return topology
    }

    /// The error of a failed call, with the call's name.
    private static func check(_ status: Int32, _ call: String) throws(StoaError) {
        guard status < 0 else { return }
        throw StoaError(
            .engineFailed, source: .environment, "\(call) failed: \(String(cString: strerror(errno)))",
            advice: "look at what 'lstopo' prints on this machine")
    }

    // MARK: - What is there

    /// An object of the machine, in hwloc's order.
    struct Entry {
        /// The kernel's number; -1 for objects that have none.
        let osIndex: Int
        let cpus: [Int]
        /// Of a memory node, its memory; of a cache, its size.
        let byteCount: Int
        /// Of a cache, the size of its lines.
        let lineByteCount: Int
    }

    private func objects(_ type: hwloc_obj_type_t, _ read: (hwloc_obj) -> Entry) -> [Entry] {
        let count = hwloc_get_nbobjs_by_type(handle, type)
        return (0..<max(count, 0)).compactMap {
            hwloc_get_obj_by_type(handle, type, UInt32($0)).map { read($0.pointee) }
        }
    }

    var nodes: [Entry] {
        objects(HWLOC_OBJ_NUMANODE) { node in
            Entry(
                osIndex: Int(Int32(truncatingIfNeeded: node.os_index)), cpus: Self.numbers(in: node.cpuset),
                byteCount: Int(node.attr.pointee.numanode.local_memory), lineByteCount: 0)
        }
    }

    /// Data and unified caches of a level from 1 to 5.
    func caches(level: Int) -> [Entry] {
        let levels = [
            HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE,
        ]
        return objects(levels[level - 1]) { cache in
            let attributes = cache.attr.pointee.cache
            return Entry(
                osIndex: -1, cpus: Self.numbers(in: cache.cpuset), byteCount: Int(attributes.size),
                lineByteCount: Int(attributes.linesize))
        }
    }

    var cores: [Entry] { objects(HWLOC_OBJ_CORE, Self.plainEntry) }

    var packages: [Entry] { objects(HWLOC_OBJ_PACKAGE, Self.plainEntry) }

    private static func plainEntry(_ object: hwloc_obj) -> Entry {
        Entry(
            osIndex: Int(Int32(truncatingIfNeeded: object.os_index)), cpus: numbers(in: object.cpuset), byteCount: 0,
            lineByteCount: 0)
    }

    /// The CPUs that are online.
    var onlineCPUs: [Int] { Self.numbers(in: hwloc_topology_get_topology_cpuset(handle)) }

    /// The online CPUs that the process's cgroup lets it use.
    var permittedCPUs: [Int] { Self.numbers(in: hwloc_topology_get_allowed_cpuset(handle)) }

    /// The affinity mask of the process's first thread. Others may be narrower: executors pin theirs.
    func processAffinity() throws(StoaError) -> [Int] {
        let set = try CPUBitmap()
        try Self.check(
            hwloc_get_proc_cpubind(handle, getpid(), set.bitmap, Int32(HWLOC_CPUBIND_THREAD.rawValue)),
            "hwloc_get_proc_cpubind")
        return Self.numbers(in: set.bitmap)
    }

    /// Lets the calling thread run on these CPUs only.
    func bindCallingThread(to cpus: [Int]) throws(StoaError) {
        let set = try CPUBitmap()
        for cpu in cpus {
            try Self.check(hwloc_bitmap_set(set.bitmap, UInt32(cpu)), "hwloc_bitmap_set(\(cpu))")
        }
        try Self.check(
            hwloc_set_cpubind(handle, set.bitmap, Int32(HWLOC_CPUBIND_THREAD.rawValue)),
            "hwloc_set_cpubind(CPUs \(cpus.rangesText))")
    }

    /// Puts the memory that this process touches from now on on a node, of the kernel's number, while there is room.
    func bindProcessMemory(to node: Int) throws(StoaError) {
        let set = try CPUBitmap()
        try Self.check(hwloc_bitmap_set(set.bitmap, UInt32(node)), "hwloc_bitmap_set(\(node))")
        try Self.check(
            hwloc_set_membind(
                handle, set.bitmap, HWLOC_MEMBIND_BIND,
                Int32(HWLOC_MEMBIND_BYNODESET.rawValue | HWLOC_MEMBIND_PROCESS.rawValue)),
            "hwloc_set_membind(node \(node))")
    }

    private static func numbers(in bitmap: hwloc_const_bitmap_t?) -> [Int] {
        guard let bitmap else { return [] }
        var numbers: [Int] = []
        var number = hwloc_bitmap_next(bitmap, -1)
        while number >= 0 {
            numbers.append(Int(number))
            number = hwloc_bitmap_next(bitmap, number)
        }
        return numbers
    }
}

/// A set of CPUs in hwloc's form.
private final class CPUBitmap {
    let bitmap: hwloc_bitmap_t

    init() throws(StoaError) {
        guard let bitmap = hwloc_bitmap_alloc() else {
            throw StoaError(.outOfMemory, source: .environment, "hwloc_bitmap_alloc failed")
        }
        self.bitmap = bitmap
    }

    deinit { hwloc_bitmap_free(bitmap) }
}
