import StoaColumns
import StoaTasks

/// An attempt that does not count any more and was asked to stop.
struct AbandonedAttempt {
    /// Position of the executor.
    let executor: Int
    /// When it was asked.
    let since: Int
    /// Whether its job has waited for it as long as it does.
    let isForsaken: Bool
    /// Whether it had its time, and the cluster was told.
    var isGivenUp = false
}

/// Attempts that were asked to stop and do not: a function of the user that never returns, or an operator that takes long.
extension TaskScheduler {
    func noteAbandoned(
        _ id: TaskID, of tasks: JobTasks, _ attempt: Attempt, since: Int, isForsaken: Bool = false
    ) {
        tasks.runningCount -= 1
        abandoned[id] = AbandonedAttempt(
            executor: Int(attempt.executor), since: since, isForsaken: isForsaken)
        if isForsaken { executors.stuck[Int(attempt.executor)] += 1 }
        let due = since + options.cancellationNanoseconds
        abandonedDueAt = min(abandonedDueAt ?? due, due)
    }

    /// A job that was withdrawn waits no longer: those of its attempts that still run do not count any more. Gives them.
    func forsake(_ job: JobID) -> [(task: TaskID, executor: Int)] {
        let tasks = tasks(of: job)
        var forsaken: [(task: TaskID, executor: Int)] = []
        forEachRunning(of: tasks) { run, partition, attempt in
            let id = run.id(of: partition, attempt)
            noteAbandoned(id, of: tasks, attempt, since: tasks.withdrawnAt, isForsaken: true)
            forsaken.append((id, Int(attempt.executor)))
        }
        return forsaken
    }

    /// Tells the cluster of attempts that have had their time; gives when the next one will have.
    func giveUpAbandoned() -> Int? {
        guard let due = abandonedDueAt, due <= clock.turn else { return abandonedDueAt }
        abandonedDueAt = nil
        for (task, attempt) in abandoned where !attempt.isGivenUp {
            let due = attempt.since + options.cancellationNanoseconds
            if due > clock.turn {
                abandonedDueAt = min(abandonedDueAt ?? due, due)
                continue
            }
            abandoned[task]?.isGivenUp = true
            let reason = StoaError(
                .executorLost, source: .environment,
                "\(task) was asked to stop, and went on for \(options.cancellationNanoseconds / 1_000_000) ms",
                advice: "let functions return, or raise the session's cancellationTimeout", isRetryable: true)
            calls.giveUp(task, on: attempt.executor, reason)
        }
        return abandonedDueAt
    }
}
