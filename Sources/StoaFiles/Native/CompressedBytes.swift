internal import CArrowFiles
import Glibc
import StoaColumns

/// LZ4 over bytes in memory, by Arrow C++: about 1 GB/s to write and several to read on one thread.
package enum CompressedBytes {
    /// Bytes that `count` bytes take at most.
    package static func bound(_ count: Int) -> Int { Int(stoa_compressed_bound(Int64(count))) }

    /// Compresses into `target` of `bound(count)` bytes and gives how many were written.
    package static func compress(
        _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer
    ) throws(StoaError) -> Int {
        var written: Int64 = 0
        try StoaError.check(stoa_compress(source, Int64(count), target, Int64(bound(count)), &written), file: "")
        return Int(written)
    }

    /// Decompresses into `expected` bytes. Throws `malformedFile` when they do not come to that.
    package static func decompress(
        _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, expected: Int
    ) throws(StoaError) {
        try StoaError.check(stoa_decompress(source, Int64(count), target, Int64(expected)), file: "")
    }
}

/// Files without a name: nobody else sees them, and nothing stays when the process ends.
package enum UnnamedFile {
    /// A descriptor of a new file in a folder, or `errno`.
    package static func open(in folder: String) -> Result<Int32, SystemError> {
        let descriptor = stoa_open_unnamed(folder)
        return descriptor >= 0 ? .success(descriptor) : .failure(SystemError(number: errno))
    }

    /// Gives bytes back to the file system; where it knows no holes they stay until the file is closed.
    package static func punchHole(_ descriptor: Int32, at place: Int, count: Int) {
        _ = stoa_punch_hole(descriptor, Int64(place), Int64(count))
    }

    package struct SystemError: Error {
        package let number: Int32
    }
}
