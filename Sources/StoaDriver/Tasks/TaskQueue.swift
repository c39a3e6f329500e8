/// A task that waits for an executor: which attempt at which partition of which stage of the queue's job.
struct QueuedTask: Hashable {
    let stage: Int32
    let partition: Int32
    let attempt: Int32
}

/// Tasks in order: its executor takes from the front, others from the back. All operations take constant time.
struct TaskQueue {
    private var tasks: [QueuedTask] = []
    private var first = 0

    var count: Int { tasks.count - first }

    mutating func append(_ task: QueuedTask) { tasks.append(task) }

    mutating func popFirst() -> QueuedTask? {
        guard first < tasks.count else { return nil }
        let task = tasks[first]
        first += 1
        reclaim()
        return task
    }

    mutating func popLast() -> QueuedTask? {
        guard first < tasks.count else { return nil }
        let task = tasks.removeLast()
        reclaim()
        return task
    }

    private mutating func reclaim() {
        guard first == tasks.count else { return }
        tasks.removeAll(keepingCapacity: true)
        first = 0
    }
}
