import StoaColumns
import StoaDriver
import StoaPlan
import StoaTasks
import Synchronization
import Testing

/// Time that goes where a simulation puts it.
final class ManualClock: Sendable {
    private let time = Atomic<Int>(1_000_000_000)

    var now: Int {
        get { time.load(ordering: .relaxed) }
        set { time.store(newValue, ordering: .relaxed) }
    }

    var clock: DriverClock { DriverClock { [self] in now } }
}

/// What happens at some time. The smallest time comes first; at the same time, what was planned first.
struct Agenda {
    private struct Entry {
        let time: Int
        let number: Int
        let action: () -> Void

        func isBefore(_ other: Entry) -> Bool { time != other.time ? time < other.time : number < other.number }
    }

    private var heap: [Entry] = []
    private var nextNumber = 0

    var isEmpty: Bool { heap.isEmpty }
    var nextTime: Int? { heap.first?.time }

    mutating func add(at time: Int, _ action: @escaping () -> Void) {
        heap.append(Entry(time: time, number: nextNumber, action: action))
        nextNumber += 1
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> (() -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return first.action }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            if least == parent { return first.action }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}

/// A driver's loop, a cluster and a clock without any thread: the same seed gives the same run. Jobs run in time that costs
/// nothing; what blocks hold is a hash of all that went into them, so that a wrong input shows in the result.
final class SimulatedWorld {
    let clock = ManualClock()
    let cluster: SimulatedExecutors
    let held = HeldDatasets()
    private let mailbox = Mailbox<DriverMessage>()
    private var loop: DriverLoop
    private var deadline: Int?
    private var nextJob = 0
    /// How often the loop has turned.
    private(set) var turns = 0
    private var nanosecondsOfTurns = 0
    /// What the driver alone has taken of the machine's time.
    var driverNanoseconds: Int { nanosecondsOfTurns - cluster.nanosecondsOfCalls }

    init(
        executors: Int, slots: Int, nodes: Int = 2, weather: Weather = Weather(),
        options: DriverOptions = DriverOptions(),
        seed: Int = 0
    ) throws {
        let mailbox = mailbox
        cluster = SimulatedExecutors(
            clock: clock, count: executors, slots: slots, nodes: nodes, weather: weather, seed: seed)
        try cluster.start { mailbox.post(.events($0)) }
        loop = DriverLoop(
            cluster: cluster, options: options, clock: clock.clock, mailbox: mailbox, snapshot: held)
    }

    func post(_ message: DriverMessage) { mailbox.post(message) }

    /// Starts a job; the answer comes while time passes.
    func run(_ graph: StageGraph, _ answer: @escaping (Result<JobResult, StoaError>) -> Void) -> JobID {
        let id = JobID(nextJob)
        nextJob += 1
        let answer = UncheckedSendable(answer)
        post(.run(JobRequest(id: id, graph: graph) { answer.value($0) }))
        return id
    }

    /// Runs a job to its end.
    func outcome(of graph: StageGraph) -> Result<JobResult, StoaError>? {
        let holder = Holder<Result<JobResult, StoaError>?>(nil)
        _ = run(graph) { holder.value = $0 }
        pass { holder.value != nil }
        return holder.value
    }

    /// Puts a dataset on executors, all of them unless said otherwise, neighbours together, as a session does with data in
    /// memory.
    func give(_ dataset: DatasetID, partitions: Int, on chosen: [ExecutorID]? = nil) {
        let executors = chosen ?? cluster.alive.map(\.description.id)
        let blocks = (0..<partitions).map { partition in
            cluster.put(
                .dataset(dataset, partition: partition), UInt64(1000 + partition),
                on: executors[partition * executors.count / partitions])
        }
        held.publish(dataset, HeldDataset(rowCounts: blocks.map(\.rowCount), byteCounts: blocks.map(\.byteCount)))
        post(.register(dataset, blocks))
        turn()
    }

    func at(_ delay: Int, _ action: @escaping () -> Void) { cluster.agenda.add(at: clock.now + delay, action) }

    /// Lets time pass until the condition holds, or nothing is left that could happen. Says whether it holds.
    @discardableResult
    func pass(until isDone: () -> Bool) -> Bool {
        while !isDone() {
            let messages = mailbox.takeAll()
            let isDue = deadline.map { $0 <= clock.now } ?? false
            if !messages.isEmpty || isDue {
                turn(messages)
                continue
            }
            guard let next = [cluster.agenda.nextTime, deadline].compactMap({ $0 }).min() else { return isDone() }
            clock.now = max(clock.now, next)
            while let time = cluster.agenda.nextTime, time <= clock.now { cluster.agenda.popFirst()?() }
        }
        return true
    }

    /// Lets all pass that can happen within a time.
    func pass(nanoseconds: Int) {
        var isOver = false
        at(nanoseconds) { isOver = true }
        pass { isOver }
        turn()
    }

    /// Lets the loop take in what it was told.
    func turn() {
        var messages = mailbox.takeAll()
        repeat {
            turn(messages)
            messages = mailbox.takeAll()
        } while !messages.isEmpty
    }

    private func turn(_ messages: [DriverMessage]) {
        let start = MonotonicClock.nanoseconds
        deadline = loop.turn(messages)
        nanosecondsOfTurns += MonotonicClock.nanoseconds - start
        turns += 1
    }

    /// What the driver's tables hold, after all that it was told.
    func tables() -> DriverTables {
        let holder = Holder(DriverTables())
        post(.inspect { holder.value = $0 })
        turn()
        return holder.value
    }

    func status() -> DriverStatus? {
        let holder = Holder<DriverStatus?>(nil)
        post(.report { holder.value = $0 })
        turn()
        return holder.value
    }

    func stop() {
        post(.stop)
        pass { loop.hasEnded }
        loop.end(with: mailbox.close())
    }
}

/// Used on one thread, whatever the compiler thinks.
struct UncheckedSendable<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// A value that closures share.
final class Holder<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}

/// Nothing is left of any job, nor of the dataset once it is unpersisted, on either side; and the driver is stopped.
func expectEmpty(
    _ world: SimulatedWorld, unpersisting dataset: DatasetID? = nil, after nanoseconds: Int = 1_000_000_000,
    _ comment: Comment? = nil
) {
    if let dataset { world.post(.unpersist(dataset)) }
    world.pass(nanoseconds: nanoseconds)
    #expect(world.tables() == DriverTables(), comment)
    #expect(world.cluster.heldBlocks.isEmpty, comment)
    world.stop()
    #expect(world.cluster.mistakes == [], comment)
}
