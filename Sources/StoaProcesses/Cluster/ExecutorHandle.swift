import Glibc
import StoaColumns
import StoaPlan
import StoaTasks
import Synchronization

/// One executor as the driver's process knows it.
final class ExecutorHandle: Sendable {
    /// Work that the executor knows by number.
    private struct Works {
        var next = 0
        var entries: [(work: TaskWork, number: Int)] = []
        /// Values of the user that the executor has.
        var broadcasts: Set<BroadcastID> = []
    }

    let description: ExecutorDescription
    let group: Int
    let process: pid_t
    let token: String
    let file: SegmentFile
    let channel: DriverChannel
    /// Whether it has been told of the driver's segment, or will be when there is one. Guard: the driver's segment's lock.
    let isIntroduced = Atomic<Bool>(false)
    /// Whether it has been sent its settings, before which it understands nothing.
    let isWelcome = Atomic<Bool>(false)
    private let works = Mutex(Works())

    /// Jobs that run at the same time need an entry a stage; older ones are sent again when they are needed again.
    private static let worksLimit = 64

    init(
        _ description: ExecutorDescription, group: Int, process: pid_t, token: String, file: SegmentFile,
        channel: DriverChannel
    ) {
        self.description = description
        self.group = group
        self.process = process
        self.token = token
        self.file = file
        self.channel = channel
    }

    var id: ExecutorID { description.id }

    /// `executor 2 (process 4711)`.
    var name: String { "\(id) (process \(process))" }

    /// Numbers for the work of these tasks, sent before them; the commands that the executor needs for it.
    ///
    /// - Parameters:
    ///   - encodings: encodes each work once, for all executors.
    ///   - send: is called with the works locked, so that all threads' commands go in the order of their numbers.
    func number(
        _ tasks: [TaskDescription], _ encodings: RecentWorks,
        _ send: ([ExecutorCommand], [Int]) throws(StoaError) -> Void
    ) throws(StoaError) {
        let result = works.withLock { works -> Result<Void, StoaError> in
            let before = works
            var commands: [ExecutorCommand] = []
            var numbers: [Int] = []
            numbers.reserveCapacity(tasks.count)
            for task in tasks {
                if let known = works.entries.last(where: { $0.work === task.work }) {
                    numbers.append(known.number)
                    continue
                }
                do throws(StoaError) {
                    for id in task.work.broadcasts where !works.broadcasts.contains(id) {
                        // Of one that nobody keeps any more the executor tells who reads it.
                        guard let value = try BroadcastStore.shared.payload(id) else { continue }
                        commands.append(.broadcast(id, value))
                        works.broadcasts.insert(id)
                    }
                    commands.append(.work(works.next, try encodings.encoded(task.work)))
                } catch {
                    works = before
                    return .failure(error)
                }
                numbers.append(works.next)
                works.entries.append((task.work, works.next))
                works.next += 1
            }
            var forgotten: [Int] = []
            while works.entries.count > Self.worksLimit { forgotten.append(works.entries.removeFirst().number) }
            do throws(StoaError) {
                try send(commands, numbers)
                // After the tasks, which may be of the oldest.
                if !forgotten.isEmpty { try channel.send([.forgetWork(forgotten)]) }
                let unread = works.broadcasts.filter { !BroadcastStore.shared.holds($0) }
                if !unread.isEmpty {
                    try channel.send([.forgetBroadcasts(unread.sorted())])
                    works.broadcasts.subtract(unread)
                }
                return .success(())
            } catch {
                works = before
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The words for how its process ended, by the status that `waitpid` gave.
    static func ending(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "ended with status \((status >> 8) & 0xff)" : "was killed by signal \(signal)"
    }
}
