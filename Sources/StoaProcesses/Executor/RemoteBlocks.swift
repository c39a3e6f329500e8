import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// The blocks of others that this executor's tasks read: where they are, as the driver's process told with the tasks, and
/// what it has to be asked for. Guard: a mutex.
final class RemoteBlocks: Sendable {
    private struct Input {
        var lease: PlaceLease
        /// Tasks that wait or run and may read it.
        var taskCount: Int
    }

    private struct State {
        var inputs: [OutputLocation: Input] = [:]
        var tasks: [TaskID: [OutputLocation]] = [:]
        var nextRequest = 0
        var waits: [Int: DriverWait] = [:]
    }

    let readers: SegmentReaders
    private let returned = ReturnedPlaces()
    private let state = Mutex(State())
    private let channel: ExecutorChannel

    init(channel: ExecutorChannel) {
        self.channel = channel
        readers = SegmentReaders { [returned] in returned.add($0) }
    }

    /// Notes where tasks that came will read.
    func take(_ tasks: [TaskDescription], _ placed: [PlacedOutput], on executor: ExecutorID) {
        let leases = placed.compactMap { output in readers.lease(output.place).map { (output.location, $0) } }
        // Leases that end here end outside of the lock.
        let replaced = state.withLock { state -> [PlaceLease] in
            var replaced: [PlaceLease] = []
            for (location, lease) in leases {
                if let old = state.inputs.updateValue(Input(lease: lease, taskCount: 0), forKey: location) {
                    state.inputs[location]?.taskCount = old.taskCount
                    replaced.append(old.lease)
                }
            }
            for task in tasks {
                var read: Set<OutputLocation> = []
                for case .blocks(let locations) in task.inputs {
                    for location in locations where location.executor != executor {
                        let output = OutputLocation(location)
                        if state.inputs[output] != nil { read.insert(output) }
                    }
                }
                if read.isEmpty { continue }
                for output in read { state.inputs[output]?.taskCount += 1 }
                state.tasks[task.id] = Array(read)
            }
            for (location, _) in leases {
                if let input = state.inputs[location], input.taskCount == 0 {
                    replaced.append(input.lease)
                    state.inputs[location] = nil
                }
            }
            return replaced
        }
        withExtendedLifetime(replaced) {}
    }

    /// Tasks have ended: what only they read is returned.
    func finish(_ tasks: some Sequence<TaskID>) {
        let ended = state.withLock { state -> [PlaceLease] in
            var ended: [PlaceLease] = []
            for task in tasks {
                for location in state.tasks.removeValue(forKey: task) ?? [] {
                    guard var input = state.inputs[location] else { continue }
                    input.taskCount -= 1
                    if input.taskCount == 0 {
                        ended.append(input.lease)
                        state.inputs[location] = nil
                    } else {
                        state.inputs[location] = input
                    }
                }
            }
            return ended
        }
        withExtendedLifetime(ended) {}
    }

    /// Places that nobody reads here any more, to be returned.
    func takeReturned() -> [ReturnedPlace] { returned.take() }

    /// A block of another executor. Throws a retryable `blockLost` when it is nowhere.
    func read(_ location: BlockLocation) throws(StoaError) -> Block {
        let output = OutputLocation(location)
        if let lease = state.withLock({ $0.inputs[output]?.lease }) {
            return try OutputImage.read(location.block.placeInOutput, from: lease)
        }
        guard let place = try fetch(output), let lease = readers.lease(place) else {
            throw StoaError(
                .blockLost, source: .environment, "\(location.executor) no longer holds the block \(location.block)",
                isRetryable: true)
        }
        return try OutputImage.read(location.block.placeInOutput, from: lease)
    }

    private func fetch(_ output: OutputLocation) throws(StoaError) -> BlockPlace? {
        let wait = DriverWait()
        let request = state.withLock { state in
            state.nextRequest += 1
            state.waits[state.nextRequest] = wait
            return state.nextRequest
        }
        try channel.send([.fetch(request: request, output)])
        return wait.wait()
    }

    /// The driver's process has answered.
    func fetched(_ request: Int, _ place: BlockPlace?) {
        state.withLock { $0.waits.removeValue(forKey: request) }?.answer(place)
    }
}

/// Grants that are on their way back. Guard: a mutex.
private final class ReturnedPlaces: Sendable {
    private let places = Mutex<[ReturnedPlace]>([])

    func add(_ place: ReturnedPlace) { places.withLock { $0.append(place) } }

    func take() -> [ReturnedPlace] {
        places.withLock { places in
            defer { places = [] }
            return places
        }
    }
}
