import Glibc
import StoaColumns
import StoaFiles
import Synchronization

/// The file in which an executor keeps what does not fit its memory.
///
/// It has no name: nothing stays behind however the process ends. It is created with the first write. A place that is given
/// back becomes a hole, so that the disk holds what is in use. Content is checked when it is read.
///
/// Guard: a mutex around descriptor and places; reading and writing run outside it, on several threads at once.
package final class SpillFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var end = 0
        /// Bytes in use.
        var byteCount = 0
    }

    /// Where the file is.
    package let folder: String
    private let state = Mutex(State())

    /// A hole has whole blocks of the file system.
    private static let pageBytes = 4096

    /// A file in a folder; unless stated in that of temporary files (`TMPDIR`, or /tmp).
    package init(folder: String? = nil) {
        self.folder = folder ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    }

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// Bytes of disk in use.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Keeps bytes, compressed where that saves an eighth.
    ///
    /// Throws `inputOutputFailed` with folder and size when the disk is full or the folder cannot be written; nothing of them
    /// stays then.
    func write(_ bytes: MemoryRegion) throws(StoaError) -> SpillExtent {
        let rawBytes = bytes.byteCount
        var stored = bytes
        var storedBytes = rawBytes
        if rawBytes < 1 << 30 {
            let compressed = MemoryRegion(byteCount: CompressedBytes.bound(rawBytes))
            let count = try CompressedBytes.compress(bytes.base, count: rawBytes, into: compressed.base)
            if count < rawBytes / 8 * 7 { (stored, storedBytes) = (compressed, count) }
        }
        let (descriptor, place) = try reserve(storedBytes)
        let extent = SpillExtent(
            file: self, place: place, rawBytes: rawBytes, storedBytes: storedBytes,
            isCompressed: storedBytes < rawBytes, checksum: TextHash.bytes(stored.base, count: storedBytes))
        var done = 0
        while done < storedBytes {
            let count = pwrite(descriptor, stored.base + done, storedBytes - done, off_t(place + done))
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw failure("cannot keep \(storedBytes) bytes", count < 0 ? errno : ENOSPC) }
            done += count
        }
        withExtendedLifetime((bytes, stored)) {}
        return extent
    }

    private func reserve(_ bytes: Int) throws(StoaError) -> (Int32, Int) {
        let result = state.withLock { state -> Result<(Int32, Int), StoaError> in
            if state.descriptor < 0 {
                switch UnnamedFile.open(in: folder) {
                case .success(let descriptor): state.descriptor = descriptor
                case .failure(let error):
                    return .failure(failure("cannot create a file for \(bytes) bytes", error.number))
                }
            }
            let place = state.end
            state.end += Self.paged(bytes)
            state.byteCount += Self.paged(bytes)
            return .success((state.descriptor, place))
        }
        return try result.get()
    }

    private static func paged(_ bytes: Int) -> Int { (bytes + pageBytes - 1) / pageBytes * pageBytes }

    private func failure(_ what: String, _ error: Int32) -> StoaError {
        StoaError(
            .inputOutputFailed, source: .environment,
            "\(what) that do not fit memory: \(String(cString: strerror(error)))",
            advice: "give a spill folder with more room, or more memory", at: .init(file: folder), isRetryable: true)
    }

    /// The bytes at a place. Throws a retryable `blockLost` when the disk gives others than it took.
    fileprivate func read(_ extent: SpillExtent) throws(StoaError) -> MemoryRegion {
        let descriptor = state.withLock { $0.descriptor }
        let stored = MemoryRegion(byteCount: extent.storedBytes)
        var done = 0
        while done < extent.storedBytes {
            let count = pread(
                descriptor, stored.base + done, extent.storedBytes - done, off_t(extent.place + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw damaged(count < 0 ? String(cString: strerror(errno)) : "it ends early") }
            done += count
        }
        guard TextHash.bytes(stored.base, count: extent.storedBytes) == extent.checksum else {
            throw damaged("its bytes have changed")
        }
        if !extent.isCompressed { return stored }
        let raw = MemoryRegion(byteCount: extent.rawBytes)
        do throws(StoaError) {
            try CompressedBytes.decompress(
                stored.base, count: extent.storedBytes, into: raw.base, expected: extent.rawBytes)
        } catch {
            throw damaged(error.message)
        }
        withExtendedLifetime(stored) {}
        return raw
    }

    private func damaged(_ found: String) -> StoaError {
        StoaError(
            .blockLost, source: .environment, "rows that were spilled cannot be read back: \(found)",
            at: .init(file: folder), isRetryable: true)
    }

    fileprivate func release(_ extent: SpillExtent) {
        state.withLock { state in
            let bytes = Self.paged(extent.storedBytes)
            state.byteCount -= bytes
            if state.byteCount == 0 {
                state.end = 0
                ftruncate(state.descriptor, 0)
            } else {
                UnnamedFile.punchHole(state.descriptor, at: extent.place, count: bytes)
            }
        }
    }
}

/// Bytes in a spill file, given back with the last reference.
final class SpillExtent: Sendable {
    private let file: SpillFile
    fileprivate let place: Int
    /// Bytes as they were given.
    let rawBytes: Int
    fileprivate let storedBytes: Int
    fileprivate let isCompressed: Bool
    fileprivate let checksum: UInt64

    fileprivate init(
        file: SpillFile, place: Int, rawBytes: Int, storedBytes: Int, isCompressed: Bool, checksum: UInt64
    ) {
        self.file = file
        self.place = place
        self.rawBytes = rawBytes
        self.storedBytes = storedBytes
        self.isCompressed = isCompressed
        self.checksum = checksum
    }

    /// The block whose image the bytes are, in memory of its own.
    func block() throws(StoaError) -> Block {
        try BlockImage.read(from: file.read(self).buffer, validation: .sealed)
    }

    deinit { file.release(self) }
}
