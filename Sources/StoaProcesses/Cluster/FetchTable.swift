import StoaTasks
import Synchronization

/// Who waits for the place of an output that its executor has not published, because nobody else was to read it. Guard: a
/// mutex.
final class FetchTable: Sendable {
    enum Asker: Sendable {
        /// An executor, by the number of its request.
        case executor(ExecutorID, request: Int)
        case driver(DriverWait)
    }

    struct Fetch: Sendable {
        let location: OutputLocation
        var askers: [Asker]
        /// Whether nobody needs the output any more: it goes when the askers have read it.
        var isDropped = false
    }

    private struct State {
        var next = 0
        var fetches: [Int: Fetch] = [:]
    }

    private let state = Mutex(State())

    /// Notes that somebody waits; the number to ask under, nil when that has been asked already.
    func add(_ location: OutputLocation, _ asker: Asker) -> Int? {
        state.withLock { state in
            if let number = state.fetches.first(where: { $0.value.location == location })?.key {
                state.fetches[number]?.askers.append(asker)
                return nil
            }
            state.next += 1
            state.fetches[state.next] = Fetch(location: location, askers: [asker])
            return state.next
        }
    }

    /// The fetch of that number, which is over.
    func take(_ number: Int, from executor: ExecutorID) -> Fetch? {
        state.withLock { state in
            guard state.fetches[number]?.location.executor == executor else { return nil }
            return state.fetches.removeValue(forKey: number)
        }
    }

    /// Those that an executor will not answer any more.
    func takeAll(of executor: ExecutorID) -> [Fetch] {
        state.withLock { state in
            let numbers = state.fetches.filter { $0.value.location.executor == executor }.keys
            return numbers.compactMap { state.fetches.removeValue(forKey: $0) }
        }
    }

    /// Blocks of an executor are not needed any more.
    func drop(_ blocks: [BlockID], on executor: ExecutorID) {
        state.withLock { state in
            if state.fetches.isEmpty { return }
            let dropped = Set(blocks.map { OutputLocation(output: OutputID($0), executor: executor) })
            for (number, fetch) in state.fetches where dropped.contains(fetch.location) {
                state.fetches[number]?.isDropped = true
            }
        }
    }

    var count: Int { state.withLock { $0.fetches.count } }
}

/// A thread of the driver's process that waits for a place.
final class DriverWait: @unchecked Sendable {
    // Unchecked: what changes is guarded by `lock`.

    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var place: BlockPlace?
    private var isAnswered = false

    func answer(_ place: BlockPlace?) {
        lock.lock()
        self.place = place
        isAnswered = true
        lock.unlock()
        lock.wakeAll()
    }

    func wait() -> BlockPlace? {
        lock.lock()
        defer { lock.unlock() }
        while !isAnswered { lock.wait() }
        return place
    }
}
