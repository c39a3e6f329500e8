internal import CStoaProcess
import Glibc
import StoaColumns

/// The memory file of one owner: sealed against shrinking and growing, so that no reader can find it too short, and nearly
/// all of it without memory until it is written. It has no name in any file system: it is gone with the last process that
/// holds it.
package final class SegmentFile: Sendable {
    package let descriptor: Int32
    package let byteCount: Int

    /// A new file. Throws `outOfMemory` when the machine gives none.
    package init(name: String, byteCount: Int) throws(StoaError) {
        let file = stoa_memory_file(name, byteCount)
        guard file >= 0 else {
            throw StoaError(
                .outOfMemory, source: .environment,
                "no memory file of \(byteCount) bytes: \(String(cString: strerror(-file)))",
                advice: "raise the limits on files (ulimit -n) and on their size (ulimit -f)")
        }
        descriptor = file
        self.byteCount = byteCount
    }

    deinit { close(descriptor) }

    /// The same file for readers: they can map it, not change it.
    package func readOnlyDescriptor() throws(StoaError) -> Int32 {
        let file = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw StoaError(
                .engineFailed, source: .environment,
                "a memory file cannot be opened through /proc: \(String(cString: strerror(errno)))",
                advice: "mount /proc, and raise the limit on open files (ulimit -n)")
        }
        return file
    }

    /// Addresses for what one process may write: more than it can have memory for, since freed stretches of one size serve
    /// no other.
    package static let defaultByteCount: Int = {
        let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
        return min(max(memory * 16, 64 << 30), 4 << 40)
    }()
}

/// A memory file in this process's address space.
package final class Segment: @unchecked Sendable {
    // Unchecked: who writes where is the arena's business, who reads where the places'.
    package let id: SegmentID
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int

    /// Maps all of a memory file. The descriptor stays the caller's and is not needed any more.
    package init(id: SegmentID, descriptor: Int32, byteCount: Int, isWritable: Bool) throws(StoaError) {
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = mmap(nil, byteCount, protection, Int32(MAP_SHARED | MAP_NORESERVE), descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw StoaError(
                .outOfMemory, source: .environment,
                "\(byteCount) bytes of a memory file cannot be mapped: \(String(cString: strerror(errno)))",
                advice: "raise the limit on address space (ulimit -v)")
        }
        // What others wrote does not belong into this process's core.
        madvise(address, byteCount, MADV_DONTDUMP)
        self.id = id
        base = address
        self.byteCount = byteCount
    }

    deinit { munmap(base, byteCount) }
}
