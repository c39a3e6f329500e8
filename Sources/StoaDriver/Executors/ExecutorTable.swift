import StoaColumns
import StoaTasks

/// The executors of a cluster by position. Positions are never used twice: those of executors that are gone stay, and cost
/// nothing when tasks are handed out. Used by the driver's thread alone.
///
/// Here and in the other classes of the loop, variables that are touched for every task have no checks for exclusive access
/// while the program runs: on one thread, without closures that keep them, those only cost, a tenth of a small task.
final class ExecutorTable {
    struct Executor {
        let description: ExecutorDescription
        fileprivate(set) var state = ExecutorState.active
        /// What it said last about itself.
        var status: ExecutorStatus?
        var health = ExecutorHealth()
    }

    private(set) var all: [Executor] = []
    /// Positions that can be given tasks, ascending.
    @exclusivity(unchecked) private(set) var active: [Int] = []
    private var positions: [ExecutorID: Int] = [:]
    // What handing out a task looks at, by position.
    @exclusivity(unchecked) private(set) var ids: [ExecutorID] = []
    @exclusivity(unchecked) private(set) var slots: [Int] = []
    @exclusivity(unchecked) private(set) var nodes: [Int] = []
    @exclusivity(unchecked) private(set) var queuedTasksPerSlot: [Int] = []
    @exclusivity(unchecked) private(set) var isActive: [Bool] = []
    /// Attempts that each executor has been given and has not answered.
    @exclusivity(unchecked) var load: [Int] = []
    /// Those of them that do not stop, though nobody has waited for them any longer.
    @exclusivity(unchecked) var stuck: [Int] = []
    /// When it answered last, or could begin with all that it had.
    @exclusivity(unchecked) var answeredAt: [Int] = []
    /// When it joined or answered last.
    @exclusivity(unchecked) var busyAt: [Int] = []
    /// How many executors died.
    private(set) var lossCount = 0
    /// Set when `active` changes; the scheduler of tasks clears it.
    @exclusivity(unchecked) var hasChanged = false

    init(_ executors: [ExecutorDescription], at now: Int) {
        precondition(!executors.isEmpty, "a cluster has at least one executor")
        for executor in executors { _ = join(executor, at: now) }
    }

    /// Adds an executor; gives its position.
    func join(_ description: ExecutorDescription, at now: Int) -> Int {
        precondition(description.slots > 0, "every executor runs at least one task at once")
        precondition(positions[description.id] == nil, "\(description.id) joins a second time")
        let position = all.count
        positions[description.id] = position
        all.append(Executor(description: description))
        ids.append(description.id)
        slots.append(description.slots)
        nodes.append(description.node)
        queuedTasksPerSlot.append(description.queuedTasksPerSlot)
        isActive.append(true)
        load.append(0)
        stuck.append(0)
        answeredAt.append(now)
        busyAt.append(now)
        active.append(position)
        hasChanged = true
        return position
    }

    /// Position of an executor; nil for one that is gone, or never came: what is heard of it does not count.
    func position(of executor: ExecutorID) -> Int? {
        let position: Int
        // Most clusters number their executors like this.
        if ids.indices.contains(executor.value), ids[executor.value] == executor {
            position = executor.value
        } else {
            guard let known = positions[executor] else { return nil }
            position = known
        }
        return all[position].state.isAlive ? position : nil
    }

    /// The same, also for one that is gone.
    func lastPosition(of executor: ExecutorID) -> Int? { positions[executor] }

    func isAlive(_ position: Int) -> Bool { all[position].state.isAlive }

    /// Positions of those that answer and hold blocks.
    var alive: [Int] { all.indices.filter { all[$0].state.isAlive } }

    func setState(_ state: ExecutorState, of position: Int) {
        all[position].state = state
        if case .gone = state {
            load[position] = 0
            stuck[position] = 0
            // The description stays, for its name in errors; what it said does not.
            all[position].status = nil
        }
        let becomesActive = if case .active = state { true } else { false }
        guard becomesActive != isActive[position] else { return }
        isActive[position] = becomesActive
        hasChanged = true
        if becomesActive {
            active.insert(position, at: active.firstIndex { $0 > position } ?? active.count)
        } else {
            active.removeAll { $0 == position }
        }
    }

    /// Blocks of an executor that is to leave have been copied.
    func noteCopied(_ blocks: [BlockID], from position: Int) {
        guard case .draining(var drain) = all[position].state else { return }
        drain.copied += blocks
        all[position].state = .draining(drain)
    }

    /// What others hold by now of executors that are to leave, with the position of the one that still holds it as well.
    var copiesOfLeaving: [BlockID: Int] {
        var copies: [BlockID: Int] = [:]
        for position in all.indices {
            guard case .draining(let drain) = all[position].state else { continue }
            for block in drain.copied { copies[block] = position }
        }
        return copies
    }

    func countLoss() { lossCount += 1 }

    func setStatus(_ status: ExecutorStatus, of position: Int) { all[position].status = status }

    func noteFailure(of position: Int, at now: Int, _ options: ExclusionOptions) -> Bool {
        all[position].health.noteFailure(at: now, options)
    }

    /// Ends exclusions whose time has passed, and all of them when nobody else can be given tasks; gives the time at which
    /// the next one ends.
    func endExclusions(at now: Int) -> Int? {
        var next: Int?
        for position in all.indices {
            guard case .excluded(let end) = all[position].state else { continue }
            if end <= now || active.isEmpty {
                all[position].health = ExecutorHealth()
                setState(.active, of: position)
            } else {
                next = min(next ?? end, end)
            }
        }
        return next
    }

    func name(of position: Int) -> String { all[position].description.name }
}

/// How an executor's tasks have gone lately.
struct ExecutorHealth {
    /// Times of the last failures, oldest first.
    private var failures: [Int] = []

    /// Whether this failure is one too many within the time that counts.
    mutating func noteFailure(at now: Int, _ options: ExclusionOptions) -> Bool {
        failures.removeAll { $0 < now - options.windowNanoseconds }
        failures.append(now)
        return failures.count >= options.failureCount
    }
}
