import StoaTasks

/// When a task that runs far longer than its peers gets a second attempt on another executor.
package struct SpeculationOptions: Hashable, Sendable {
    /// How much of a stage has to be complete.
    package var completeFraction = 0.75
    /// How many times the median of the complete tasks it must have run,
    package var medianFactor = 1.5
    /// and at least this long.
    package var minimumNanoseconds = 100_000_000
    /// How often the driver looks.
    package var intervalNanoseconds = 25_000_000

    package init() {}
}

/// How long tasks of a stage took, of the last thousand.
struct RecentDurations {
    private static let limit = 1000
    private var nanoseconds: [Int] = []
    private var next = 0

    mutating func add(_ duration: Int) {
        if nanoseconds.count < Self.limit {
            nanoseconds.append(duration)
        } else {
            nanoseconds[next] = duration
            next = (next + 1) % Self.limit
        }
    }

    /// Nil before the first.
    var median: Int? { nanoseconds.isEmpty ? nil : nanoseconds.sorted()[nanoseconds.count / 2] }
}

extension TaskScheduler {
    /// Gives second attempts to tasks that run too long, when it is time to look for them; gives the next such time, nil
    /// while nothing runs.
    ///
    /// A look costs about a nanosecond for each task of the stages that are nearly complete.
    func speculate() -> Int? {
        guard let limits = options.speculation, executors.active.count > 1, !jobs.isEmpty else {
            speculatesAt = nil
            return nil
        }
        let now = clock.turn
        if let speculatesAt, now < speculatesAt { return speculatesAt }
        if speculatesAt != nil {
            // A free slot is for tasks that wait first.
            for tasks in jobs.values.sorted(by: { $0.id < $1.id }) where !tasks.isWithdrawn && tasks.runningCount > 0 {
                for case let run? in tasks.runs { speculate(run, tasks, limits, at: now) }
            }
            calls.sendTasks()
        }
        speculatesAt = now + limits.intervalNanoseconds
        return speculatesAt
    }

    private func speculate(_ run: StageRun, _ tasks: JobTasks, _ limits: SpeculationOptions, at now: Int) {
        let completeCount = run.wantedCount - run.openCount
        guard run.openCount > 0, Double(completeCount) >= limits.completeFraction * Double(run.wantedCount),
            let median = run.durations.median
        else { return }
        let limit = max(limits.minimumNanoseconds, Int(limits.medianFactor * Double(median)))
        for (partition, state) in run.tasks.enumerated() {
            guard case .running(let attempt) = state else { continue }
            // An attempt begins at the latest when its executor has answered one of those before it.
            let start = max(attempt.since, executors.answeredAt[Int(attempt.executor)])
            guard now - start > limit else { continue }
            guard let executor = idleExecutor(otherThan: Int(attempt.executor)) else { return }
            let number = run.nextAttempt()
            guard let description = run.description(partition: partition, attempt: Int(number)) else { continue }
            let second = Attempt(number: Int(number), executor: executor, since: now)
            run.setState(.racing(attempt, second), of: partition)
            send(description, of: tasks, to: executor)
            if bus.isListening { bus.send(.taskSpeculated(description.id, executors.ids[executor])) }
        }
    }

    private func idleExecutor(otherThan slow: Int) -> Int? {
        executors.active.filter { $0 != slow && executors.load[$0] < executors.slots[$0] }
            .min { executors.load[$0] * executors.slots[$1] < executors.load[$1] * executors.slots[$0] }
    }
}
