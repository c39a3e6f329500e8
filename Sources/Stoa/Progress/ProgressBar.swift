import Dispatch
import Glibc
import StoaDriver
import StoaTasks
import Synchronization

/// One line that is redrawn while jobs run: tasks, stages, rows, bytes, rate, time left. It knows of them by the driver's events,
/// and draws only while somebody waits for a job, and not for jobs that are done before anyone could read it.
package final class ProgressBar: Sendable {
    fileprivate struct State {
        var jobs = RunningJobs()
        /// Attempts of these jobs that were sent and not answered.
        var running: Set<TaskID> = []
        /// What executors have told last of the tasks that run there.
        var reading: [ExecutorID: [TaskProgress]] = [:]
        /// Calls that wait for a job.
        var waitingCount = 0
        var isDrawing = false
        var isDrawn = false
    }

    private static let patience = 150_000_000
    private static let pause = 100_000_000

    private let width: @Sendable () -> Int?
    private let write: @Sendable (String) -> Void
    private let opened = MonotonicClock.nanoseconds
    private let queue = EventQueue()
    // Guard: the mutex; lines are written under it, so that none comes after it was cleared.
    private let state = Mutex(State())

    /// - Parameters:
    ///   - width: columns of the terminal, asked for each line; nil when nobody knows.
    ///   - write: shows a text.
    package init(width: @escaping @Sendable () -> Int?, write: @escaping @Sendable (String) -> Void) {
        self.width = width
        self.write = write
    }

    /// One on standard error; nil when that is no terminal.
    static func onStandardError() -> ProgressBar? {
        guard Terminal.isTerminal(.standardError) else { return nil }
        return ProgressBar(width: { Terminal.width(of: .standardError) }) { text in
            var text = text
            text.withUTF8 { bytes in
                // A progress line that cannot be written harms nobody.
                _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// Learns of the jobs of a session from now on.
    package func follow(_ session: Session) { follow(session.driver) }

    func follow(_ driver: Driver) {
        let events = driver.events()
        Task(executorPreference: queue) { [self] in
            for await event in events { take(event) }
        }
    }

    /// Takes in one event more, of a time after the bar was made.
    package func take(_ event: DriverEvent) { state.withLock { $0.apply(event, since: opened) } }

    /// Somebody waits for a job.
    package func begin() {
        let begins = state.withLock { state in
            state.waitingCount += 1
            defer { state.isDrawing = true }
            return !state.isDrawing
        }
        if begins { draw(after: Self.patience) }
    }

    private func draw(after nanoseconds: Int) {
        queue.queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
            if draw() { draw(after: Self.pause) }
        }
    }

    /// The job has ended. The line is gone when this returns, unless others wait for theirs.
    package func end() {
        state.withLock { state in
            state.waitingCount -= 1
            if state.waitingCount == 0, state.isDrawn {
                write("\r\u{1B}[K")
                state.isDrawn = false
            }
        }
    }

    /// False when nobody waits any more.
    private func draw() -> Bool {
        state.withLock { state in
            guard state.waitingCount > 0 else {
                state.isDrawing = false
                return false
            }
            if let job = state.jobs.all.first, let start = state.jobs.starts[job.id],
                case let elapsed = MonotonicClock.nanoseconds - opened - start, elapsed >= Self.patience
            {
                let reading = state.reading.values.joined().filter { $0.task.job.value == job.id }
                write("\r\u{1B}[K" + line(job, elapsed, reading, others: state.jobs.all.count - 1))
                state.isDrawn = true
            }
            return true
        }
    }

    private func line(
        _ job: SessionStatus.Job, _ nanoseconds: Int, _ reading: [TaskProgress], others: Int
    ) -> String {
        let seconds = Double(nanoseconds) / 1e9
        let completeTasks = job.stages.reduce(0) { $0 + $1.completeTasks }
        let taskCount = job.stages.reduce(0) { $0 + $1.taskCount }
        let rows = Double(job.stages.reduce(0) { $0 + $1.rowsRead } + reading.reduce(0) { $0 + $1.rowsRead })
        let bytes = Double(job.stages.reduce(0) { $0 + $1.bytesRead } + reading.reduce(0) { $0 + $1.bytesRead })
        let cells = 20
        let filled = completeTasks * cells / max(1, taskCount)
        var text = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
        text += " \(completeTasks)/\(taskCount) tasks"
        text += "  \(job.stages.count { $0.state == .complete })/\(job.stages.count) stages"
        text += "  \(Self.scaled(rows, "rows"))  \(Self.scaled(bytes, "B"))"
        if seconds > 0 { text += "  \(Self.scaled(rows / seconds, "rows/s"))" }
        if let left = Self.timeLeft(seconds, completeTasks, of: taskCount) { text += "  \(left) left" }
        if others > 0 { text += "  +\(others) \(others == 1 ? "job" : "jobs")" }
        if let stage = job.stages.first(where: { $0.state == .running }) { text += "  \(stage.label)" }
        return Self.fitting(text, columns: max(10, (width() ?? 80) - 1))
    }

    private static func fitting(_ text: String, columns: Int) -> String {
        var used = 0
        return String(
            text.prefix { character in
                used += Terminal.width(of: character)
                return used <= columns
            })
    }

    /// What the tasks left will take when they take what those before took; nil before there is anything to go by.
    private static func timeLeft(_ seconds: Double, _ completeTasks: Int, of taskCount: Int) -> String? {
        guard seconds > 1, completeTasks > 0 else { return nil }
        let left = seconds * Double(taskCount - completeTasks) / Double(completeTasks)
        return left < 60 ? "\(Int(left.rounded(.up))) s" : "\(Int((left / 60).rounded(.up))) min"
    }

    /// 1234567 rows as `1.2 M rows`, and of bytes as `1.2 MB`.
    private static func scaled(_ value: Double, _ what: String) -> String {
        let space = what == "B" ? "" : " "
        for (limit, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= limit {
            return "\((value / limit * 10).rounded() / 10) \(unit)\(space)\(what)"
        }
        return "\(Int(value)) \(what)"
    }
}

extension ProgressBar.State {
    fileprivate mutating func apply(_ event: DriverEvent, since opened: Int) {
        switch event.kind {
        case .taskStarted(let task, _): running.insert(task)
        // A status may come after the answer of a task that it still tells of.
        case .executorStatus(let executor, let status):
            reading[executor] = status.progress.filter { running.contains($0.task) }
        case .executorLost(let executor, _), .executorLeft(let executor): reading[executor] = nil
        case .taskFinished(let task, let executor, _, _, _), .taskFailed(let task, let executor, _, _),
            .taskCancelled(let task, let executor):
            running.remove(task)
            reading[executor]?.removeAll { $0.task == task }
        case .jobEnded(let job, _):
            // Those of executors that were lost were never answered.
            if !running.isEmpty { running = running.filter { $0.job != job } }
        default: break
        }
        if let record = EventRecord(event, since: opened) { _ = jobs.apply(record) }
    }
}
