import StoaColumns
import StoaTasks

/// Executors, each once, in the order they were added.
struct TouchedExecutors {
    private(set) var list: [Int] = []
    private var isMember: [Bool] = []

    mutating func insert(_ executor: Int) {
        while isMember.count <= executor { isMember.append(false) }
        if isMember[executor] { return }
        isMember[executor] = true
        list.append(executor)
    }

    mutating func removeAll() {
        for executor in list { isMember[executor] = false }
        list.removeAll(keepingCapacity: true)
    }
}

extension TaskScheduler {
    /// Up to so many executors are all asked whenever there are tasks.
    private static let fewExecutors = 16

    /// Whether a task waits for an executor.
    var hasWaiting: Bool { !rotation.isEmpty }

    /// Tasks that wait for an executor.
    var waitingCount: Int { rotation.reduce(0) { $0 + $1.queue.count } }

    /// Gives tasks to executors until all are full or no task waits.
    func handOut() {
        if executors.hasChanged {
            executors.hasChanged = false
            mustAskAll = true
        }
        defer { answered.removeAll() }
        if rotation.isEmpty || executors.active.isEmpty { return }
        // Who has not answered has not more room than when it was asked last.
        let isFew = executors.active.count <= Self.fewExecutors
        let candidates =
            mustAskAll || isFew ? executors.active : answered.list.filter { executors.isActive[$0] }
        mustAskAll = false
        if candidates.isEmpty { return }
        fill(candidates, ahead: false, mayTakeOthers: false)
        // Only what executors with a free slot did not want for themselves goes elsewhere.
        fill(candidates, ahead: false, mayTakeOthers: true)
        fill(candidates, ahead: true, mayTakeOthers: false)
        calls.sendTasks()
    }

    // One task an executor and round, so that few tasks spread over many executors.
    private func fill(_ candidates: [Int], ahead: Bool, mayTakeOthers: Bool) {
        var handedOut = true
        while handedOut, !rotation.isEmpty {
            handedOut = false
            for step in candidates.indices {
                let index = (firstCandidate + step) % candidates.count
                let executor = candidates[index]
                guard ahead || executors.load[executor] < executors.slots[executor] else { continue }
                if handOutOne(to: executor, ahead: ahead, mayTakeOthers: mayTakeOthers) {
                    handedOut = true
                    if rotation.isEmpty {
                        firstCandidate = index + 1
                        return
                    }
                }
            }
        }
    }

    private func handOutOne(to executor: Int, ahead: Bool, mayTakeOthers: Bool) -> Bool {
        for _ in rotation.indices {
            if turn >= rotation.count { turn = 0 }
            let tasks = rotation[turn]
            guard !ahead || executors.load[executor] < mostAhead(of: tasks, on: executor),
                let task = tasks.queue.next(
                    for: executor, mayTakeOthers: mayTakeOthers, isOnly: executors.active.count == 1,
                    nodes: executors.nodes)
            else {
                turn += 1
                continue
            }
            turn += 1
            if tasks.queue.count == 0 { leaveRotation(tasks) }
            submit(task, of: tasks, to: executor)
            return true
        }
        return false
    }

    /// How many unanswered attempts, of all jobs, an executor may have when it is given another one of this job.
    private func mostAhead(of tasks: JobTasks, on executor: Int) -> Int {
        var queued = executors.queuedTasksPerSlot[executor]
        if let mean = tasks.meanNanoseconds { queued = max(queued, options.queuedNanoseconds / max(mean, 1000)) }
        let stuck = executors.stuck[executor]
        return stuck + max(0, executors.slots[executor] - stuck) * (1 + queued)
    }

    // A task that waits for inputs again, or has been queued again since, has left its old place behind.
    private func submit(_ task: QueuedTask, of tasks: JobTasks, to executor: Int) {
        let (partition, number) = (Int(task.partition), Int(task.attempt))
        guard let run = tasks.runs[Int(task.stage)], case .queued(task.attempt) = run.tasks[partition] else { return }
        guard let description = run.description(partition: partition, attempt: number) else {
            run.setState(.waiting(attempt: run.attempt(after: task.attempt)), of: partition)
            stranded.append((tasks.id, Int(task.stage), partition))
            return
        }
        run.setState(.running(Attempt(number: number, executor: executor, since: clock.turn)), of: partition)
        send(description, of: tasks, to: executor)
    }

    func send(_ description: TaskDescription, of tasks: JobTasks, to executor: Int) {
        tasks.runningCount += 1
        executors.load[executor] += 1
        calls.submit(description, to: executor)
        if bus.isListening { bus.send(.taskStarted(description.id, executors.ids[executor])) }
    }
}
