internal import CStoaProcess
import Glibc
import StoaColumns
import StoaTasks

/// What executors say, and their ends.
extension ClusterThread {
    func hear(_ speaking: [Member]) {
        for member in speaking where members[member.handle.id] === member {
            var isOpen = true
            var total = 0
            // A talkative one lets the others have a word in between.
            while isOpen, total < 4 << 20 {
                var descriptorCount: Int32 = 0
                let count = stoa_receive(
                    member.handle.channel.socket, &chunk, chunk.count, nil, 0, &descriptorCount, 0)
                if count == -Int(EAGAIN) { break }
                guard count > 0 else {
                    isOpen = false
                    break
                }
                total += count
                member.lastHeard = MonotonicClock.nanoseconds
                chunk.withUnsafeBytes { member.reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                if count < chunk.count { break }
            }
            do throws(StoaError) {
                while let frame = try member.reader.next() { try hear(ExecutorMessage(frame), from: member) }
                if !isOpen { ended(member) }
            } catch {
                lose(member, "was ended: \(error.message)", advice: error.advice)
            }
        }
    }

    func hear(_ message: ExecutorMessage, from member: Member) throws(StoaError) {
        let id = member.handle.id
        switch (message, member.phase) {
        case (.register(let token, let process), .starting): try settle(member, token: token, process: process)
        case (.failed(let error), _): throw error
        case (_, .starting): throw Frame.damaged("the first one does not register")
        case (.register, _): throw Frame.damaged("a second one registers")
        case (.ready, .settling): try ready(member)
        case (.ready, .leaving): break
        case (.ready, .running): throw Frame.damaged("it is ready a second time")
        case (.remark(let error), _): state.note(pinningError: error)
        case (.drained, .leaving): state.send([.stop], to: id)
        case (.drained, _): throw Frame.damaged("it was not asked to finish")
        case (.heartbeat(let status), _): state.post([.executorStatus(id, status)])
        case (.answers(let answers), _):
            var events: [ClusterEvent] = []
            events.reserveCapacity(answers.count)
            for answer in answers { events.append(try event(of: answer, from: member)) }
            state.post(events)
        case (.returned(let places), _): state.free(state.table.returned(places, by: .init(id)))
        case (.published(let request, let output), _):
            if let output { try check(output.place, of: member) }
            state.published(request, output, by: id)
        case (.fetch(let request, let location), _): fetch(location, for: id, request: request)
        case (.evicted(let blocks), _):
            state.free(state.table.drop(blocks, on: id))
            state.post([.blocksEvicted(blocks, id)])
        case (.copied(let blocks), _): state.post([.blocksCopied(blocks, id)])
        case (.left, _): member.hasLeft = true
        }
    }

    func event(of answer: TaskAnswer, from member: Member) throws(StoaError) -> ClusterEvent {
        let id = member.handle.id
        switch answer {
        case .finished(let task, let report, let place):
            guard report.blocks.allSatisfy({ $0.id.isLeft(by: task) }) else {
                throw Frame.damaged("it names blocks that \(task) does not leave")
            }
            if let place, let first = report.blocks.first {
                try check(place, of: member)
                let location = OutputLocation(output: OutputID(first.id), executor: id)
                state.free(state.table.record(location, at: place, blockCount: report.blocks.count))
            }
            return .taskFinished(task, id, report)
        case .failed(let task, let failure): return .taskFailed(task, id, failure)
        case .cancelled(let task): return .taskCancelled(task, id)
        }
    }

    func check(_ place: BlockPlace, of member: Member) throws(StoaError) {
        guard place.segment == SegmentID(member.handle.id), place.byteCount <= member.handle.file.byteCount,
            place.offset <= member.handle.file.byteCount - place.byteCount
        else { throw Frame.damaged("it names a place outside of its segment") }
    }

    func fetch(_ location: OutputLocation, for asker: ExecutorID, request: Int) {
        if let place = state.table.grant(location, to: .init(asker)) {
            state.send([.fetched(request: request, place)], to: asker)
        } else {
            state.fetch(location, for: .executor(asker, request: request))
        }
    }

    // MARK: - Ends

    /// An executor has closed its connection.
    func ended(_ member: Member) {
        guard member.hasLeft, member.phase == .leaving else { return lose(member, nil) }
        forget(member, ending: wait(for: member.handle.process))
        state.post([.executorLeft(member.handle.id)])
    }

    /// Ends an executor that cannot be worked with, or that has ended.
    ///
    /// - Parameter found: what is wrong with it; nil when all that is known is that it closed its connection.
    func lose(_ member: Member, _ found: String?, advice: String = "") {
        let handle = member.handle
        let (phase, isAwaited) = (member.phase, member.isAwaited)
        if found != nil { kill(handle.process, SIGKILL) }
        let status = wait(for: handle.process)
        let lastLines = forget(member, ending: status)
        var sentence = "\(handle.name) \(found ?? ExecutorHandle.ending(status))"
        var advice = advice
        if phase == .starting {
            if found == nil {
                sentence += " before it opened a session"
                advice = Self.openAdvice
            }
            if !lastLines.isEmpty { sentence += "; its last lines: \(lastLines.joined(separator: " | "))" }
        }
        let error = StoaError(.executorLost, source: .environment, sentence, advice: advice, isRetryable: true)
        switch phase {
        case .starting, .settling: notStarted(error, isAwaited: isAwaited)
        case .running: state.post([.executorLost(handle.id, error)])
        case .leaving: state.post([.executorLeft(handle.id)])
        }
    }

    static let openAdvice =
        "executors are this program started again with the same arguments: let it open its session on the way that every "
        + "run takes, before it asks for input or changes files"

    /// Removes an executor whose process has ended from all tables; gives its last lines when none were shown.
    @discardableResult
    func forget(_ member: Member, ending status: Int32) -> [String] {
        let id = member.handle.id
        members[id] = nil
        state.remove(id)
        member.handle.channel.close()
        let lastLines = output.finish(id)
        state.readers.close(SegmentID(id))
        state.free(state.table.remove(id))
        for fetch in state.fetches.takeAll(of: id) { state.answer(fetch, nil) }
        for other in members.values where other.phase != .starting {
            state.send([.closeSegment(SegmentID(id))], to: other.handle.id)
        }
        return lastLines
    }

    /// The status with which a process ended that is ending. One that closed its connection and lives on is killed.
    func wait(for process: pid_t) -> Int32 {
        var status: Int32 = 0
        for _ in 0..<200 {
            if waitpid(process, &status, WNOHANG) != 0 { return status }
            usleep(1000)
        }
        kill(process, SIGKILL)
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
    }
}

extension BlockID {
    /// Whether an attempt may leave this block.
    fileprivate func isLeft(by task: TaskID) -> Bool {
        switch self {
        case .stage(let job, let stage, let partition, _):
            job == task.job && stage == task.stage && partition == task.partition
        case .dataset(_, let partition): partition == task.partition
        }
    }
}
