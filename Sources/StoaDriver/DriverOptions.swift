/// How a driver schedules. The defaults are meant to be right; tests and benchmarks change them.
package struct DriverOptions: Hashable, Sendable {
    /// How often one task is tried before its job fails.
    package var maximumAttempts = 4

    /// Tasks handed to an executor beyond those it can run at once, for each of its slots. One hides the way of an answer to
    /// the driver and back; more would bind tasks to an executor too early.
    package var queuedTasksPerSlot = 1

    /// Shortest time between two calls of a job's progress listener.
    package var progressIntervalNanoseconds = 50_000_000

    /// How long the driver's thread looks for the next message before it sleeps while jobs run. Being woken costs 5-50 us.
    package var spinNanoseconds = 20_000

    package init() {}
}
