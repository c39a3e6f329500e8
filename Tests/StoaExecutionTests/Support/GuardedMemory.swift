import Glibc
import StoaColumns

/// Bytes that end where memory ends: a read past them stops the program.
final class GuardedMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    /// Memory of a multiple of 64 bytes.
    init(byteCount: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pages = (byteCount + page - 1) / page * page
        mappedBytes = pages + page
        guard let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping + pages, page, PROT_NONE) == 0
        else { preconditionFailure("no memory for a test") }
        self.mapping = mapping
        base = mapping + pages - byteCount
        self.byteCount = byteCount
    }

    deinit { munmap(mapping, mappedBytes) }

    var buffer: Buffer { Buffer(base: UnsafeRawPointer(base), byteCount: byteCount, owner: self) }
}
