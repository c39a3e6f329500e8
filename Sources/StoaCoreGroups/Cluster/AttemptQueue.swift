import StoaTasks

/// The attempts that wait on one executor: jobs take turns, those of a job go in the order they came. Adding and taking cost
/// the same however many wait.
package struct AttemptQueue {
    /// Attempts of one job; those before `first` were taken.
    private struct JobAttempts {
        let job: JobID
        var attempts: [TaskDescription]
        var first = 0
    }

    // Jobs of which attempts wait, in the order of their turns.
    private var jobs: [JobAttempts] = []
    private var turn = 0
    package private(set) var count = 0

    package init() {}

    /// Adds attempts behind those of the same job.
    package mutating func append(_ attempts: [TaskDescription]) {
        var rest = attempts[...]
        while let job = rest.first?.id.job {
            let end = rest.firstIndex { $0.id.job != job } ?? rest.endIndex
            if let position = jobs.firstIndex(where: { $0.job == job }) {
                // Those that were taken leave when they are the most.
                if jobs[position].first > jobs[position].attempts.count / 2 {
                    jobs[position].attempts.removeFirst(jobs[position].first)
                    jobs[position].first = 0
                }
                jobs[position].attempts += rest[..<end]
            } else {
                jobs.append(JobAttempts(job: job, attempts: Array(rest[..<end])))
            }
            rest = rest[end...]
        }
        count += attempts.count
    }

    /// The attempt whose turn it is.
    package mutating func popFirst() -> TaskDescription? {
        guard count > 0 else { return nil }
        if turn >= jobs.count { turn = 0 }
        let attempt = jobs[turn].attempts[jobs[turn].first]
        jobs[turn].first += 1
        if jobs[turn].first == jobs[turn].attempts.count { jobs.remove(at: turn) } else { turn += 1 }
        count -= 1
        return attempt
    }

    /// Takes out those attempts of this set that wait.
    package mutating func remove(_ tasks: Set<TaskID>) -> [TaskID] {
        var removed: [TaskID] = []
        for position in jobs.indices.reversed() {
            let waiting = jobs[position].attempts[jobs[position].first...]
            let kept = waiting.filter { !tasks.contains($0.id) }
            guard kept.count < waiting.count else { continue }
            removed += waiting.lazy.map(\.id).filter { tasks.contains($0) }
            if kept.isEmpty {
                jobs.remove(at: position)
            } else {
                jobs[position].attempts = kept
                jobs[position].first = 0
            }
        }
        count -= removed.count
        return removed
    }
}
