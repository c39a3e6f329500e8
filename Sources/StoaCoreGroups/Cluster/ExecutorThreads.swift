import Glibc
import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// The threads of one executor and the queue they take tasks from, first come first served.
final class ExecutorThreads: @unchecked Sendable {
    private struct QueuedTask {
        let task: TaskDescription
        let flag: CancellationFlag
    }

    let executor: TaskExecutor
    /// CPUs of each thread; empty for one that is not pinned.
    private let threadCPUs: [[Int]]
    private let binder: HwlocTopology?
    private let spinNanoseconds: Int
    private let events: @Sendable (ClusterEvent) -> Void
    private let onPinningFailure: @Sendable (StoaError) -> Void

    private let lock = ConditionLock()
    // Guard of the following: `lock`.
    private var queue: [QueuedTask] = []
    /// Position of the first task in `queue`; those before it were taken.
    private var first = 0
    private var running: [TaskID: CancellationFlag] = [:]
    private var sleepingCount = 0
    private var isStopping = false
    private var threads: [NamedThread] = []
    /// Tasks in the queue, and one more when stopping: for a look without the lock.
    private let attention = Atomic<Int>(0)

    init(
        executor: TaskExecutor, threadCPUs: [[Int]], binder: HwlocTopology?, spinNanoseconds: Int,
        events: @escaping @Sendable (ClusterEvent) -> Void, onPinningFailure: @escaping @Sendable (StoaError) -> Void
    ) {
        self.executor = executor
        self.threadCPUs = threadCPUs
        self.binder = binder
        self.spinNanoseconds = spinNanoseconds
        self.events = events
        self.onPinningFailure = onPinningFailure
    }

    /// Starts the threads; when one cannot be started, those before it run until `stop`.
    func start() throws(StoaError) {
        for (number, cpus) in threadCPUs.enumerated() {
            let thread = try NamedThread.start(name: "stoa-e\(executor.id.value)-t\(number)") { [self] in
                if !cpus.isEmpty { pin(to: cpus) }
                while let next = next() { run(next) }
            }
            lock.lock()
            threads.append(thread)
            lock.unlock()
        }
    }

    // A thread that cannot be pinned works as well, only with less regular times.
    private func pin(to cpus: [Int]) {
        do throws(StoaError) {
            try binder?.bindCallingThread(to: cpus)
        } catch {
            onPinningFailure(error)
        }
    }

    func submit(_ task: TaskDescription) {
        lock.lock()
        queue.append(QueuedTask(task: task, flag: CancellationFlag()))
        attention.add(1, ordering: .relaxed)
        let hasSleeper = sleepingCount > 0
        lock.unlock()
        if hasSleeper { lock.wakeOne() }
    }

    /// Stops a running task soon; a queued one is answered at once. A task that is not here has been answered.
    func cancel(_ task: TaskID) {
        lock.lock()
        running[task]?.cancel()
        let position = queue[first...].firstIndex { $0.task.id == task }
        if let position {
            queue.remove(at: position)
            attention.subtract(1, ordering: .relaxed)
        }
        lock.unlock()
        if position != nil { events(.taskCancelled(task, executor.id)) }
    }

    /// Drops queued tasks, cancels running ones, and returns when all threads have ended.
    func stop() {
        lock.lock()
        isStopping = true
        attention.add(1, ordering: .relaxed)
        queue.removeAll()
        first = 0
        for flag in running.values { flag.cancel() }
        let threads = threads
        self.threads = []
        lock.unlock()
        lock.wakeAll()
        for thread in threads { thread.join() }
    }

    /// The next task; nil when the executor stops.
    private func next() -> QueuedTask? {
        spin()
        lock.lock()
        defer { lock.unlock() }
        while !isStopping {
            if first < queue.count {
                let task = queue[first]
                first += 1
                if first == queue.count {
                    queue.removeAll(keepingCapacity: true)
                    first = 0
                }
                attention.subtract(1, ordering: .relaxed)
                running[task.task.id] = task.flag
                return task
            }
            sleepingCount += 1
            lock.wait()
            sleepingCount -= 1
        }
        return nil
    }

    // Gives the CPU to whoever else wants it between two looks: threads may be more than CPUs.
    private func spin() {
        guard spinNanoseconds > 0, attention.load(ordering: .relaxed) == 0 else { return }
        let end = MonotonicClock.nanoseconds + spinNanoseconds
        while attention.load(ordering: .relaxed) == 0, MonotonicClock.nanoseconds < end { sched_yield() }
    }

    private func run(_ next: QueuedTask) {
        let id = next.task.id
        let result = executor.run(next.task, cancellation: next.flag)
        lock.lock()
        running[id] = nil
        lock.unlock()
        switch result {
        case .success(let report): events(.taskFinished(id, executor.id, report))
        case .failure(let error) where error.code == .cancelled && next.flag.isCancelled:
            events(.taskCancelled(id, executor.id))
        case .failure(let error): events(.taskFailed(id, executor.id, error))
        }
    }
}
