/// How a driver schedules. The defaults are meant to be right; tests and benchmarks change them.
package struct DriverOptions: Hashable, Sendable {
    /// How often one task is tried before its job fails.
    package var maximumAttempts = 4

    /// How much work an executor is given ahead once a stage's first tasks have told how long they take: many small tasks in
    /// one message, of long ones no more than `ExecutorDescription.queuedTasksPerSlot`.
    package var queuedNanoseconds = 1_000_000

    /// Shortest time between two calls of a job's progress listener.
    package var progressIntervalNanoseconds = 50_000_000

    /// How long the driver's thread looks for the next message, and the caller of a job for its result, before they sleep.
    /// Being woken costs 5-50 us.
    package var spinNanoseconds = 50_000

    package init() {}
}
