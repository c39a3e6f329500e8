import StoaColumns
import StoaPlan
import StoaTasks

/// The build sides of broadcast joins, each built once for all tasks of a stage that run on this executor.
///
/// The first task that asks builds; tasks that ask meanwhile wait, and build themselves when it failed. An entry goes when
/// one of the blocks that it was built from is dropped, or a block of the stage that used it; as not every stage has such
/// blocks here, only the last few entries stay.
final class SharedBuildTables: @unchecked Sendable {
    // Unchecked: `entries` is touched with `lock` held only.

    /// Names a join of a stage by where it stands in the stage's plan.
    struct Key: Hashable {
        let stage: JobStage
        let path: [UInt8]
    }

    /// A stage of any job.
    struct JobStage: Hashable {
        let job: JobID
        let stage: StageID
    }

    private enum State {
        case building
        case built(JoinBuild)
    }

    private struct Entry {
        let key: Key
        let inputs: Set<BlockID>
        var state: State
    }

    /// Entries kept, beyond those being built.
    static let limit = 8

    // In order of their building. Guard: `lock`.
    private var entries: [Entry] = []
    private let lock = ConditionLock()

    /// The build side of that name, built by `build` if no task has built it yet. Waiting ends within milliseconds when the
    /// task is cancelled.
    ///
    /// - Parameter inputs: the blocks that `build` reads.
    func build(
        _ key: Key, from inputs: [BlockID], cancellation: CancellationFlag, by build: () throws(StoaError) -> JoinBuild
    ) throws(StoaError) -> JoinBuild {
        if let shared = try shared(key, from: inputs, cancellation: cancellation) { return shared }
        do throws(StoaError) {
            let built = try build()
            finish(key, .built(built))
            return built
        } catch {
            finish(key, nil)
            throw error
        }
    }

    /// Forgets what was built from these blocks, or used by the stages that they belong to.
    func drop(_ blocks: [BlockID]) {
        lock.lock()
        var dropped: [Entry] = []
        if !entries.isEmpty {
            var stages: Set<JobStage> = []
            for case .stage(let job, let stage, _, _) in blocks { stages.insert(JobStage(job: job, stage: stage)) }
            let ids = Set(blocks)
            entries.removeAll { entry in
                guard case .built = entry.state,
                    stages.contains(entry.key.stage) || !entry.inputs.isDisjoint(with: ids)
                else { return false }
                dropped.append(entry)
                return true
            }
        }
        lock.unlock()
        // The memory is given back outside the lock.
        withExtendedLifetime(dropped) {}
    }

    /// Forgets everything; nothing is being built.
    func dropAll() {
        lock.lock()
        let dropped = entries
        entries = []
        lock.unlock()
        withExtendedLifetime(dropped) {}
    }

    /// How many build sides are held or being built.
    var count: Int {
        lock.lock()
        defer { lock.unlock() }
        return entries.count
    }

    /// The build side when it is there; nil when the caller has to build it, which is then announced.
    private func shared(
        _ key: Key, from inputs: [BlockID], cancellation: CancellationFlag
    ) throws(StoaError) -> JoinBuild? {
        lock.lock()
        defer { lock.unlock() }
        while true {
            try cancellation.check()
            guard let entry = entries.first(where: { $0.key == key }) else {
                entries.append(Entry(key: key, inputs: Set(inputs), state: .building))
                return nil
            }
            if case .built(let built) = entry.state { return built }
            lock.wait(until: MonotonicClock.nanoseconds + 1_000_000)
        }
    }

    private func finish(_ key: Key, _ state: State?) {
        lock.lock()
        var dropped: [Entry] = []
        if let index = entries.firstIndex(where: { $0.key == key }) {
            if let state {
                entries[index].state = state
                let built = entries.indices.filter { if case .built = entries[$0].state { true } else { false } }
                if built.count > Self.limit { dropped.append(entries.remove(at: built[0])) }
            } else {
                entries.remove(at: index)
            }
        }
        lock.wakeAll()
        lock.unlock()
        withExtendedLifetime(dropped) {}
    }
}
