/// The tasks of one job that wait for an executor, sorted by where they want to run. Each task is in one queue.
struct JobQueue {
    /// Tasks that come first: to be tried again, wherever.
    private var urgent = TaskQueue()
    /// Tasks that failed on an executor and are to be tried on another one.
    private var avoiding: [(executor: Int, queue: TaskQueue)] = []
    /// Tasks whose input is on that executor; as long as the highest one that was asked for.
    private var preferring: [TaskQueue] = []
    private var anywhere = TaskQueue()
    private(set) var count = 0

    /// Adds a task that wants to run on an executor, or anywhere.
    mutating func append(_ task: QueuedTask, preferring executor: Int?) {
        if let executor {
            while preferring.count <= executor { preferring.append(TaskQueue()) }
            preferring[executor].append(task)
        } else {
            anywhere.append(task)
        }
        count += 1
    }

    /// Adds a task that has just failed on an executor; without another one it runs there again.
    mutating func append(_ task: QueuedTask, avoiding executor: Int) {
        if let position = avoiding.firstIndex(where: { $0.executor == executor }) {
            avoiding[position].queue.append(task)
        } else {
            var queue = TaskQueue()
            queue.append(task)
            avoiding.append((executor, queue))
        }
        count += 1
    }

    /// Adds a task that was lost with its executor.
    mutating func appendUrgent(_ task: QueuedTask) {
        urgent.append(task)
        count += 1
    }

    /// No task waits for this executor any more: it takes none.
    mutating func release(_ executor: Int) {
        if executor < preferring.count {
            while let task = preferring[executor].popFirst() { anywhere.append(task) }
        }
        guard let position = avoiding.firstIndex(where: { $0.executor == executor }) else { return }
        var queue = avoiding.remove(at: position).queue
        while let task = queue.popFirst() { urgent.append(task) }
    }

    /// The next task for an executor: one to be tried again, one whose input is there, one that has no wish, and, for an
    /// executor that would be idle (`mayTakeOthers`), one that prefers an executor of the same node, then of another.
    ///
    /// - Parameter isOnly: whether no other executor takes tasks.
    mutating func next(for executor: Int, mayTakeOthers: Bool, isOnly: Bool, nodes: [Int]) -> QueuedTask? {
        guard count > 0 else { return nil }
        let task =
            urgent.popFirst() ?? nextRetry(for: executor, isOnly: isOnly)
            ?? (executor < preferring.count ? preferring[executor].popFirst() : nil) ?? anywhere.popFirst()
            ?? (mayTakeOthers
                ? fromLongestQueue(onNode: nodes[executor], nodes) ?? fromLongestQueue(onNode: nil, nodes) : nil)
        if task != nil { count -= 1 }
        return task
    }

    private mutating func nextRetry(for executor: Int, isOnly: Bool) -> QueuedTask? {
        guard !avoiding.isEmpty, let position = avoiding.firstIndex(where: { isOnly || $0.executor != executor }) else {
            return nil
        }
        let task = avoiding[position].queue.popFirst()
        if avoiding[position].queue.count == 0 { avoiding.remove(at: position) }
        return task
    }

    private mutating func fromLongestQueue(onNode node: Int?, _ nodes: [Int]) -> QueuedTask? {
        var longest: Int?
        for executor in preferring.indices where node == nil || nodes[executor] == node {
            if preferring[executor].count > (longest.map { preferring[$0].count } ?? 0) { longest = executor }
        }
        return longest.flatMap { preferring[$0].popLast() }
    }
}
