/// The jobs that run, as events tell of them.
struct RunningJobs {
    /// In the order in which they began.
    private(set) var all: [SessionStatus.Job] = []
    /// When each began, in nanoseconds since the session was opened.
    private(set) var starts: [Int: Int] = [:]

    /// Takes one event more; those of anything else than jobs are none of its business. Gives the job that it ended.
    mutating func apply(_ record: EventRecord) -> (job: SessionStatus.Job, start: Int)? {
        guard let id = record.job else { return nil }
        switch record.event {
        case .jobStarted:
            starts[id] = record.time
            let stages = (record.stages ?? []).map {
                SessionStatus.Stage(
                    id: $0.stage, label: $0.label, state: .waiting, completeTasks: 0, taskCount: $0.tasks, rowsRead: 0,
                    bytesRead: 0)
            }
            all.append(SessionStatus.Job(id: id, stages: stages))
        case .jobEnded:
            guard let position = all.firstIndex(where: { $0.id == id }) else { return nil }
            return (all.remove(at: position), starts.removeValue(forKey: id) ?? record.time)
        case .stageReady, .stageRebuilding: changeStage(record) { $0.state = .running }
        case .stageCompleted:
            changeStage(record) {
                $0.state = .complete
                // One whose dataset executors held already has run none.
                $0.completeTasks = $0.taskCount
            }
        case .taskFinished:
            guard record.counts == true else { return nil }
            changeStage(record) {
                // What is computed again has counted.
                if $0.completeTasks == $0.taskCount { return }
                $0.completeTasks += 1
                $0.rowsRead += record.rowsRead ?? 0
                $0.bytesRead += record.bytesRead ?? 0
            }
        default: break
        }
        return nil
    }

    private mutating func changeStage(_ record: EventRecord, _ change: (inout SessionStatus.Stage) -> Void) {
        guard let job = all.firstIndex(where: { $0.id == record.job }),
            let stage = all[job].stages.firstIndex(where: { $0.id == record.stage })
        else { return }
        change(&all[job].stages[stage])
    }
}
