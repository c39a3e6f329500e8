import Glibc
import Stoa
import StoaTestSupport

/// One run: a session, a query, and faults at random moments.
struct ChaosRun {
    let seed: UInt64
    let data: ChaosData
    /// The one fault to try; nil for any.
    let only: Fault?

    /// Runs it, and looks at what is left.
    func record(clean: [ChaosQuery: String]) async throws -> ChaosRecord {
        let poison = data.folder.path("poison-\(seed)")
        // A run whose faults cannot be told to functions would show nothing; it must not count as a good one.
        guard mkdir(poison, 0o700) == 0 else { fatalError("the folder \(poison) cannot be made") }
        let before = Leftovers.now(in: data.folder)
        var record = try await outcome(clean: clean, poison: poison)
        for fault in Fault.allCases { unlink("\(poison)/\(fault.rawValue)") }
        record.broken += Leftovers.now(in: data.folder).differences(from: before)
        rmdir(poison)
        return record
    }

    // The session is gone when this returns.
    private func outcome(clean: [ChaosQuery: String], poison: String) async throws -> ChaosRecord {
        var random = SplitMix64(seed: seed)
        let query = random.pick(ChaosQuery.allCases)
        var record = ChaosRecord(query: query)
        let executors = 2 + random.below(2)
        let faults = plan(&random)
        var options = SessionOptions()
        options.heartbeatTimeout = .milliseconds(800)
        // Little memory in every second run: disks fail those who need them.
        if random.chance(50) { options.executorMemory = .mebibytes(16) }
        let session = try Session(
            cluster: .processes(executors: executors, threadsPerExecutor: 1, pinned: false), options: options)
        let storm = Task { await Self.cause(faults, session, poison: poison) }
        do {
            let answer = try await data.answer(of: query, session, poison: poison)
            if answer != clean[query] { record.broken.append("the answer is \(answer), not \(clean[query] ?? "none")") }
        } catch let error as StoaError {
            record.error = "\(error)"
            if !Self.isDocumented(error) { record.broken.append("no fault explains \(error.code)") }
        }
        storm.cancel()
        record.faults = await storm.value.filter { Self.tookPlace($0, poison: poison) }
        if record.faults.isEmpty, let error = record.error {
            record.broken.append("an error without a fault: \(error)")
        }
        if await !Self.becomesIdle(session) { record.broken.append("the driver's tables are not empty") }
        session.stop()
        return record
    }

    // An attempt that another one overtook may run on an executor that is stopped, until that is found out.
    private static func becomesIdle(_ session: Session) async -> Bool {
        for _ in 0..<300 {
            if await session.isIdle() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Faults and the milliseconds before each.
    private func plan(_ random: inout SplitMix64) -> [(wait: Int, fault: Fault, choice: Int)] {
        (0...random.below(3)).map { _ in
            (wait: random.below(25), fault: only ?? random.pick(Fault.allCases), choice: random.below(1 << 20))
        }
    }

    private static func cause(
        _ faults: [(wait: Int, fault: Fault, choice: Int)], _ session: Session, poison: String
    ) async -> [Fault] {
        var caused: [Fault] = []
        for (wait, fault, choice) in faults {
            try? await Task.sleep(for: .milliseconds(wait))
            if Task.isCancelled { break }
            let processes = ChildProcesses.all()
            switch fault {
            case .kill where !processes.isEmpty: kill(processes[choice % processes.count], SIGKILL)
            case .stop where !processes.isEmpty: kill(processes[choice % processes.count], SIGSTOP)
            case .kill, .stop: continue
            case .exit, .memory, .disk, .frame, .error:
                let file = open("\(poison)/\(fault.rawValue)", O_CREAT | O_WRONLY, 0o600)
                if file >= 0 { close(file) }
            case .add:
                do { _ = try await session.addExecutor() } catch { continue }
            case .remove:
                guard let executors = try? await session.status().executors.map(\.id), !executors.isEmpty else {
                    continue
                }
                do { try await session.removeExecutor(executors[choice % executors.count]) } catch { continue }
            }
            caused.append(fault)
        }
        return caused
    }

    /// A poison that no task has found has done nothing.
    private static func tookPlace(_ fault: Fault, poison: String) -> Bool {
        !fault.isPoison || access("\(poison)/\(fault.rawValue)", F_OK) != 0
    }

    /// What a job may end with when executors die faster than they are replaced, or a disk is full.
    private static func isDocumented(_ error: StoaError) -> Bool {
        switch error.code {
        case .executorLost, .blockLost, .outOfMemory, .inputOutputFailed, .userFunctionFailed: true
        default: false
        }
    }
}

/// What a run may not leave behind.
struct Leftovers: Equatable {
    let processes: [pid_t]
    let descriptors: Int
    let files: [String]
    let sharedMemory: [String]

    static func now(in folder: TemporaryFolder) -> Leftovers {
        Leftovers(
            processes: ChildProcesses.all(), descriptors: names(in: "/proc/self/fd").count,
            files: names(in: folder.path), sharedMemory: names(in: "/dev/shm").filter { $0.contains("stoa") })
    }

    func differences(from before: Leftovers) -> [String] {
        var found: [String] = []
        let children = processes.filter { !before.processes.contains($0) }
        if !children.isEmpty { found.append("processes \(children) are left") }
        if descriptors > before.descriptors { found.append("\(descriptors - before.descriptors) descriptors are left") }
        let newFiles = files.filter { !before.files.contains($0) }
        if !newFiles.isEmpty { found.append("files are left: \(newFiles)") }
        let segments = sharedMemory.filter { !before.sharedMemory.contains($0) }
        if !segments.isEmpty { found.append("segments are left: \(segments)") }
        return found
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}
