import Glibc
import StoaColumns
import StoaCoreGroups
import StoaExecution
import StoaKernels
import StoaTasks
import Synchronization

/// An executor at work: takes commands on the thread that opened the session, runs tasks on threads of its own.
final class ExecutorMain: Sendable {
    private let settings: ExecutorSettings
    private let channel: ExecutorChannel
    private let executor: TaskExecutor
    private let remote: RemoteBlocks
    private let outputs: PublishedOutputs
    private let runningCount = Atomic<Int>(0)
    private let errands = Errands()
    /// Apart from the others, which may wait for another executor to publish.
    private let publications = Errands()

    /// Takes the settings, works, and ends the process.
    static func run(_ channel: ExecutorChannel) throws(StoaError) -> Never {
        let (command, descriptor) = try channel.receive()
        guard case .welcome(let settings) = command, let descriptor else {
            throw Frame.damaged("the driver does not begin with the settings")
        }
        try InstructionSet.current.check()
        let topology = try Topology.machine()
        let remark = bind(settings, topology)
        let segment = try Segment(
            id: SegmentID(settings.id), descriptor: descriptor, byteCount: settings.segmentByteCount, isWritable: true)
        close(descriptor)
        let main = ExecutorMain(settings, channel, SegmentArena(segment))
        try main.work(topology, remark)
    }

    /// Keeps this thread, those that it starts, and the memory that they touch, where the executor belongs. Gives what could
    /// not be done: it works as well without, only slower.
    private static func bind(_ settings: ExecutorSettings, _ topology: Topology) -> StoaError? {
        do throws(StoaError) {
            if !settings.cpus.isEmpty { try topology.bindCallingThread(to: settings.cpus) }
            if let node = settings.memoryNode { try topology.bindProcessMemory(to: node) }
            return nil
        } catch {
            return error
        }
    }

    private init(_ settings: ExecutorSettings, _ channel: ExecutorChannel, _ arena: SegmentArena) {
        self.settings = settings
        self.channel = channel
        let remote = RemoteBlocks(channel: channel)
        self.remote = remote
        executor = TaskExecutor(
            id: settings.id, name: settings.name, memoryLimit: settings.memoryLimit, spillFolder: settings.spillFolder
        ) { (location) throws(StoaError) in
            try remote.read(location)
        }
        outputs = PublishedOutputs(arena: arena, store: executor.store, isSharing: settings.isSharing)
    }

    private func work(_ topology: Topology, _ remark: StoaError?) throws(StoaError) -> Never {
        let threads = ExecutorThreads(
            executor: executor, threadCPUs: settings.threadCPUs, topology: topology,
            spinNanoseconds: settings.spinNanoseconds, events: { [self] in answer($0) },
            onPinningFailure: { [self] in tell([.remark($0)]) })
        executor.store.onEviction { [self] in tell([.evicted($0)]) }
        try threads.start()
        errands.start(try NamedThread.start(name: "stoa-errands") { [errands] in errands.run() })
        publications.start(try NamedThread.start(name: "stoa-publish") { [publications] in publications.run() })
        errands.start(try NamedThread.start(name: "stoa-heartbeat") { [self] in beat(threads) })
        try channel.send([.ready] + (remark.map { [.remark($0)] } ?? []))
        var works: [Int: TaskWork] = [:]
        while true {
            let (command, descriptor) = try channel.receive()
            defer { if let descriptor { close(descriptor) } }
            switch command {
            case .welcome: throw Frame.damaged("the settings come a second time")
            case .segment(let id, let byteCount):
                guard let descriptor else { continue }
                remote.readers.open(
                    try Segment(id: id, descriptor: descriptor, byteCount: byteCount, isWritable: false))
            case .closeSegment(let id): remote.readers.close(id)
            case .work(let number, let encoded): works[number] = encoded.work
            case .forgetWork(let numbers): for number in numbers { works[number] = nil }
            case .broadcast(let id, let value): BroadcastStore.shared.receive(id, value)
            case .forgetBroadcasts(let ids): for id in ids { BroadcastStore.shared.forget(id) }
            case .tasks(let assignments, let inputs):
                var tasks: [TaskDescription] = []
                tasks.reserveCapacity(assignments.count)
                for assignment in assignments {
                    guard let work = works[assignment.work] else {
                        throw Frame.damaged("\(assignment.id) is of a work that was not sent")
                    }
                    tasks.append(TaskDescription(id: assignment.id, work: work, inputs: assignment.inputs))
                }
                remote.take(tasks, inputs, on: settings.id)
                runningCount.add(tasks.count, ordering: .relaxed)
                threads.submit(tasks)
            case .cancel(let tasks): threads.cancel(tasks)
            case .drop(let blocks): executor.drop(blocks)
            case .forget(let blocks): executor.forgetTables(builtFrom: blocks)
            case .free(let offsets): outputs.free(offsets)
            case .adopt(let id, let place): try adopt(id, place)
            case .copy(let locations, let inputs): copy(locations, inputs)
            case .publish(let request, let output):
                // One that cannot be published is missing: who asked computes it again, elsewhere.
                publications.add { [self] in tell([.published(request: request, published(output))]) }
            case .fetched(let request, let place): remote.fetched(request, place)
            case .sharing(let isSharing): outputs.share(isSharing)
            case .drain: threads.drain { [self] in tell([.drained]) }
            case .stop:
                threads.stop()
                // What tasks printed goes before the last message.
                fflush(nil)
                channel.sendLast(.left)
                ExecutorProcess.leave(status: 0)
            }
        }
    }

    private func published(_ output: OutputID) -> PublishedOutput? {
        do throws(StoaError) {
            return try outputs.publish(output)
        } catch {
            return nil
        }
    }

    private func adopt(_ id: BlockID, _ place: BlockPlace) throws(StoaError) {
        guard let lease = remote.readers.lease(place) else { throw Frame.damaged("\(id) is in no segment") }
        executor.store.put(try OutputImage.read(id.placeInOutput, from: lease), as: id)
    }

    /// Copies blocks into memory of this executor; what the session has given stays where it is. Those that cannot be read
    /// are left out.
    private func copy(_ locations: [BlockLocation], _ inputs: [PlacedOutput]) {
        let leases = inputs.compactMap { input in remote.readers.lease(input.place).map { (input.location, $0) } }
        let places = Dictionary(leases) { $1 }
        // Places that are not known have to be asked for, and this thread is the one that hears the answers.
        errands.add { [self] in
            tell([.copied(locations.compactMap { copy($0, places[OutputLocation($0)]) })])
        }
    }

    private func copy(_ location: BlockLocation, _ lease: PlaceLease?) -> BlockSummary? {
        do throws(StoaError) {
            let shared =
                if let lease {
                    try OutputImage.read(location.block.placeInOutput, from: lease)
                } else {
                    try remote.read(location)
                }
            if let lease, lease.place.segment == .driver {
                executor.store.put(shared, as: location.block)
                return BlockSummary(id: location.block, rowCount: shared.rowCount, byteCount: shared.byteCount)
            }
            let block = try executor.memory.whileCurrent { () throws(StoaError) in
                let image = try BlockImage(shared)
                let region = MemoryRegion(byteCount: image.byteCount)
                image.write(into: region.base)
                return try BlockImage.read(from: region.buffer, validation: .sealed)
            }
            executor.store.put(block, as: location.block)
            return BlockSummary(id: location.block, rowCount: block.rowCount, byteCount: block.byteCount)
        } catch {
            return nil
        }
    }

    // MARK: - Telling

    /// Tells how attempts ended, on the thread that ran them.
    private func answer(_ events: [ClusterEvent]) {
        var answers: [TaskAnswer] = []
        var ended: [TaskID] = []
        answers.reserveCapacity(events.count)
        for event in events {
            switch event {
            case .taskFinished(let task, _, let report):
                ended.append(task)
                answers.append(finished(task, report))
            case .taskFailed(let task, _, let failure):
                ended.append(task)
                answers.append(.failed(task, failure))
            case .taskCancelled(let task, _):
                ended.append(task)
                answers.append(.cancelled(task))
            default: break
            }
        }
        runningCount.subtract(ended.count, ordering: .relaxed)
        remote.finish(ended)
        tell([.answers(answers)])
    }

    private func finished(_ task: TaskID, _ report: TaskReport) -> TaskAnswer {
        do throws(StoaError) {
            return .finished(task, report, try outputs.publish(report))
        } catch {
            executor.drop(report.blocks.map(\.id))
            return .failed(
                task, TaskFailure(error.located(.init(stage: task.stage.value, partition: task.partition))))
        }
    }

    /// Sends messages, and with them what is to be returned.
    private func tell(_ messages: [ExecutorMessage]) {
        let returned = remote.takeReturned()
        do throws(StoaError) {
            try channel.send(messages + (returned.isEmpty ? [] : [.returned(returned)]))
        } catch {
            channel.sendLast(.failed(error))
            ExecutorProcess.leave(status: 1)
        }
    }

    /// Says again and again that this process lives, until it does not.
    private func beat(_ threads: ExecutorThreads) {
        var interval = timespec(
            tv_sec: settings.heartbeatNanoseconds / 1_000_000_000,
            tv_nsec: settings.heartbeatNanoseconds % 1_000_000_000)
        while true {
            nanosleep(&interval, nil)
            tell([.heartbeat(status(threads.progress))])
        }
    }

    private func status(_ progress: [TaskProgress]) -> ExecutorStatus {
        ExecutorStatus(
            memoryUsed: executor.memory.allocatedBytes, memoryPeak: executor.memory.peakBytes,
            memoryLimit: settings.memoryLimit, residentBytes: ProcessMemory.residentBytes,
            storedBytes: executor.store.byteCount, spilledBytes: executor.spillFile.byteCount,
            runningTasks: runningCount.load(ordering: .relaxed), progress: progress)
    }
}
