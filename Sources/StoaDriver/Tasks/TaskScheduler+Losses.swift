import StoaColumns
import StoaPlan
import StoaTasks

extension TaskScheduler {
    /// What the loss of an executor means for a job.
    struct JobLoss {
        let job: JobID
        /// Why the job has to fail, if it has to.
        var error: StoaError?
    }

    /// No task waits for this executor any more.
    func release(_ executor: Int) {
        for tasks in jobs.values { tasks.queue.release(executor) }
        mustAskAll = true
    }

    /// An executor has died: its attempts are tried again elsewhere, which counts as a failure of theirs, since one of them
    /// may be why it died. Gives the jobs that had attempts there, in order.
    func lose(_ executor: Int, _ error: StoaError) -> [JobLoss] {
        abandoned = abandoned.filter { $0.value.executor != executor }
        var losses: [JobLoss] = []
        for tasks in jobs.values.sorted(by: { $0.id < $1.id }) {
            tasks.queue.release(executor)
            var loss: JobLoss?
            for case let run? in tasks.runs {
                for partition in run.tasks.indices {
                    guard let attempt = run.tasks[partition].attempt(on: executor) else { continue }
                    if loss == nil { loss = JobLoss(job: tasks.id) }
                    tasks.runningCount -= 1
                    let failure = lose(attempt, at: partition, of: run, tasks, error)
                    if let failure, loss?.error == nil { loss?.error = failure }
                }
            }
            if let loss { losses.append(loss) }
        }
        return losses
    }

    private func lose(
        _ attempt: Attempt, at partition: Int, of run: StageRun, _ tasks: JobTasks, _ error: StoaError
    ) -> StoaError? {
        let other = run.tasks[partition].other(than: attempt)
        if tasks.isWithdrawn {
            run.setState(other.map(TaskState.running) ?? .absent, of: partition)
            return nil
        }
        let next = run.attempt(after: attempt.number)
        run.setState(other.map(TaskState.running) ?? .queued(attempt: next), of: partition)
        let count = run.noteFailure(of: partition)
        guard count < options.maximumAttempts else {
            return run.givingUp(partition, after: count, on: executors.name(of: Int(attempt.executor)), error)
        }
        run.retryCount += 1
        if other == nil {
            tasks.queue.appendUrgent(
                QueuedTask(stage: Int32(run.stage.id.value), partition: Int32(partition), attempt: next))
            rotate(tasks)
        }
        return nil
    }
}

extension TaskState {
    /// The attempt that runs on an executor.
    fileprivate func attempt(on executor: Int) -> Attempt? {
        switch self {
        case .running(let attempt) where attempt.executor == executor: attempt
        case .racing(let first, _) where first.executor == executor: first
        case .racing(_, let second) where second.executor == executor: second
        case .absent, .waiting, .queued, .running, .racing, .complete: nil
        }
    }

    /// The attempt that races with another.
    fileprivate func other(than attempt: Attempt) -> Attempt? {
        guard case .racing(let first, let second) = self else { return nil }
        return first == attempt ? second : first
    }
}
