internal import COpenBLAS

/// The OpenBLAS library that this program is linked with, held to one thread: the executors' threads are the parallelism,
/// and results would depend on the number of OpenBLAS's own.
package enum OpenBLAS {
    /// Sets the number of threads, once in a process; every operation of this module passes here first.
    static let oneThread: Void = {
        openblas_set_num_threads(1)
        let count = openblas_get_num_threads()
        precondition(count == 1, "OpenBLAS keeps \(count) threads after it was told to use one")
    }()

    /// What `stoa topology` shows: `OpenBLAS 0.3.21, Zen kernels, 1 thread`.
    package static var description: String { build.description }

    /// Version and build options, the kernel family that the library chose for this machine's processor, and the number of
    /// threads.
    package static var build: OpenBLASBuild {
        _ = oneThread
        return OpenBLASBuild(
            configuration: openblas_get_config().map { String(cString: $0) } ?? "OpenBLAS",
            kernelFamily: openblas_get_corename().map { String(cString: $0) } ?? "unknown",
            threadCount: Int(openblas_get_num_threads()))
    }
}

/// Version, kernels and threads of OpenBLAS.
package struct OpenBLASBuild: Hashable, Sendable {
    /// As the library states it: `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...`.
    package let configuration: String
    /// The processor family whose kernels run: `Zen`, `SkylakeX`, `Haswell`, ... Results have the same bits on machines of
    /// the same family.
    package let kernelFamily: String
    /// Always 1.
    package let threadCount: Int

    /// The version alone: `0.3.21`; empty when the library does not state it.
    package var version: String {
        configuration.split(separator: " ").dropFirst().first { $0.first?.isNumber == true }.map { String($0) } ?? ""
    }
}

extension OpenBLASBuild: CustomStringConvertible {
    /// `OpenBLAS 0.3.21, Zen kernels, 1 thread`.
    package var description: String {
        "OpenBLAS \(version), \(kernelFamily) kernels, \(threadCount) thread\(threadCount == 1 ? "" : "s")"
    }
}
