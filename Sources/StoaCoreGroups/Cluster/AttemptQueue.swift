import StoaTasks

/// The attempts that wait on one executor: jobs take turns, those of a job go in the order they came. Adding and taking cost
/// the same however many wait.
package struct AttemptQueue {
    /// Attempts of one job.
    private struct JobAttempts {
        let job: JobID
        /// Those that are next, the first of them last: taking one moves it out.
        private var next: [TaskDescription] = []
        /// Those that come after them, as they were added; before `first` they are empty.
        private var later: [[TaskDescription]] = []
        private var first = 0

        init(job: JobID) { self.job = job }

        var isEmpty: Bool { next.isEmpty && later.isEmpty }

        var all: [TaskDescription] { next.reversed() + later.joined() }

        mutating func append(_ attempts: [TaskDescription]) {
            if first > later.count / 2 {
                later.removeFirst(first)
                first = 0
            }
            later.append(attempts)
        }

        mutating func popFirst() -> TaskDescription {
            if next.isEmpty {
                swap(&next, &later[first])
                next.reverse()
                first += 1
                if first == later.count {
                    later.removeAll(keepingCapacity: true)
                    first = 0
                }
            }
            return next.removeLast()
        }
    }

    // Jobs of which attempts wait, in the order of their turns.
    private var jobs: [JobAttempts] = []
    private var turn = 0
    package private(set) var count = 0

    package init() {}

    /// Adds attempts behind those of the same job.
    package mutating func append(_ attempts: [TaskDescription]) {
        var start = 0
        while start < attempts.count {
            let job = attempts[start].id.job
            let end = attempts[start...].firstIndex { $0.id.job != job } ?? attempts.count
            let batch = end - start == attempts.count ? attempts : Array(attempts[start..<end])
            if let position = jobs.firstIndex(where: { $0.job == job }) {
                jobs[position].append(batch)
            } else {
                var attempts = JobAttempts(job: job)
                attempts.append(batch)
                jobs.append(attempts)
            }
            start = end
        }
        count += attempts.count
    }

    /// The attempt whose turn it is.
    package mutating func popFirst() -> TaskDescription? {
        guard count > 0 else { return nil }
        if turn >= jobs.count { turn = 0 }
        let attempt = jobs[turn].popFirst()
        if jobs[turn].isEmpty { jobs.remove(at: turn) } else { turn += 1 }
        count -= 1
        return attempt
    }

    /// Takes out those attempts of this set that wait.
    package mutating func remove(_ tasks: Set<TaskID>) -> [TaskID] {
        var removed: [TaskID] = []
        for position in jobs.indices.reversed() {
            let waiting = jobs[position].all
            let kept = waiting.filter { !tasks.contains($0.id) }
            guard kept.count < waiting.count else { continue }
            removed += waiting.lazy.map(\.id).filter { tasks.contains($0) }
            if kept.isEmpty {
                jobs.remove(at: position)
            } else {
                jobs[position] = JobAttempts(job: jobs[position].job)
                jobs[position].append(kept)
            }
        }
        count -= removed.count
        return removed
    }
}
