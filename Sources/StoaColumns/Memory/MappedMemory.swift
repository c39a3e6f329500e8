import Glibc

/// Memory that goes back to the system when it is freed. The allocator keeps most of what it is given back, and the kernel
/// counts that as resident.
enum MappedMemory {
    /// Mapping a smaller block would cost more than filling it, and a process may have 65,530 mappings only.
    static let smallestBlock = 1 << 20
    private static let page = sysconf(Int32(_SC_PAGESIZE))

    /// A new mapping for so many bytes, from 2 MB on aligned to 2 MB and advised to use huge pages; nil when the system
    /// gives none. Every first touch of a page costs a fault and its clearing.
    static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let size = paged(byteCount)
        let huge = MemoryPool.hugePage
        let isHuge = size >= huge
        let mapped = isHuge ? size + huge : size
        guard let start = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { return nil }
        if !isHuge { return start }
        let lead = (huge - Int(bitPattern: start) % huge) % huge
        if lead > 0 { release(start, lead) }
        if lead < huge { release(start + lead + size, huge - lead) }
        madvise(start + lead, size, MADV_HUGEPAGE)
        return start + lead
    }

    /// Gives back what `map` gave for as many bytes.
    static func unmap(_ block: UnsafeMutableRawPointer, _ byteCount: Int) { release(block, paged(byteCount)) }

    private static func release(_ start: UnsafeMutableRawPointer, _ size: Int) {
        // A hole in a mapping makes two of it, of which there may be too many: the addresses are lost then, not the memory.
        if munmap(start, size) != 0 { madvise(start, size, MADV_DONTNEED) }
    }

    private static func paged(_ byteCount: Int) -> Int { (byteCount + page - 1) / page * page }

    /// Has the allocator give every page back that it does not use, some milliseconds for a large heap.
    static func trimAllocator() { _ = mallocTrim?(0) }

    /// `malloc_trim` is not in Swift's module of the C library, and not in every C library.
    private static let mallocTrim: (@convention(c) (Int) -> Int32)? = {
        guard let symbol = dlsym(nil, "malloc_trim") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
    }()
}
