import Glibc
import StoaDriver
import Synchronization

/// One line on standard error that is redrawn while a job runs: stage, tasks, rows, rate. Nothing when standard error is no
/// terminal, and nothing for jobs that are done before anyone could read it.
final class ProgressBar: Sendable {
    private struct State {
        var isDrawn = false
        var isFinished = false
        var lastDrawn: ContinuousClock.Instant?
    }

    private let isShown = Terminal.isTerminal(.standardError)
    private let started = ContinuousClock.now
    private let state = Mutex(State())
    private let patience = Duration.milliseconds(150)
    private let pause = Duration.milliseconds(50)

    /// Draws the job's progress, at most every 50 ms.
    func update(_ progress: JobProgress) {
        guard isShown else { return }
        let now = ContinuousClock.now
        guard now - started > patience else { return }
        state.withLock { state in
            guard !state.isFinished else { return }
            if let last = state.lastDrawn, now - last < pause { return }
            state.lastDrawn = now
            state.isDrawn = true
            Self.write("\r\u{1B}[K" + line(progress))
        }
    }

    /// Clears the line.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            if state.isDrawn { Self.write("\r\u{1B}[K") }
        }
    }

    private func line(_ progress: JobProgress) -> String {
        let width = Terminal.width(of: .standardError) ?? 80
        let cells = 20
        let filled = progress.completeTasks * cells / max(1, progress.taskCount)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
        var text = "\(bar) \(progress.completeTasks)/\(progress.taskCount) tasks"
        let complete = progress.stages.count { $0.state == .complete }
        text += "  \(complete)/\(progress.stages.count) stages"
        text += "  \(Self.scaled(Double(progress.rowsRead))) rows  \(Self.scaled(Double(progress.bytesRead)))B"
        text += "  \(Self.scaled(progress.rowsPerSecond)) rows/s"
        if let left = Self.timeLeft(progress) { text += "  \(left) left" }
        if let stage = progress.stages.first(where: { $0.state == .running }) { text += "  \(stage.label)" }
        return String(text.prefix(max(10, width - 1)))
    }

    /// What the tasks left will take when they take what those before took; nil before there is anything to go by.
    private static func timeLeft(_ progress: JobProgress) -> String? {
        let seconds = Double(progress.elapsedNanoseconds) / 1e9
        guard seconds > 1, progress.completeTasks > 0 else { return nil }
        let left = seconds * Double(progress.taskCount - progress.completeTasks) / Double(progress.completeTasks)
        return left < 60 ? "\(Int(left.rounded(.up))) s" : "\(Int((left / 60).rounded(.up))) min"
    }

    /// 1234567 as `1.2 M`.
    private static func scaled(_ value: Double) -> String {
        for (limit, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= limit {
            return "\((value / limit * 10).rounded() / 10) \(unit)"
        }
        return "\(Int(value))"
    }

    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // A progress line that cannot be written harms nobody.
            _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
