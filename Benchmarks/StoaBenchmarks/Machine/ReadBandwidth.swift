import Foundation
import Stoa

/// How fast all cores together read memory: the measure of everything that streams.
enum ReadBandwidth {
    private static let bytesPerThread = 512 << 20
    private static let rounds = 7

    /// GB/s of plain sums over 512 MB a core on huge pages, each core its own part; best of several rounds.
    static func measure() throws -> Double {
        let threads = try MachineDescription.current().cpuCount
        let count = bytesPerThread / MemoryLayout<Double>.stride
        let parts = (0..<threads).map { _ in Part(count: count) }
        defer { parts.forEach { $0.free() } }
        run(parts) { $0.fill() }
        let clock = ContinuousClock()
        let best = (0..<rounds).map { _ in
            let start = clock.now
            run(parts) { $0.sum() }
            return clock.now - start
        }.min()
        guard let best else { return 0 }
        return Double(threads * bytesPerThread) / (best.milliseconds * 1e6)
    }

    private static func run(_ parts: [Part], _ work: @escaping @Sendable (Part) -> Void) {
        let done = DispatchGroup()
        for part in parts {
            done.enter()
            Thread.detachNewThread {
                work(part)
                done.leave()
            }
        }
        done.wait()
    }

    /// The memory of one core, and what its sum was.
    private final class Part: @unchecked Sendable {
        // Unchecked: one thread works on a part, and the group is waited for before anybody else looks at it.

        private let base: UnsafeMutablePointer<Double>
        private let count: Int
        private(set) var total: UInt64 = 0

        init(count: Int) {
            self.count = count
            var memory: UnsafeMutableRawPointer?
            let bytes = count * MemoryLayout<Double>.stride
            precondition(
                posix_memalign(&memory, 2 << 20, bytes) == 0, "no \(bytes) bytes to measure the bandwidth with")
            guard let memory else { preconditionFailure("posix_memalign gave no memory") }
            madvise(memory, bytes, 14)  // MADV_HUGEPAGE
            base = memory.bindMemory(to: Double.self, capacity: count)
        }

        func free() { Glibc.free(base) }

        func fill() { base.initialize(repeating: 1.5, count: count) }

        /// Integers, whose additions the compiler may reorder, become as many vector accumulators as hide the latency; it takes
        /// explicit vectors of floats apart here, and reads a fifth slower than memory can.
        func sum() {
            let words = UnsafeRawPointer(base).assumingMemoryBound(to: UInt64.self)
            var sum: UInt64 = 0
            var index = 0
            while index < count {
                sum &+= words[index]
                index &+= 1
            }
            total = sum
        }
    }
}
