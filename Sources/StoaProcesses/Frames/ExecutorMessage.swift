import StoaColumns
import StoaPlan
import StoaTasks

/// How an attempt ended, on its way to the driver's process.
package enum TaskAnswer: Hashable, Sendable {
    /// It left blocks; they are at a place when others may want to read them.
    case finished(TaskID, TaskReport, BlockPlace?)
    case failed(TaskID, TaskFailure)
    case cancelled(TaskID)
}

/// Grants of a place that an executor gives back because it reads there no more.
package struct ReturnedPlace: Hashable, Sendable {
    package let segment: SegmentID
    package let offset: Int
    package let grants: Int

    package init(segment: SegmentID, offset: Int, grants: Int) {
        self.segment = segment
        self.offset = offset
        self.grants = grants
    }
}

/// Where an output is, and how many blocks it has.
package struct PublishedOutput: Hashable, Sendable {
    package let place: BlockPlace
    package let blockCount: Int

    package init(place: BlockPlace, blockCount: Int) {
        self.place = place
        self.blockCount = blockCount
    }
}

/// What an executor tells the driver's process. Each is one frame.
package enum ExecutorMessage: Hashable, Sendable {
    /// The first message: who speaks, and the secret that it was started with.
    case register(token: String, process: Int)
    /// It has taken its settings and can be given tasks.
    case ready
    /// What could not be done as told, though it works as well without: binding threads to CPUs, or memory to a node.
    case remark(StoaError)
    /// It lives, how it is, and how far the tasks are that run.
    case heartbeat(ExecutorStatus)
    case answers([TaskAnswer])
    case returned([ReturnedPlace])
    case published(request: Int, PublishedOutput?)
    /// Asks for the place of an output of another executor.
    case fetch(request: Int, OutputLocation)
    case evicted([BlockID])
    case copied([BlockSummary])
    /// The answer to `drain`: all attempts that it had are answered.
    case drained
    /// The answer to `stop`, and the last message.
    case left
    /// It cannot go on; the last message.
    case failed(StoaError)
}

extension ExecutorMessage {
    private enum Kind: UInt8 {
        case register = 65
        case ready, heartbeat, answers, returned, published, fetch, evicted, copied, left, failed, remark, drained
    }

    private var kind: Kind {
        switch self {
        case .register: .register
        case .ready: .ready
        case .remark: .remark
        case .drained: .drained
        case .heartbeat: .heartbeat
        case .answers: .answers
        case .returned: .returned
        case .published: .published
        case .fetch: .fetch
        case .evicted: .evicted
        case .copied: .copied
        case .left: .left
        case .failed: .failed
        }
    }

    package func frame() throws(StoaError) -> Frame {
        var payload = PayloadWriter()
        switch self {
        case .register(let token, let process):
            payload.append(token)
            payload.append(process)
        case .remark(let error): try payload.append(json: error)
        case .heartbeat(let status): try payload.append(json: status)
        case .answers(let answers):
            payload.append(answers.count)
            for answer in answers { try Self.write(answer, to: &payload) }
        case .returned(let places):
            payload.append(places) { payload, place in
                payload.append(place.segment.value)
                payload.append(place.offset)
                payload.append(place.grants)
            }
        case .published(let request, let output):
            payload.append(request)
            payload.append(output) { payload, output in
                payload.append(output.place)
                payload.append(output.blockCount)
            }
        case .fetch(let request, let location):
            payload.append(request)
            payload.append(location.output)
            payload.append(location.executor.value)
        case .evicted(let blocks): payload.append(blocks) { $0.append($1) }
        case .copied(let blocks): payload.append(blocks) { $0.append($1) }
        case .ready, .drained, .left: break
        case .failed(let error): try payload.append(json: error)
        }
        return Frame(kind: kind.rawValue, payload: payload.bytes)
    }

    package init(_ frame: Frame) throws(StoaError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw Frame.damaged("it is of kind \(frame.kind)") }
        guard !frame.carriesDescriptor else { throw Frame.damaged("an executor sends no descriptors") }
        var reader = PayloadReader(frame.payload)
        self = try Self.read(kind, &reader)
        try reader.end()
    }

    private static func read(_ kind: Kind, _ reader: inout PayloadReader) throws(StoaError) -> ExecutorMessage {
        switch kind {
        case .register:
            let token = try reader.string()
            return .register(token: token, process: try reader.natural())
        case .ready: return .ready
        case .remark: return .remark(try reader.json(StoaError.self))
        case .drained: return .drained
        case .heartbeat: return .heartbeat(try reader.json(ExecutorStatus.self))
        case .answers: return .answers(try reader.array { (reader) throws(StoaError) in try answer(&reader) })
        case .returned:
            let places = try reader.array { (reader) throws(StoaError) in
                let segment = SegmentID(try reader.int(in: -1...Int.max))
                let offset = try reader.natural()
                return ReturnedPlace(segment: segment, offset: offset, grants: try reader.natural())
            }
            return .returned(places)
        case .published:
            let request = try reader.natural()
            let output = try reader.optional { (reader) throws(StoaError) in
                let place = try reader.place()
                return PublishedOutput(place: place, blockCount: try reader.natural())
            }
            return .published(request: request, output)
        case .fetch:
            let request = try reader.natural()
            let output = try reader.output()
            let executor = ExecutorID(try reader.natural())
            return .fetch(request: request, OutputLocation(output: output, executor: executor))
        case .evicted: return .evicted(try reader.array { (reader) throws(StoaError) in try reader.block() })
        case .copied: return .copied(try reader.array { (reader) throws(StoaError) in try reader.summary() })
        case .left: return .left
        case .failed: return .failed(try reader.json(StoaError.self))
        }
    }

    private static func write(_ answer: TaskAnswer, to payload: inout PayloadWriter) throws(StoaError) {
        switch answer {
        case .finished(let task, let report, let place):
            payload.append(0)
            payload.append(task)
            payload.append(report.blocks) { $0.append($1) }
            payload.append(report.metrics)
            payload.append(!report.operators.isEmpty)
            if !report.operators.isEmpty { try payload.append(json: report.operators) }
            payload.append(report.timing.startedAt)
            payload.append(report.timing.thread) { $0.append($1) }
            payload.append(!report.accumulators.isEmpty)
            if !report.accumulators.isEmpty { try payload.append(json: report.accumulators) }
            payload.append(place) { $0.append($1) }
        case .failed(let task, let failure):
            payload.append(1)
            payload.append(task)
            try payload.append(json: failure)
        case .cancelled(let task):
            payload.append(2)
            payload.append(task)
        }
    }

    private static func answer(_ reader: inout PayloadReader) throws(StoaError) -> TaskAnswer {
        let kind = try reader.int(in: 0...2)
        let task = try reader.task()
        switch kind {
        case 0:
            let blocks = try reader.array { (reader) throws(StoaError) in try reader.summary() }
            let metrics = try reader.metrics()
            let operators = try reader.bool() ? try reader.json([OperatorMetrics].self) : []
            var report = TaskReport(blocks: blocks, metrics: metrics, operators: operators)
            report.timing.startedAt = try reader.natural()
            report.timing.thread = try reader.optional { (reader) throws(StoaError) in try reader.natural() }
            if try reader.bool() { report.accumulators = try reader.json([AccumulatorUpdate].self) }
            return .finished(task, report, try reader.optional { (reader) throws(StoaError) in try reader.place() })
        case 1: return .failed(task, try reader.json(TaskFailure.self))
        default: return .cancelled(task)
        }
    }
}
