import StoaTasks

/// When a session grows and shrinks by itself.
package struct AllocationOptions: Hashable, Sendable {
    /// Fewest and most executors that take tasks. At least one stays.
    package var minimum = 1
    package var maximum: Int
    /// How long an executor has nothing to do before it leaves; its persisted partitions move to others.
    package var idleNanoseconds = 60_000_000_000
    /// How long tasks wait that nobody takes before another executor is asked for; the number doubles each time.
    package var backlogNanoseconds = 1_000_000_000

    package init(minimum: Int = 1, maximum: Int) {
        precondition(1 <= minimum && minimum <= maximum, "at least one executor, and no more than the maximum")
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// Decides when executors come and go by what there is to do. Knows no clock: whoever asks says what time it is.
struct ExecutorAllocation {
    struct Decision {
        /// How many to ask for.
        var additions = 0
        /// Positions of those to drain.
        var removals: [Int] = []
        var nextLook: Int
    }

    let options: AllocationOptions
    /// Since when tasks wait; nil while none does.
    private var backlogSince: Int?
    /// How many executors are asked for when tasks go on waiting.
    private var step = 1

    init(options: AllocationOptions) { self.options = options }

    /// What to do now.
    ///
    /// - Parameter requested: executors that were asked for and have not come.
    mutating func decide(_ executors: ExecutorTable, waitingTasks: Int, requested: Int, at now: Int) -> Decision {
        var decision = Decision(nextLook: now + min(options.idleNanoseconds, options.backlogNanoseconds))
        let count = executors.active.count + requested
        if waitingTasks > 0 {
            let since = backlogSince ?? now
            backlogSince = since
            if now - since >= options.backlogNanoseconds {
                decision.additions = max(0, min(step, options.maximum - count))
                step = min(step * 2, options.maximum)
                backlogSince = now
            }
            decision.nextLook = min(decision.nextLook, (backlogSince ?? now) + options.backlogNanoseconds)
        } else {
            backlogSince = nil
            step = 1
            var surplus = executors.active.count - options.minimum
            // Those that came last go first.
            for executor in executors.active.reversed() where surplus > 0 && executors.load[executor] == 0 {
                let idleUntil = executors.busyAt[executor] + options.idleNanoseconds
                if idleUntil <= now {
                    decision.removals.append(executor)
                    surplus -= 1
                } else {
                    decision.nextLook = min(decision.nextLook, idleUntil)
                }
            }
        }
        if count < options.minimum { decision.additions = max(decision.additions, options.minimum - count) }
        return decision
    }
}
