import Foundation

/// The resident memory of this process, as the kernel counts it.
enum ProcessMemory {
    /// Bytes now, and the most since the start or the last `resetPeak`.
    static func current() -> (resident: Int, peak: Int) {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        func bytes(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) }
                .map { $0 * 1_024 } ?? 0
        }
        return (bytes("VmRSS:"), bytes("VmHWM:"))
    }

    /// Lets the peak start again from what is resident now. Throws where the kernel does not allow it.
    static func resetPeak() throws {
        guard let file = fopen("/proc/self/clear_refs", "w"), fputs("5", file) >= 0, fclose(file) == 0 else {
            throw Unsupported("the kernel does not let a process reset its own peak (/proc/self/clear_refs)")
        }
    }
}
