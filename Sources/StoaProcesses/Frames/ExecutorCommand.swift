import StoaColumns
import StoaPlan
import StoaTasks

/// An output and where its bytes are.
package struct PlacedOutput: Hashable, Sendable {
    package let location: OutputLocation
    package let place: BlockPlace

    package init(location: OutputLocation, place: BlockPlace) {
        self.location = location
        self.place = place
    }
}

/// One attempt on its way to an executor, which knows its work by a number.
package struct TaskAssignment: Hashable, Sendable {
    package let id: TaskID
    package let work: Int
    package let inputs: [TaskInput]

    package init(id: TaskID, work: Int, inputs: [TaskInput]) {
        self.id = id
        self.work = work
        self.inputs = inputs
    }
}

/// What the driver's process tells an executor. Each is one frame.
package enum ExecutorCommand: Hashable, Sendable {
    /// The answer to its registration. The descriptor of its own segment comes along.
    case welcome(ExecutorSettings)
    /// A segment of others, to be read from now on. Its descriptor comes along.
    case segment(SegmentID, byteCount: Int)
    /// A segment whose owner is gone: what is read of it stays, nothing new comes.
    case closeSegment(SegmentID)
    /// What the tasks of a stage have in common, by a number.
    case work(Int, EncodedWork)
    /// Numbers of work of which no task will come.
    case forgetWork([Int])
    /// A value that functions of the user read by this name, encoded.
    case broadcast(BroadcastID, [UInt8])
    /// Names of values that nobody will read any more.
    case forgetBroadcasts([BroadcastID])
    /// Attempts to run, and the places of their inputs that other executors left. Each place counts as one grant.
    case tasks([TaskAssignment], inputs: [PlacedOutput])
    case cancel([TaskID])
    /// Blocks of this executor that nobody needs.
    case drop([BlockID])
    /// Blocks of other executors that nobody needs: what was built from them goes.
    case forget([BlockID])
    /// Offsets of places in its segment that nobody reads any more.
    case free([Int])
    /// A block in the driver's segment that is this executor's from now on. The place counts as one grant.
    case adopt(BlockID, BlockPlace)
    /// Blocks to copy into its own memory; the places count as one grant each.
    case copy([BlockLocation], inputs: [PlacedOutput])
    /// Asks for the place of an output of its own, to be answered with `published`.
    case publish(request: Int, OutputID)
    /// The answer to `fetch`: nil when the output is nowhere. A place counts as one grant.
    case fetched(request: Int, BlockPlace?)
    /// Whether other executors may read what it leaves in buckets.
    case sharing(Bool)
    /// Finish what runs, take no more attempts, and answer `drained`.
    case drain
    /// Answer `left` and end.
    case stop
}

/// What an executor needs to know of itself.
package struct ExecutorSettings: Hashable, Codable, Sendable {
    package var id: ExecutorID
    package var name: String
    /// The CPUs of each task thread; empty for one that is not pinned.
    package var threadCPUs: [[Int]]
    /// The CPUs of its other threads; empty when they are not pinned.
    package var cpus: [Int]
    /// The memory node that its memory is to be on; nil for any.
    package var memoryNode: Int?
    package var spinNanoseconds: Int
    package var heartbeatNanoseconds: Int
    /// Bytes that its tasks and blocks take at most.
    package var memoryLimit: Int?
    /// Where what does not fit goes; nil for the folder of temporary files.
    package var spillFolder: String?
    /// Bytes of its own segment, most of them without memory.
    package var segmentByteCount: Int
    /// See `ExecutorCommand.sharing`.
    package var isSharing: Bool

    package init(
        id: ExecutorID, name: String, threadCPUs: [[Int]], cpus: [Int], memoryNode: Int?, spinNanoseconds: Int,
        heartbeatNanoseconds: Int, memoryLimit: Int?, spillFolder: String?, segmentByteCount: Int, isSharing: Bool
    ) {
        self.id = id
        self.name = name
        self.threadCPUs = threadCPUs
        self.cpus = cpus
        self.memoryNode = memoryNode
        self.spinNanoseconds = spinNanoseconds
        self.heartbeatNanoseconds = heartbeatNanoseconds
        self.memoryLimit = memoryLimit
        self.spillFolder = spillFolder
        self.segmentByteCount = segmentByteCount
        self.isSharing = isSharing
    }
}

extension ExecutorCommand {
    private enum Kind: UInt8 {
        case welcome = 1
        case segment, closeSegment, work, forgetWork, tasks, cancel, drop, forget, free, adopt, copy, publish, fetched
        case sharing, stop, broadcast, forgetBroadcasts, drain
    }

    private var kind: Kind {
        switch self {
        case .welcome: .welcome
        case .segment: .segment
        case .closeSegment: .closeSegment
        case .work: .work
        case .forgetWork: .forgetWork
        case .broadcast: .broadcast
        case .forgetBroadcasts: .forgetBroadcasts
        case .tasks: .tasks
        case .cancel: .cancel
        case .drop: .drop
        case .forget: .forget
        case .free: .free
        case .adopt: .adopt
        case .copy: .copy
        case .publish: .publish
        case .fetched: .fetched
        case .sharing: .sharing
        case .drain: .drain
        case .stop: .stop
        }
    }

    private var carriesDescriptor: Bool {
        switch self {
        case .welcome, .segment: true
        default: false
        }
    }

    package func frame() throws(StoaError) -> Frame {
        var payload = PayloadWriter()
        switch self {
        case .welcome(let settings): try payload.append(json: settings)
        case .segment(let id, let byteCount):
            payload.append(id.value)
            payload.append(byteCount)
        case .closeSegment(let id): payload.append(id.value)
        case .work(let number, let work):
            payload.append(number)
            payload.append(work.bytes)
        case .forgetWork(let numbers): payload.append(numbers) { $0.append($1) }
        case .broadcast(let id, let value):
            payload.append(id.value)
            payload.append(value)
        case .forgetBroadcasts(let ids): payload.append(ids) { $0.append($1.value) }
        case .tasks(let tasks, let inputs):
            try Self.write(tasks, to: &payload)
            payload.append(inputs) { $0.append($1) }
        case .cancel(let tasks): payload.append(tasks) { $0.append($1) }
        case .drop(let blocks), .forget(let blocks): payload.append(blocks) { $0.append($1) }
        case .free(let offsets): payload.append(offsets) { $0.append($1) }
        case .adopt(let block, let place):
            payload.append(block)
            payload.append(place)
        case .copy(let blocks, let inputs):
            payload.append(blocks) { $0.append($1) }
            payload.append(inputs) { $0.append($1) }
        case .publish(let request, let output):
            payload.append(request)
            payload.append(output)
        case .fetched(let request, let place):
            payload.append(request)
            payload.append(place) { $0.append($1) }
        case .sharing(let isSharing): payload.append(isSharing)
        case .drain, .stop: break
        }
        return Frame(kind: kind.rawValue, payload: payload.bytes, carriesDescriptor: carriesDescriptor)
    }

    package init(_ frame: Frame) throws(StoaError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw Frame.damaged("it is of kind \(frame.kind)") }
        var reader = PayloadReader(frame.payload)
        self = try Self.read(kind, &reader)
        try reader.end()
        guard frame.carriesDescriptor == carriesDescriptor else { throw Frame.damaged("a descriptor is missing") }
    }

    private static func read(_ kind: Kind, _ reader: inout PayloadReader) throws(StoaError) -> ExecutorCommand {
        switch kind {
        case .welcome: return .welcome(try reader.json(ExecutorSettings.self))
        case .segment:
            let id = SegmentID(try reader.int(in: -1...Int.max))
            return .segment(id, byteCount: try reader.natural())
        case .closeSegment: return .closeSegment(SegmentID(try reader.int(in: -1...Int.max)))
        case .work:
            let number = try reader.natural()
            return .work(number, try .decoding(try reader.byteArray()))
        case .forgetWork: return .forgetWork(try numbers(&reader))
        case .broadcast:
            let id = BroadcastID(try reader.natural())
            return .broadcast(id, try reader.byteArray())
        case .forgetBroadcasts: return .forgetBroadcasts(try numbers(&reader).map { BroadcastID($0) })
        case .tasks:
            let tasks = try tasks(&reader)
            return .tasks(tasks, inputs: try placedOutputs(&reader))
        case .cancel: return .cancel(try reader.array { (reader) throws(StoaError) in try reader.task() })
        case .drop: return .drop(try blocks(&reader))
        case .forget: return .forget(try blocks(&reader))
        case .free: return .free(try numbers(&reader))
        case .adopt:
            let block = try reader.block()
            return .adopt(block, try reader.place())
        case .copy:
            let blocks = try reader.array { (reader) throws(StoaError) in try reader.location() }
            return .copy(blocks, inputs: try placedOutputs(&reader))
        case .publish:
            let request = try reader.natural()
            return .publish(request: request, try reader.output())
        case .fetched:
            let request = try reader.natural()
            let place = try reader.optional { (reader) throws(StoaError) in try reader.place() }
            return .fetched(request: request, place)
        case .sharing: return .sharing(try reader.bool())
        case .drain: return .drain
        case .stop: return .stop
        }
    }

    private static func numbers(_ reader: inout PayloadReader) throws(StoaError) -> [Int] {
        try reader.array { (reader) throws(StoaError) in try reader.natural() }
    }

    private static func blocks(_ reader: inout PayloadReader) throws(StoaError) -> [BlockID] {
        try reader.array { (reader) throws(StoaError) in try reader.block() }
    }

    private static func placedOutputs(_ reader: inout PayloadReader) throws(StoaError) -> [PlacedOutput] {
        try reader.array { (reader) throws(StoaError) in try reader.placedOutput() }
    }

    // Tasks that follow each other mostly share their work, the attempt, and a file.
    private static func write(_ tasks: [TaskAssignment], to payload: inout PayloadWriter) throws(StoaError) {
        var lastSlice: FileSlice?
        payload.append(tasks.count)
        for task in tasks {
            payload.append(task.id)
            payload.append(task.work)
            payload.append(task.inputs.count)
            for input in task.inputs {
                switch input {
                case .file(let slice):
                    payload.append(0)
                    try payload.append(slice, after: &lastSlice)
                case .blocks(let locations):
                    payload.append(1)
                    payload.append(locations) { $0.append($1) }
                }
            }
        }
    }

    private static func tasks(_ reader: inout PayloadReader) throws(StoaError) -> [TaskAssignment] {
        var lastSlice: FileSlice?
        return try reader.array { (reader) throws(StoaError) in
            let id = try reader.task()
            let work = try reader.natural()
            let inputs = try reader.array { (reader) throws(StoaError) -> TaskInput in
                if try reader.int(in: 0...1) == 0 { return .file(try reader.slice(after: &lastSlice)) }
                return .blocks(try reader.array { (reader) throws(StoaError) in try reader.location() })
            }
            return TaskAssignment(id: id, work: work, inputs: inputs)
        }
    }
}
