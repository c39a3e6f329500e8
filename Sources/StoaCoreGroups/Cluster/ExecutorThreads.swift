import Glibc
import StoaColumns
import StoaExecution
import StoaTasks
import Synchronization

/// The threads of one executor and the attempts that wait for them.
///
/// A thread takes one attempt after the other without asking the driver. It keeps answers back while it goes on with the same
/// stage, at most for `answerNanoseconds` and the attempt that it runs, and sends them together. When attempts are cancelled
/// they are sent at once: who cancels waits for them, and the attempt that runs may never end.
package final class ExecutorThreads: @unchecked Sendable {
    // Unchecked: what changes is guarded by `lock` or atomic.

    private struct Running {
        let id: TaskID
        let flag: CancellationFlag
    }

    /// A thread: the first one of its number, or one that took the place of another.
    private struct Worker {
        let number: Int
        let generation: Int
    }

    /// Answers of a thread that wait for others, all of one stage.
    private struct KeptAnswers {
        var answers: [ClusterEvent] = []
        /// When the first of them was there.
        var since = 0
    }

    /// Longest time for which a small task's answer waits for others: a small part of what the driver hands out ahead.
    private static let answerNanoseconds = 200_000

    let executor: TaskExecutor
    /// CPUs of each thread; empty for one that is not pinned.
    private let threadCPUs: [[Int]]
    private let binder: HwlocTopology?
    private let spinNanoseconds: Int
    private let events: @Sendable ([ClusterEvent]) -> Void
    private let onPinningFailure: @Sendable (StoaError) -> Void

    private let lock = ConditionLock()
    // Guard of the following: `lock`. What is touched for every task has no checks for exclusive access while the program runs,
    // which the lock gives.
    @exclusivity(unchecked) private var queue = AttemptQueue()
    /// By thread.
    @exclusivity(unchecked) private var running: [Running?]
    /// By thread; whoever sends them takes them out before.
    @exclusivity(unchecked) private var kept: [KeptAnswers]
    /// Attempts that were given up and have not ended, by the number that their thread has in traces.
    private var givenUp: [Int: TaskID] = [:]
    @exclusivity(unchecked) private var sleepingCount = 0
    /// Sleeping threads that were woken and will look for an attempt; never more than `sleepingCount`.
    @exclusivity(unchecked) private var wakingCount = 0
    /// Threads that look for an attempt and will find it without being woken.
    @exclusivity(unchecked) private var searchingCount = 0
    /// Threads that have answered all that they ran, and wait for attempts.
    private var idleCount = 0
    @exclusivity(unchecked) private var isStopping = false
    /// Set when no more attempts are taken; called once no thread runs one.
    private var onDrained: (@Sendable () -> Void)?
    private var isDraining = false
    /// By number.
    private var threads: [NamedThread] = []
    /// How many threads of each number were given up: of older generations nothing is heard but the answer that is due.
    @exclusivity(unchecked) private var generations: [Int]
    private var hasEnded: [Bool]
    /// Attempts in the queue, and one more when stopping: for a look without the lock.
    private let attention = Atomic<Int>(0)

    init(
        executor: TaskExecutor, threadCPUs: [[Int]], binder: HwlocTopology?, spinNanoseconds: Int,
        events: @escaping @Sendable ([ClusterEvent]) -> Void, onPinningFailure: @escaping @Sendable (StoaError) -> Void
    ) {
        self.executor = executor
        self.threadCPUs = threadCPUs
        self.binder = binder
        self.spinNanoseconds = spinNanoseconds
        self.events = events
        self.onPinningFailure = onPinningFailure
        running = Array(repeating: nil, count: threadCPUs.count)
        kept = Array(repeating: KeptAnswers(), count: threadCPUs.count)
        generations = Array(repeating: 0, count: threadCPUs.count)
        hasEnded = Array(repeating: false, count: threadCPUs.count)
    }

    /// The threads of an executor on the machine of that topology, which start with `start`.
    ///
    /// - Parameters:
    ///   - threadCPUs: the CPUs of each thread; empty for one that is not pinned.
    ///   - events: is told how attempts ended, on the threads that ran them.
    package convenience init(
        executor: TaskExecutor, threadCPUs: [[Int]], topology: Topology, spinNanoseconds: Int,
        events: @escaping @Sendable ([ClusterEvent]) -> Void, onPinningFailure: @escaping @Sendable (StoaError) -> Void
    ) {
        self.init(
            executor: executor, threadCPUs: threadCPUs, binder: topology.binder, spinNanoseconds: spinNanoseconds,
            events: events, onPinningFailure: onPinningFailure)
    }

    /// Starts the threads; when one cannot be started, those before it run until `stop`.
    package func start() throws(StoaError) {
        for number in threadCPUs.indices {
            let thread = try startThread(Worker(number: number, generation: 0))
            lock.lock()
            threads.append(thread)
            lock.unlock()
        }
    }

    private func startThread(_ worker: Worker) throws(StoaError) -> NamedThread {
        let cpus = threadCPUs[worker.number]
        return try NamedThread.start(name: "stoa-e\(executor.id.value)-t\(worker.number)") { [self] in
            if !cpus.isEmpty { pin(to: cpus) }
            work(as: worker)
            end(worker)
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

    package func submit(_ tasks: [TaskDescription]) {
        lock.lock()
        guard !isDraining else {
            lock.unlock()
            return refuse(tasks.map(\.id))
        }
        queue.append(tasks)
        attention.add(tasks.count, ordering: .relaxed)
        let wakeCount = planWaking(for: queue.count)
        lock.unlock()
        for _ in 0..<wakeCount { lock.wakeOne() }
    }

    /// So many attempts are on their way: threads that sleep wake and look for them.
    func expect(taskCount: Int) {
        lock.lock()
        let wakeCount = planWaking(for: taskCount)
        lock.unlock()
        for _ in 0..<wakeCount { lock.wakeOne() }
    }

    /// How many threads to wake for this many attempts, with the lock held; the caller wakes them without it. Waking a
    /// thread that another one is faster than costs more than a small task.
    private func planWaking(for taskCount: Int) -> Int {
        let count = max(0, min(sleepingCount - wakingCount, taskCount - searchingCount - wakingCount))
        wakingCount += count
        return count
    }

    /// Stops running tasks soon; queued ones are answered at once, and so are those that have ended. A task that is not here
    /// has been answered.
    package func cancel(_ tasks: [TaskID]) {
        let tasks = Set(tasks)
        lock.lock()
        for case let attempt? in running where tasks.contains(attempt.id) { attempt.flag.cancel() }
        let removed = queue.remove(tasks)
        attention.subtract(removed.count, ordering: .relaxed)
        var answers = removed.map { ClusterEvent.taskCancelled($0, executor.id) }
        // None comes after `onDrained`, which one of the threads may call before this one has sent.
        if !isDraining { for number in kept.indices { answers += takeKept(of: number) } }
        lock.unlock()
        if !answers.isEmpty { events(answers) }
    }

    /// Takes no attempts any more: those that wait or come are answered as failures that may be tried elsewhere, those that
    /// run go on. `onDrained` is called when they have been answered, on one of the threads or the caller's.
    package func drain(_ onDrained: @escaping @Sendable () -> Void) {
        lock.lock()
        isDraining = true
        var refused: [TaskID] = []
        while let task = queue.popFirst() { refused.append(task.id) }
        attention.subtract(refused.count, ordering: .relaxed)
        self.onDrained = onDrained
        lock.unlock()
        refuse(refused)
        tellIfDrained()
    }

    private func refuse(_ tasks: [TaskID]) {
        if tasks.isEmpty { return }
        events(
            tasks.map { task in
                let error = StoaError(
                    .executorLost, source: .environment, "\(executor.name) is about to end and takes no more tasks",
                    at: .init(stage: task.stage.value, partition: task.partition), isRetryable: true)
                return .taskFailed(task, executor.id, TaskFailure(error))
            })
    }

    private func tellIfDrained() {
        lock.lock()
        let told = isDraining && idleCount == threadCPUs.count ? onDrained.take() : nil
        lock.unlock()
        told?()
    }

    /// How far the attempts are that run.
    package var progress: [TaskProgress] {
        lock.lock()
        defer { lock.unlock() }
        return running.compactMap { attempt in
            attempt.map { TaskProgress(task: $0.id, rowsRead: $0.flag.read.rows, bytesRead: $0.flag.read.bytes) }
        }
    }

    /// Does without the thread of an attempt that does not stop: another one takes its place. The attempt is answered as
    /// cancelled; should it end after all, its answer is sent as well, and its thread ends.
    ///
    /// An attempt that has ended meanwhile is left alone; so is one for which no other thread can be had.
    package func giveUp(_ task: TaskID) {
        lock.lock()
        guard !isStopping, let number = running.firstIndex(where: { $0?.id == task }), threads.indices.contains(number),
            let thread = try? startThread(Worker(number: number, generation: generations[number] + 1))
        else { return lock.unlock() }
        givenUp[traceNumber(of: Worker(number: number, generation: generations[number]))] = task
        generations[number] += 1
        running[number] = nil
        let answers = takeKept(of: number)
        let old = threads[number]
        threads[number] = thread
        lock.unlock()
        old.letGo()
        events(answers + [.taskCancelled(task, executor.id)])
    }

    /// Drops queued tasks and cancels running ones.
    func beginStopping() {
        lock.lock()
        isStopping = true
        attention.add(1, ordering: .relaxed)
        queue = AttemptQueue()
        for case let attempt? in running { attempt.flag.cancel() }
        lock.unlock()
        lock.wakeAll()
    }

    /// Drops queued tasks, cancels running ones, and returns when all threads have ended, or at the deadline: then threads
    /// whose tasks do not stop are let go. Gives those tasks, and those given up before that have not ended; a second call
    /// does not give them again.
    ///
    /// - Parameter deadline: in nanoseconds of `MonotonicClock`; nil for a second from now.
    @discardableResult
    package func stop(by deadline: Int? = nil) -> [TaskID] {
        let deadline = deadline ?? MonotonicClock.nanoseconds + 1_000_000_000
        beginStopping()
        lock.lock()
        let threads = threads
        self.threads = []
        while !threads.indices.allSatisfy({ hasEnded[$0] }), MonotonicClock.nanoseconds < deadline {
            lock.wait(until: deadline)
        }
        let ended = hasEnded
        let stuck =
            givenUp.sorted { $0.key < $1.key }.map(\.value)
            + threads.indices.compactMap { ended[$0] ? nil : running[$0]?.id }
        givenUp = [:]
        lock.unlock()
        for (thread, hasEnded) in zip(threads, ended) { if hasEnded { thread.join() } else { thread.letGo() } }
        return stuck
    }

    private func end(_ worker: Worker) {
        lock.lock()
        if isCurrent(worker) { hasEnded[worker.number] = true } else { givenUp[traceNumber(of: worker)] = nil }
        lock.unlock()
        lock.wakeAll()
    }

    /// Whether no other thread has taken its place; with the lock held.
    private func isCurrent(_ worker: Worker) -> Bool { generations[worker.number] == worker.generation }

    /// A thread that took another's place is another one in traces.
    private func traceNumber(of worker: Worker) -> Int { worker.number + worker.generation * threadCPUs.count }

    private func work(as worker: Worker) {
        var answer: ClusterEvent?
        var end = 0
        while true {
            let (answers, attempt) = take(for: worker, after: answer.take(), at: end)
            if !answers.isEmpty { events(answers) }
            guard let (task, flag) = attempt else {
                if answers.isEmpty, !waitForAttempts(worker) { return }
                continue
            }
            let start = MonotonicClock.nanoseconds
            let ended = run(task, flag, as: traceNumber(of: worker))
            end = MonotonicClock.nanoseconds
            if end - start > Self.answerNanoseconds {
                // The stage's next attempt may well take as long as this one.
                events(takeKept(of: worker) + [ended])
            } else {
                answer = ended
            }
        }
    }

    /// The next attempt, which from now on is the one that the thread runs, nil when none waits; and answers that are to be
    /// sent before.
    ///
    /// - Parameters:
    ///   - answer: how the thread's last attempt ended, unless that was sent.
    ///   - end: when it ended.
    private func take(
        for worker: Worker, after answer: ClusterEvent?, at end: Int
    ) -> (answers: [ClusterEvent], attempt: (task: TaskDescription, flag: CancellationFlag)?) {
        let flag = CancellationFlag()
        let number = worker.number
        lock.lock()
        defer { lock.unlock() }
        guard isCurrent(worker) else { return (answer.map { [$0] } ?? [], nil) }
        if let answer {
            if kept[number].answers.isEmpty { kept[number].since = end }
            kept[number].answers.append(answer)
        }
        guard !isStopping, let task = queue.popFirst() else {
            running[number] = nil
            return (takeKept(of: number), nil)
        }
        attention.subtract(1, ordering: .relaxed)
        running[number] = Running(id: task.id, flag: flag)
        if let last = kept[number].answers.last,
            !last.mayWait(for: task.id) || end - kept[number].since > Self.answerNanoseconds
        {
            return (takeKept(of: number), (task, flag))
        }
        return ([], (task, flag))
    }

    /// The answers that wait, which the caller sends; with the lock held.
    private func takeKept(of number: Int) -> [ClusterEvent] {
        let answers = kept[number].answers
        if !answers.isEmpty { kept[number].answers = [] }
        return answers
    }

    /// The same without the lock; none when another thread has taken the place of this one, which has sent them.
    private func takeKept(of worker: Worker) -> [ClusterEvent] {
        lock.lock()
        defer { lock.unlock() }
        return isCurrent(worker) ? takeKept(of: worker.number) : []
    }

    /// Returns when an attempt waits; false when the executor stops, or another thread has taken the place of this one.
    private func waitForAttempts(_ worker: Worker) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard isCurrent(worker) else { return false }
        idleCount += 1
        if isDraining {
            lock.unlock()
            tellIfDrained()
            lock.lock()
        }
        defer { idleCount -= 1 }
        if !isStopping, queue.count == 0 { search() }
        while !isStopping, queue.count == 0 {
            sleepingCount += 1
            while !isStopping, queue.count == 0, wakingCount == 0 { lock.wait() }
            sleepingCount -= 1
            if wakingCount > 0 { wakingCount -= 1 }
            // Who was woken for attempts that are on their way.
            if !isStopping, queue.count == 0 { search() }
        }
        return !isStopping
    }

    // Looks for an attempt without the lock for a while. Gives the CPU to whoever else wants it between two looks: threads
    // may be more than CPUs.
    private func search() {
        guard spinNanoseconds > 0, attention.load(ordering: .relaxed) == 0 else { return }
        searchingCount += 1
        lock.unlock()
        let end = MonotonicClock.nanoseconds + spinNanoseconds
        while attention.load(ordering: .relaxed) == 0, MonotonicClock.nanoseconds < end { sched_yield() }
        lock.lock()
        searchingCount -= 1
    }

    private func run(_ task: TaskDescription, _ flag: CancellationFlag, as thread: Int) -> ClusterEvent {
        switch executor.run(task, cancellation: flag) {
        case .success(var report):
            report.timing.thread = thread
            return .taskFinished(task.id, executor.id, report)
        case .failure(let failure) where failure.error.code == .cancelled && flag.isCancelled:
            return .taskCancelled(task.id, executor.id)
        case .failure(let failure): return .taskFailed(task.id, executor.id, failure)
        }
    }
}

extension ClusterEvent {
    /// Whether the driver can do without this answer while a thread runs the next attempt: a stage is not complete before
    /// all of its tasks are.
    fileprivate func mayWait(for next: TaskID) -> Bool {
        if case .taskFinished(let task, _, _) = self { task.job == next.job && task.stage == next.stage } else { false }
    }
}
