import Dispatch

/// Runs the readers of events, which must not wait for threads that wait for them, and what else they do: one at a time.
final class EventQueue: TaskExecutor {
    let queue = DispatchQueue(label: "stoa-events")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
