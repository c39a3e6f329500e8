import StoaColumns
import StoaTasks
import Synchronization

/// What the tasks of a stage have in common, and the form in which it travels: encoded once, however many executors get it,
/// and decoded once in each, however often the same query runs.
package final class EncodedWork: Hashable, Sendable {
    package let work: TaskWork
    let bytes: [UInt8]

    /// Throws `engineFailed` for a plan that does not encode.
    package init(_ work: TaskWork) throws(StoaError) {
        self.work = work
        bytes = try PayloadWriter.json(work)
    }

    private init(_ work: TaskWork, _ bytes: [UInt8]) {
        self.work = work
        self.bytes = bytes
    }

    /// The works that came last. Equal bytes are equal works. Guard: a mutex.
    private static let decoded = RecentWorks()

    static func decoding(_ bytes: [UInt8]) throws(StoaError) -> EncodedWork {
        if let known = decoded.first(where: { $0.bytes == bytes }) { return known }
        let made = EncodedWork(try PayloadReader.json(TaskWork.self, from: bytes), bytes)
        decoded.add(made)
        return made
    }

    package static func == (left: EncodedWork, right: EncodedWork) -> Bool { left.work == right.work }

    package func hash(into hasher: inout Hasher) { hasher.combine(work) }
}

/// The works that were used last: stages whose tasks are being handed out at the same time are few. Guard: a mutex.
final class RecentWorks: Sendable {
    private let works = Mutex<[EncodedWork]>([])

    private static let limit = 32
    /// Larger ones, such as those that hold values of the user, are not kept for later.
    private static let byteLimit = 1 << 20

    func first(where isWanted: (EncodedWork) -> Bool) -> EncodedWork? {
        works.withLock { works in
            guard let place = works.lastIndex(where: isWanted) else { return nil }
            let found = works.remove(at: place)
            works.append(found)
            return found
        }
    }

    func add(_ work: EncodedWork) {
        if work.bytes.count > Self.byteLimit { return }
        let replaced = works.withLock { works -> EncodedWork? in
            works.append(work)
            return works.count > Self.limit ? works.removeFirst() : nil
        }
        withExtendedLifetime(replaced) {}
    }

    /// The encoding of this very work: equal ones may encode differently, as texts that Swift holds to be equal do. Two threads that want a new one at once may both make it.
    func encoded(_ work: TaskWork) throws(StoaError) -> EncodedWork {
        if let known = first(where: { $0.work === work }) { return known }
        let made = try EncodedWork(work)
        add(made)
        return made
    }
}
