import Glibc
import StoaColumns
import StoaFiles
import StoaTasks
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
        /// Why the disk took no bytes the last time that it was asked.
        var refusal: StoaError?
    }

    /// Where the file is.
    package let folder: String
    private let state = Mutex(State())
    private let pool: MemoryPool
    /// When the disk last refused bytes, 0 once it has taken some.
    private let refusedAt = Atomic(0)
    private let wroteAt = Atomic(0)

    /// After a refusal nobody asks again for so long, unless memory is at its limit.
    private static let refusalPause = 1_000_000_000

    /// A hole has whole blocks of the file system.
    private static let pageBytes = 4096

    /// A file in a folder; unless stated in that of temporary files (`TMPDIR`, or /tmp).
    ///
    /// - Parameter pool: counts the memory for which the file is a substitute.
    package init(folder: String? = nil, insteadOf pool: MemoryPool) {
        self.folder = folder ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        self.pool = pool
    }

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// Bytes of disk in use.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Why the disk took no bytes the last time that it was asked; nil when it took them.
    var refusal: StoaError? { state.withLock { $0.refusal } }

    /// Whether the disk took no bytes when it was asked a moment ago.
    var isRefusing: Bool {
        let time = refusedAt.load(ordering: .relaxed)
        return time > 0 && MonotonicClock.nanoseconds < time + Self.refusalPause
    }

    /// When bytes were written last, by `MonotonicClock`; 0 before the first.
    var lastWrite: Int { wroteAt.load(ordering: .relaxed) }

    /// Keeps bytes as `write` does; nil when the disk takes none, or has refused a moment ago, while memory has room for
    /// them to stay there.
    func keep(_ bytes: MemoryRegion) throws(StoaError) -> SpillExtent? {
        if isRefusing, pool.hasRoom(for: 0) { return nil }
        do throws(StoaError) {
            return try write(bytes)
        } catch {
            guard error.code == .inputOutputFailed, pool.hasRoom(for: 0) else { throw error }
            return nil
        }
    }

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
        wroteAt.store(MonotonicClock.nanoseconds, ordering: .relaxed)
        let (descriptor, place) = try reserve(storedBytes)
        let extent = SpillExtent(
            file: self, place: place, rawBytes: rawBytes, storedBytes: storedBytes,
            isCompressed: storedBytes < rawBytes, checksum: TextHash.bytes(stored.base, count: storedBytes))
        var done = 0
        while done < storedBytes {
            let count = pwrite(descriptor, stored.base + done, storedBytes - done, off_t(place + done))
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw refuse("cannot keep \(storedBytes) bytes", count < 0 ? errno : ENOSPC) }
            done += count
        }
        withExtendedLifetime((bytes, stored)) {}
        if refusedAt.exchange(0, ordering: .relaxed) > 0 { state.withLock { $0.refusal = nil } }
        return extent
    }

    private func reserve(_ bytes: Int) throws(StoaError) -> (Int32, Int) {
        let (found, error) = state.withLock { state -> ((Int32, Int)?, Int32) in
            if state.descriptor < 0 {
                switch UnnamedFile.open(in: folder) {
                case .success(let descriptor): state.descriptor = descriptor
                case .failure(let error): return (nil, error.number)
                }
            }
            let place = state.end
            state.end += Self.paged(bytes)
            state.byteCount += Self.paged(bytes)
            return ((state.descriptor, place), 0)
        }
        guard let found else { throw refuse("cannot create a file for \(bytes) bytes", error) }
        return found
    }

    private static func paged(_ bytes: Int) -> Int { (bytes + pageBytes - 1) / pageBytes * pageBytes }

    /// The error of a disk that does not take bytes, noted for those who ask before they spill.
    private func refuse(_ what: String, _ number: Int32) -> StoaError {
        let limit = pool.limit.map {
            " (\(pool.allocatedBytes) bytes of \(pool.name) are in use, its limit is \($0) bytes)"
        }
        let error = StoaError(
            .inputOutputFailed, source: .environment,
            "\(what) that do not fit memory\(limit ?? ""): \(String(cString: strerror(number)))",
            advice: "give a spill folder with more room, or more memory", at: .init(file: folder), isRetryable: true)
        state.withLock { $0.refusal = error }
        refusedAt.store(MonotonicClock.nanoseconds, ordering: .relaxed)
        return error
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
