import StoaColumns
import StoaPlan
import StoaTasks

/// A cluster without threads: attempts stay submitted until the test answers them. It keeps the blocks that attempts leave
/// and notes whatever the driver does that a real cluster could not bear.
final class SimulatedCluster: Cluster, @unchecked Sendable {
    struct Attempt: Hashable, Sendable {
        let task: TaskDescription
        let executor: ExecutorID
        var isCancelled = false

        var id: TaskID { task.id }
    }

    let executors: [ExecutorDescription]
    /// Whether dropping a block that is not there is a mistake: not when answers are repeated, which may be late.
    private let isStrict: Bool
    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var attempts: [Attempt] = []
    private var submitted: [(task: TaskDescription, executor: ExecutorID)] = []
    private var blocks: [ExecutorID: [BlockID: Int]] = [:]
    private var mistakes: [String] = []
    private var events: (@Sendable ([ClusterEvent]) -> Void)?
    private var isStopped = false
    /// Whether the script that answers attempts should end when nothing is submitted.
    private var isDone = false

    init(executorCount: Int, slots: Int, nodes: Int = 1, isStrict: Bool = true) {
        self.isStrict = isStrict
        executors = (0..<executorCount).map {
            // Ids that are not positions, so that mixing them up shows.
            ExecutorDescription(id: ExecutorID(100 + $0), name: "simulated \($0)", slots: slots, node: $0 % nodes)
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        lock.lock()
        defer {
            lock.unlock()
            lock.wakeAll()
        }
        return body()
    }

    // MARK: - Cluster

    func start(events: @escaping @Sendable ([ClusterEvent]) -> Void) throws(StoaError) {
        locked { self.events = events }
    }

    func submit(_ tasks: [TaskDescription], to executor: ExecutorID) {
        locked {
            if tasks.isEmpty { mistakes.append("\(executor) is given an empty batch") }
            for task in tasks {
                for case .blocks(let locations) in task.inputs {
                    for location in locations where blocks[location.executor]?[location.block] == nil {
                        mistakes.append("\(task.id) reads \(location), which is not there")
                    }
                }
                if attempts.contains(where: { $0.id == task.id }) { mistakes.append("\(task.id) is submitted twice") }
                if isStopped { mistakes.append("\(task.id) is submitted after the end") }
                attempts.append(Attempt(task: task, executor: executor))
                submitted.append((task, executor))
            }
        }
    }

    func cancel(_ tasks: [TaskID], on executor: ExecutorID) {
        locked {
            for index in attempts.indices
            where tasks.contains(attempts[index].id) && attempts[index].executor == executor {
                attempts[index].isCancelled = true
            }
        }
    }

    func drop(_ ids: [BlockID], on executor: ExecutorID) {
        locked {
            for id in ids where blocks[executor]?.removeValue(forKey: id) == nil && isStrict {
                mistakes.append("\(id) is dropped on \(executor), which does not hold it")
            }
        }
    }

    func giveUp(_ task: TaskID, on executor: ExecutorID, _ reason: StoaError) {}

    func addExecutor() {}

    func removeExecutor(_ id: ExecutorID) {}

    func copy(_ blocks: [BlockLocation], to executor: ExecutorID) {}

    func stop() { locked { isStopped = true } }

    // MARK: - What the test sees

    var mistakesSoFar: [String] { locked { mistakes } }

    var hasStopped: Bool { locked { isStopped } }

    /// Every block with its executor.
    var heldBlocks: Set<BlockLocation> {
        locked {
            Set(blocks.flatMap { executor, held in held.keys.map { BlockLocation(block: $0, executor: executor) } })
        }
    }

    /// All attempts ever submitted, in order.
    var history: [(task: TaskDescription, executor: ExecutorID)] { locked { submitted } }

    /// Attempts that are not answered, in the order they came.
    var unanswered: [Attempt] { locked { attempts } }

    // These ask again and again instead of waiting: a thread that Swift's tasks share must not be blocked.

    /// Returns when this many attempts are unanswered.
    func waitForAttempts(_ count: Int) async {
        while unanswered.count < count { try? await Task.sleep(for: .microseconds(50)) }
    }

    /// Returns when the driver has asked to cancel this many of the unanswered attempts.
    func waitForCancellations(_ count: Int) async {
        while unanswered.count(where: \.isCancelled) < count { try? await Task.sleep(for: .microseconds(50)) }
    }

    /// Waits for an attempt and chooses one; nil when the script has been ended and nothing is submitted.
    func nextAttempt(choose: (Range<Int>) -> Int) -> Attempt? {
        lock.lock()
        defer { lock.unlock() }
        while attempts.isEmpty {
            if isDone { return nil }
            lock.wait()
        }
        return attempts[choose(attempts.indices)]
    }

    /// Lets `nextAttempt` give nil once nothing is submitted.
    func endScript() { locked { isDone = true } }

    // MARK: - Answers

    /// The blocks that a task leaves, with sizes that depend on their names alone.
    static func report(of task: TaskDescription) -> TaskReport {
        var metrics = TaskMetrics()
        metrics.rowsRead = 10
        metrics.bytesRead = 80
        // Long enough that no executor is given tasks ahead.
        metrics.nanoseconds = 10_000_000
        return TaskReport(
            blocks: task.leftBlocks.enumerated().map {
                let rows = 1 + (task.id.partition * 7 + task.id.stage.value * 3 + $0.offset) % 13
                return BlockSummary(id: $0.element, rowCount: rows, byteCount: rows * 8)
            }, metrics: metrics)
    }

    /// The attempt has left its blocks.
    func finish(_ attempt: Attempt) {
        let report = Self.report(of: attempt.task)
        locked {
            take(attempt)
            for block in report.blocks { blocks[attempt.executor, default: [:]][block.id] = block.byteCount }
        }
        send(.taskFinished(attempt.id, attempt.executor, report))
    }

    func fail(_ attempt: Attempt, _ error: StoaError) {
        locked { take(attempt) }
        send(.taskFailed(attempt.id, attempt.executor, TaskFailure(error)))
    }

    func confirmCancellation(of attempt: Attempt) {
        locked { take(attempt) }
        send(.taskCancelled(attempt.id, attempt.executor))
    }

    /// An answer that forgets the blocks.
    func confirmWithoutBlocks(_ attempt: Attempt) {
        locked { take(attempt) }
        send(.taskFinished(attempt.id, attempt.executor, TaskReport(blocks: [], metrics: TaskMetrics())))
    }

    /// Puts a block where it is, as a session does with data in memory.
    func put(_ id: BlockID, byteCount: Int, on executor: ExecutorID) {
        locked { blocks[executor, default: [:]][id] = byteCount }
    }

    /// An event as it is, whatever the attempts are.
    func send(_ event: ClusterEvent) {
        let events = locked { self.events }
        events?([event])
    }

    private func take(_ attempt: Attempt) {
        guard let index = attempts.firstIndex(where: { $0.id == attempt.id && $0.executor == attempt.executor }) else {
            mistakes.append("\(attempt.id) is answered twice")
            return
        }
        attempts.remove(at: index)
    }
}
