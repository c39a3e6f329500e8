/// How a driver schedules. The defaults are meant to be right; tests and benchmarks change them.
package struct DriverOptions: Hashable, Sendable {
    /// How often one task is tried before its job fails: failures that may pass, and executors that died while it ran there.
    package var maximumAttempts = 4

    /// How often the same blocks of a job are computed again, beyond once for each executor that died, before the job fails.
    package var maximumRebuilds = 8

    /// When an executor whose tasks fail is given none for a while; nil for never.
    package var exclusion: ExclusionOptions? = ExclusionOptions()

    /// Second attempts at tasks that run far longer than their peers; nil for none.
    package var speculation: SpeculationOptions?

    /// Whether another executor is asked for when one dies.
    package var replacesLostExecutors = true

    /// How many executors may die one after the other, without a task that is complete in between, before they are no longer
    /// replaced; at least two for each one that was there at the start.
    package var maximumLossesInARow = 8

    /// Executors that come and go by what there is to do; nil to keep those that are there.
    package var allocation: AllocationOptions?

    /// How much work an executor is given ahead once a stage's first tasks have told how long they take: many small tasks in
    /// one message, of long ones no more than `ExecutorDescription.queuedTasksPerSlot`.
    package var queuedNanoseconds = 1_000_000

    /// How long a job that ends before its tasks waits for attempts that were asked to stop; then it ends without them.
    package var stopPatienceNanoseconds = 1_000_000_000

    /// How long an attempt may go on after it was asked to stop; then `Cluster.giveUp` ends its executor, or does without its
    /// thread.
    package var cancellationNanoseconds = 5_000_000_000

    /// How long the driver's thread looks for the next message, and the caller of a job for its result, before they sleep.
    /// Being woken costs 5-50 us.
    package var spinNanoseconds = 50_000

    package init() {}
}

/// When an executor whose tasks fail is given none for a while. The last one that takes tasks never is.
package struct ExclusionOptions: Hashable, Sendable {
    /// So many failures that may pass,
    package var failureCount = 3
    /// within this time,
    package var windowNanoseconds = 60_000_000_000
    /// exclude it for so long.
    package var nanoseconds = 60_000_000_000

    package init() {}
}
