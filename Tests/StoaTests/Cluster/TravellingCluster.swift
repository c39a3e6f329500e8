import Foundation
import Stoa
import StoaCoreGroups
import StoaExecution
import StoaTestSupport
import Synchronization

/// The in-process cluster behind a border: every task is encoded, decoded, and only the decoded one runs; events reach the
/// driver late and in a random order.
final class TravellingCluster: SessionCluster {
    private let inner: CoreGroupCluster
    private let travelled = Atomic<Int>(0)
    private let late: LateEvents?

    /// Executors of this process behind the border.
    ///
    /// - Parameter shuffleSeed: when given, events are held back and delivered in a random order.
    init(_ inner: CoreGroupCluster, shuffleSeed: UInt64? = nil) {
        self.inner = inner
        late = shuffleSeed.map { LateEvents(seed: $0) }
    }

    /// As many executors as asked for, not pinned, behind the border.
    convenience init(executors: Int, threadsPerExecutor: Int, shuffleSeed: UInt64? = nil) throws {
        var options = CoreGroupOptions()
        options.executorCount = executors
        options.threadsPerExecutor = threadsPerExecutor
        options.pinning = .off
        self.init(try CoreGroupCluster(topology: .machine(), options: options), shuffleSeed: shuffleSeed)
    }

    /// Tasks that crossed the border.
    var taskCount: Int { travelled.load(ordering: .relaxed) }

    var executors: [ExecutorDescription] { inner.executors }

    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        guard let late else { return try inner.start(events: events) }
        late.deliver(to: events)
        try inner.start { late.hold($0) }
    }

    func expect(taskCount: Int) { inner.expect(taskCount: taskCount) }

    func submit(_ tasks: [TaskDescription], to executor: ExecutorID) {
        do {
            let bytes = try JSONEncoder().encode(tasks)
            let decoded = try JSONDecoder().decode([TaskDescription].self, from: bytes)
            precondition(decoded == tasks, "\(tasks.map(\.id)) changed on their way")
            travelled.add(tasks.count, ordering: .relaxed)
            inner.submit(decoded, to: executor)
        } catch {
            preconditionFailure("\(tasks.map(\.id)) cannot travel: \(error)")
        }
    }

    func cancel(_ tasks: [TaskID], on executor: ExecutorID) { inner.cancel(tasks, on: executor) }
    func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {
        inner.giveUp(task, on: executor, reason)
    }
    func drop(_ blocks: [BlockID], on executor: ExecutorID) { inner.drop(blocks, on: executor) }
    func addExecutor() { inner.addExecutor() }
    func removeExecutor(_ id: ExecutorID) { inner.removeExecutor(id) }
    func copy(_ blocks: [BlockLocation], to executor: ExecutorID) { inner.copy(blocks, to: executor) }
    func read(_ location: BlockLocation) throws(StoaError) -> Block { try inner.read(location) }
    func put(_ block: Block, id: BlockID, on executor: ExecutorID) { inner.put(block, id: id, on: executor) }
    var pinningError: StoaError? { inner.pinningError }

    func stop() {
        inner.stop()
        late?.stop()
    }
}

/// Holds events back for a moment and delivers whatever has come in a random order.
private final class LateEvents: Sendable {
    private struct State {
        var held: [ClusterEvent] = []
        var random: SplitMix64
        var isStopped = false
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "late events")

    init(seed: UInt64) { state = Mutex(State(random: SplitMix64(seed: seed))) }

    func deliver(to events: @escaping @Sendable ([ClusterEvent]) -> Void) {
        queue.async { [self] in
            while !state.withLock(\.isStopped) {
                usleep(200)
                let batch = state.withLock { state in
                    let batch = state.held.shuffled(using: &state.random)
                    state.held = []
                    return batch
                }
                if !batch.isEmpty { events(batch) }
            }
        }
    }

    func hold(_ events: [ClusterEvent]) { state.withLock { $0.held += events } }

    func stop() {
        state.withLock { $0.isStopped = true }
        queue.sync {}
    }
}
