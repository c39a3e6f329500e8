import FoundationEssentials
import StoaColumns

/// Writes what executors' threads did, and when, in the Trace Event Format of Chrome, which Perfetto (ui.perfetto.dev) opens:
/// a row for each thread, a slice for each attempt at a task. Used by one thread.
///
/// The file is a JSON array of events: `X` for attempts that finished, `b` and `e` for jobs, `i` for what failed or was lost, `M`
/// for the names of executors (processes) and threads. Times are microseconds since the session was opened.
final class TraceFile {
    /// Attempts and jobs of which a trace tells at most; of the others it tells how many there were.
    static let defaultLimit = 1_000_000

    private struct Event: Encodable {
        var ph: String
        var name: String
        var cat: String?
        var pid: Int
        var tid: Int
        var ts: Double?
        var dur: Double?
        var id: Int?
        var s: String?
        var args: Arguments?
    }

    private struct Arguments: Encodable {
        var name: String?
        var sortIndex: Int?
        var job: Int?
        var stage: Int?
        var partition: Int?
        var attempt: Int?
        var rowsRead: Int?
        var bytesRead: Int?
        var rowsWritten: Int?
        var bytesWritten: Int?
        var counts: Bool?
        var error: String?
        var lost: Int?

        enum CodingKeys: String, CodingKey {
            case sortIndex = "sort_index"
            case name, job, stage, partition, attempt, rowsRead, bytesRead, rowsWritten, bytesWritten, counts, error,
                lost
        }
    }

    private struct Row: Hashable {
        let process: Int
        let thread: Int
    }

    private struct Stage: Hashable {
        let job: Int
        let stage: Int
    }

    private let file: RecordFile
    private let encoder = JSONEncoder()
    private let limit: Int
    private var written = 0
    private var leftOut = 0
    private var isEmpty = true
    private var labels: [Stage: String] = [:]
    private var names: [Int: String] = [:]
    private var rows: Set<Row> = []

    init(path: String, limit: Int = TraceFile.defaultLimit) throws(StoaError) {
        file = try RecordFile(path: path, what: "trace")
        self.limit = limit
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        file.append("[\n".utf8)
    }

    func write(_ record: EventRecord) throws {
        switch record.event {
        case .sessionOpened: try name(process: 0, "driver")
        case .jobStarted:
            for stage in record.stages ?? [] { note(stage.label, record.job, stage.stage) }
            try writeLimited(job(record, "b"))
        case .stageReady, .stageRebuilding: note(record.label ?? "", record.job, record.stage)
        case .jobEnded:
            labels = labels.filter { $0.key.job != record.job }
            try writeLimited(job(record, "e"))
        case .executorJoined: if let executor = record.executor { names[executor] = record.name }
        case .taskFinished: try writeAttempt(record)
        case .taskFailed: try writeLimited(instant(record, "task failed"))
        case .executorLost: try writeLimited(instant(record, "executor lost"))
        case .executorExcluded: try writeLimited(instant(record, "executor excluded"))
        case .partitionsEvicted: try writeLimited(instant(record, "partitions evicted"))
        case .eventsLost: try writeLimited(instant(record, "events lost"))
        default: break
        }
    }

    /// Ends the array.
    func close(at time: Int) throws {
        if leftOut > 0 {
            var last = Event(ph: "i", name: "\(leftOut) events left out", pid: 0, tid: 0, ts: Double(time) / 1000)
            last.s = "g"
            try write(last)
        }
        file.append("\n]\n".utf8)
        file.close()
    }

    func flush() { file.flush() }

    // Executors are processes from 1 on; 0 is the driver.
    private func process(_ record: EventRecord) -> Int { record.executor.map { $0 + 1 } ?? 0 }

    private func note(_ label: String, _ job: Int?, _ stage: Int?) {
        if let job, let stage { labels[Stage(job: job, stage: stage)] = label }
    }

    private func label(_ record: EventRecord) -> String {
        guard let job = record.job, let stage = record.stage else { return "task" }
        return "stage \(stage): " + (labels[Stage(job: job, stage: stage)] ?? "")
    }

    private func writeAttempt(_ record: EventRecord) throws {
        guard let start = record.start, let duration = record.nanoseconds else { return }
        let row = Row(process: process(record), thread: record.thread.map { $0 + 1 } ?? 0)
        if rows.insert(row).inserted { try name(row, executor: record.executor ?? 0) }
        var event = Event(ph: "X", name: label(record), cat: "task", pid: row.process, tid: row.thread)
        event.ts = Double(start) / 1000
        event.dur = Double(duration) / 1000
        event.args = arguments(record)
        try writeLimited(event)
    }

    private func arguments(_ record: EventRecord) -> Arguments {
        var arguments = Arguments()
        (arguments.job, arguments.stage) = (record.job, record.stage)
        (arguments.partition, arguments.attempt) = (record.partition, record.attempt)
        (arguments.rowsRead, arguments.bytesRead) = (record.rowsRead, record.bytesRead)
        (arguments.rowsWritten, arguments.bytesWritten) = (record.rowsWritten, record.bytesWritten)
        (arguments.counts, arguments.lost) = (record.counts, record.lost)
        arguments.error = record.error.map { "\($0)" }
        return arguments
    }

    private func job(_ record: EventRecord, _ phase: String) -> Event {
        var event = Event(ph: phase, name: "job \(record.job ?? 0)", cat: "job", pid: 0, tid: 0)
        event.ts = Double(record.time) / 1000
        event.id = record.job
        event.args = arguments(record)
        return event
    }

    private func instant(_ record: EventRecord, _ name: String) -> Event {
        var event = Event(ph: "i", name: name, cat: "event", pid: process(record), tid: 0)
        event.ts = Double(record.time) / 1000
        event.s = "p"
        event.args = arguments(record)
        return event
    }

    private func name(process: Int, _ name: String) throws {
        var event = Event(ph: "M", name: "process_name", pid: process, tid: 0)
        event.args = Arguments(name: name)
        try write(event)
        event.name = "process_sort_index"
        event.args = Arguments(sortIndex: process)
        try write(event)
    }

    private func name(_ row: Row, executor: Int) throws {
        if rows.allSatisfy({ $0 == row || $0.process != row.process }) {
            try name(process: row.process, "executor \(executor): \(names[executor] ?? "")")
        }
        var event = Event(ph: "M", name: "thread_name", pid: row.process, tid: row.thread)
        event.args = Arguments(name: row.thread == 0 ? "thread unknown" : "thread \(row.thread - 1)")
        try write(event)
    }

    private func writeLimited(_ event: Event) throws {
        guard written < limit else {
            leftOut += 1
            return
        }
        written += 1
        try write(event)
    }

    private func write(_ event: Event) throws {
        if !isEmpty { file.append(",\n".utf8) }
        isEmpty = false
        file.append(try encoder.encode(event))
    }
}
