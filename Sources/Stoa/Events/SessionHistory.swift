import FoundationEssentials
import StoaColumns

/// What happened in a session, read back from its event log: how it ended, or where it stands.
public struct SessionHistory: Sendable {
    /// A job that has ended.
    public struct EndedJob: Hashable, Sendable {
        /// Its number in the session.
        public let id: Int
        /// Its stages as they were at the end.
        public let stages: [SessionStatus.Stage]
        /// From the session's opening to its start.
        public let start: Duration
        /// From its start to its end.
        public let duration: Duration
        /// Why it failed; nil when it ended well.
        public let error: StoaError?
    }

    /// What the session was doing after the last event: what `Session.status()` gave then.
    public private(set) var status = SessionStatus()
    /// In the order in which they ended.
    public private(set) var endedJobs: [EndedJob] = []
    /// The options in force, by their names.
    public private(set) var options: [String: String] = [:]
    /// Events that are not in the log, because it could not be written as fast as they came. With such gaps the status
    /// may be wrong.
    public private(set) var lostEvents = 0
    /// Number of events.
    public private(set) var eventCount = 0
    /// Whether the log was written to its end.
    public private(set) var isClosed = false

    private struct Place: Hashable {
        let dataset: Int
        let partition: Int
    }

    private struct Held {
        let executor: Int
        let rows: Int
        let bytes: Int
    }

    private var running = RunningJobs()
    /// Partitions of datasets; nil for those that were lost.
    private var partitions: [Place: Held?] = [:]

    init() {}

    /// Reads the log that a session with the option `eventLog` wrote, or is writing.
    ///
    /// Throws `fileNotFound`, `malformedFile` with the line that is no event, and `unsupported` for a log of a later version.
    /// A last line that is not complete is left out: the program may have been killed.
    public init(eventLog path: String) throws(StoaError) {
        self.init()
        var number = 0
        for line in try Self.lines(path) {
            number += 1
            let record: EventRecord
            do {
                record = try JSONDecoder().decode(EventRecord.self, from: Data(line))
            } catch {
                struct Version: Decodable { let version: Int }
                let version = try? JSONDecoder().decode(Version.self, from: Data(line)).version
                if let version, version > EventRecord.currentVersion {
                    throw StoaError(
                        .unsupported,
                        "the event is of version \(version), this program reads up to "
                            + "\(EventRecord.currentVersion)", advice: "read it with the Stoa that wrote it",
                        at: .init(file: path, row: number))
                }
                throw StoaError(
                    .malformedFile, "this line is no event: \(error)", at: .init(file: path, row: number))
            }
            apply(record)
        }
        settle()
    }

    private static func lines(_ path: String) throws(StoaError) -> [ArraySlice<UInt8>] {
        let bytes: [UInt8]
        do {
            bytes = Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw StoaError(
                .fileNotFound, source: .environment, "the event log cannot be read: \(error)", at: .init(file: path))
        }
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return bytes[..<end].split(separator: UInt8(ascii: "\n"))
    }

    /// Takes one event more.
    mutating func apply(_ record: EventRecord) {
        eventCount += 1
        switch record.event {
        case .sessionOpened: options = record.options ?? [:]
        case .sessionClosed: isClosed = true
        case .eventsLost: lostEvents += record.lost ?? 0
        case .jobStarted, .jobEnded, .stageReady, .stageRebuilding, .stageCompleted: applyToJob(record)
        case .taskStarted:
            changeExecutor(record) {
                $0.tasks += 1
                // One that was excluded for a while is given tasks again.
                if $0.state == .excluded { $0.state = .active }
            }
        case .taskSpeculated: break
        case .taskFailed, .taskCancelled: changeExecutor(record) { $0.tasks -= 1 }
        case .taskFinished:
            changeExecutor(record) { $0.tasks -= 1 }
            _ = running.apply(record)
        case .executorJoined:
            if status.executors.contains(where: { $0.id == record.executor }) { return }
            status.executors.append(
                SessionStatus.Executor(
                    id: record.executor ?? 0, name: record.name ?? "", state: .active, threads: record.threads ?? 0,
                    tasks: 0, memory: nil))
        case .executorLost, .executorLeft:
            status.executors.removeAll { $0.id == record.executor }
            for (place, held) in partitions where held?.executor == record.executor {
                partitions.updateValue(nil, forKey: place)
            }
        case .executorExcluded: changeExecutor(record) { $0.state = .excluded }
        case .executorStatus: changeExecutor(record) { $0.memory = record.memory }
        case .partitionsStored:
            for stored in record.partitions ?? [] {
                partitions[Place(dataset: stored.dataset, partition: stored.partition)] = Held(
                    executor: record.executor ?? 0, rows: stored.rows ?? 0, bytes: stored.bytes ?? 0)
            }
        case .partitionsEvicted, .partitionsLost:
            for gone in record.partitions ?? [] {
                let place = Place(dataset: gone.dataset, partition: gone.partition)
                if let held = partitions[place], held?.executor == record.executor {
                    partitions.updateValue(nil, forKey: place)
                }
            }
        case .datasetReleased: partitions = partitions.filter { $0.key.dataset != record.dataset }
        }
    }

    private mutating func applyToJob(_ record: EventRecord) {
        if let (job, start) = running.apply(record) {
            endedJobs.append(
                EndedJob(
                    id: job.id, stages: job.stages, start: .nanoseconds(start),
                    duration: .nanoseconds(record.time - start), error: record.error))
        }
    }

    private mutating func changeExecutor(_ record: EventRecord, _ change: (inout SessionStatus.Executor) -> Void) {
        guard let position = status.executors.firstIndex(where: { $0.id == record.executor }) else { return }
        change(&status.executors[position])
    }

    /// Makes the jobs of the status, and its datasets from their partitions.
    mutating func settle() {
        status.jobs = running.all
        let byDataset = Dictionary(grouping: partitions, by: \.key.dataset)
        status.datasets = byDataset.sorted { $0.key < $1.key }.map { id, partitions in
            let held = partitions.compactMap(\.value)
            return SessionStatus.Dataset(
                id: id, partitions: partitions.count, heldPartitions: held.count,
                rows: held.reduce(0) { $0 + $1.rows }, bytes: held.reduce(0) { $0 + $1.bytes },
                partitionsByExecutor: held.reduce(into: [:]) { $0[$1.executor, default: 0] += 1 })
        }
    }
}
