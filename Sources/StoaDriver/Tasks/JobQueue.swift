/// The tasks of one job that wait for an executor, sorted by where they want to run. Each task is in one queue.
struct JobQueue {
    /// Tasks whose input is on that executor.
    private var preferring: [TaskQueue]
    /// Tasks that failed on that executor and are to be tried on another one.
    private var avoiding: [TaskQueue]
    private var anywhere = TaskQueue()
    private var avoidingCount = 0
    /// Memory node of each executor.
    private let nodes: [Int]
    private(set) var count = 0

    init(nodes: [Int]) {
        self.nodes = nodes
        preferring = Array(repeating: TaskQueue(), count: nodes.count)
        avoiding = preferring
    }

    /// Adds a task that wants to run on an executor, or anywhere.
    mutating func append(_ task: QueuedTask, preferring executor: Int?) {
        if let executor { preferring[executor].append(task) } else { anywhere.append(task) }
        count += 1
    }

    /// Adds a task that has just failed on an executor; without another one it has to run there again.
    mutating func append(_ task: QueuedTask, avoiding executor: Int) {
        if nodes.count == 1 {
            anywhere.append(task)
        } else {
            avoiding[executor].append(task)
            avoidingCount += 1
        }
        count += 1
    }

    /// The next task for an executor: one to be tried again, one whose input is there, one that has no wish, and, for an
    /// executor that would be idle (`mayTakeOthers`), one that prefers an executor of the same node, then of another.
    mutating func next(for executor: Int, mayTakeOthers: Bool) -> QueuedTask? {
        guard count > 0 else { return nil }
        let task =
            nextRetry(for: executor) ?? preferring[executor].popFirst() ?? anywhere.popFirst()
            ?? (mayTakeOthers ? fromLongestQueue(onNode: nodes[executor]) ?? fromLongestQueue(onNode: nil) : nil)
        if task != nil { count -= 1 }
        return task
    }

    private mutating func nextRetry(for executor: Int) -> QueuedTask? {
        guard avoidingCount > 0 else { return nil }
        for other in avoiding.indices where other != executor {
            if let task = avoiding[other].popFirst() {
                avoidingCount -= 1
                return task
            }
        }
        return nil
    }

    private mutating func fromLongestQueue(onNode node: Int?) -> QueuedTask? {
        var longest: Int?
        for executor in preferring.indices where node == nil || nodes[executor] == node {
            if preferring[executor].count > (longest.map { preferring[$0].count } ?? 0) { longest = executor }
        }
        return longest.flatMap { preferring[$0].popLast() }
    }
}
