import StoaColumns
import StoaPlan
import StoaProcesses
import StoaTasks
import StoaTestSupport
import Testing

/// Commands and messages come back equal; bytes that are none throw, and never trap.
@Suite struct MessageTests {
    private var random = SplitMix64(seed: 21)

    // MARK: Random values

    private mutating func number() -> Int {
        random.chance(20) ? Int(random.next() >> 1) : random.below(1 << (1 + random.below(20)))
    }

    private mutating func task() -> TaskID {
        TaskID(job: JobID(number()), stage: StageID(random.below(9)), partition: number(), attempt: random.below(4) + 1)
    }

    private mutating func block() -> BlockID {
        random.chance(30)
            ? .dataset(DatasetID(number()), partition: number())
            : .stage(
                JobID(number()), StageID(random.below(9)), partition: number(),
                bucket: random.chance(50) ? random.below(16) : nil)
    }

    private mutating func some<Value>(_ make: (inout MessageTests) -> Value) -> [Value] {
        (0..<random.below(6)).map { _ in make(&self) }
    }

    private mutating func place() -> BlockPlace {
        BlockPlace(segment: random.chance(20) ? .driver : SegmentID(number()), offset: number(), byteCount: number())
    }

    private mutating func location() -> BlockLocation { BlockLocation(block: block(), executor: ExecutorID(number())) }

    private mutating func placed() -> PlacedOutput {
        PlacedOutput(location: OutputLocation(location()), place: place())
    }

    private mutating func slice() -> FileSlice {
        let part: FileSlice.Part
        switch random.below(3) {
        case 0:
            let start = random.below(1000)
            part = .bytes(start..<(start + random.below(1000)), firstRecord: number())
        case 1: part = .rowGroups(some { $0.number() })
        default: part = .batches(0..<random.below(10))
        }
        return FileSlice(
            path: "data/\(random.below(2)).csv", format: random.chance(50) ? .csv(CSVOptions()) : .parquet,
            fileSchema: Schema([Field("name", .utf8, isNullable: true), Field("x", .float64, isNullable: false)]),
            projection: [1], part: part,
            identity: FileIdentity(size: 5000, modified: 17, number: .max), rowCount: random.chance(50) ? number() : nil
        )
    }

    private mutating func input() -> TaskInput {
        random.chance(50) ? .file(slice()) : .blocks(some { $0.location() })
    }

    private mutating func error() -> StoaError {
        StoaError(.castFailed, "found '\(number())'", advice: "give ü", at: .init(row: number()), isRetryable: true)
    }

    private mutating func command() throws -> ExecutorCommand {
        let schema = Schema([Field("x", .int64, isNullable: false)])
        let kinds = 19
        switch random.below(kinds) {
        case 0:
            return .welcome(
                ExecutorSettings(
                    id: ExecutorID(3), name: "executor 3", threadCPUs: [[1], []], cpus: [1, 2], memoryNode: 1,
                    spinNanoseconds: 5, heartbeatNanoseconds: 7, memoryLimit: number(), spillFolder: "/tmp",
                    segmentByteCount: number(), isSharing: true))
        case 1: return .segment(random.chance(50) ? .driver : SegmentID(number()), byteCount: number())
        case 2: return .closeSegment(SegmentID(number()))
        case 3: return .work(number(), try EncodedWork(TaskWork(plan: .input(0, schema), output: .block)))
        case 4: return .forgetWork(some { $0.number() })
        case 5:
            return .tasks(
                some { test in
                    TaskAssignment(id: test.task(), work: test.number(), inputs: test.some { $0.input() })
                }, inputs: some { $0.placed() })
        case 6: return .cancel(some { $0.task() })
        case 7: return .drop(some { $0.block() })
        case 8: return .forget(some { $0.block() })
        case 9: return .free(some { $0.number() })
        case 10: return .adopt(block(), place())
        case 11: return .copy(some { $0.location() }, inputs: some { $0.placed() })
        case 12: return .publish(request: number(), OutputID(block()))
        case 13: return .fetched(request: number(), random.chance(50) ? place() : nil)
        case 14: return .sharing(random.chance(50))
        case 15: return .broadcast(BroadcastID(number()), (0..<random.below(9)).map { _ in UInt8(random.below(256)) })
        case 16: return .forgetBroadcasts(some { BroadcastID($0.number()) })
        case 17: return .drain
        default: return .stop
        }
    }

    private mutating func message() -> ExecutorMessage {
        switch random.below(13) {
        case 0: return .register(token: "ab\(number())", process: number())
        case 1: return .ready
        case 2:
            return .heartbeat(
                ExecutorStatus(
                    memoryUsed: number(), memoryLimit: number(), runningTasks: 3,
                    progress: some { TaskProgress(task: $0.task(), rowsRead: $0.number(), bytesRead: $0.number()) }))
        case 3: return .answers(some { $0.answer() })
        case 4:
            return .returned(
                some { test in
                    ReturnedPlace(
                        segment: SegmentID(test.number()), offset: test.number(), grants: test.random.below(5))
                })
        case 5:
            return .published(
                request: number(),
                random.chance(50) ? PublishedOutput(place: place(), blockCount: number()) : nil)
        case 6: return .fetch(request: number(), OutputLocation(location()))
        case 7: return .evicted(some { $0.block() })
        case 8: return .copied(some { BlockSummary(id: $0.block(), rowCount: $0.number(), byteCount: $0.number()) })
        case 9: return .left
        case 10: return .remark(error())
        case 11: return .drained
        default: return .failed(error())
        }
    }

    private mutating func answer() -> TaskAnswer {
        switch random.below(3) {
        case 0:
            var metrics = TaskMetrics()
            (metrics.rowsRead, metrics.bytesRead, metrics.rowsWritten) = (number(), number(), number())
            (metrics.bytesWritten, metrics.nanoseconds) = (number(), number())
            var operators: [OperatorMetrics] = []
            if random.chance(30) {
                operators = [OperatorMetrics()]
                operators[0].strategies = ["dense": 2]
            }
            var report = TaskReport(
                blocks: some { BlockSummary(id: $0.block(), rowCount: $0.number(), byteCount: $0.number()) },
                metrics: metrics, operators: operators)
            report.timing = TaskReport.Timing(startedAt: number(), thread: random.chance(50) ? number() : nil)
            return .finished(task(), report, random.chance(50) ? place() : nil)
        case 1: return .failed(task(), TaskFailure(error(), missingBlocks: some { $0.location() }))
        default: return .cancelled(task())
        }
    }

    // MARK: Tests

    @Test mutating func commandsComeBack() throws {
        for _ in 0..<3000 {
            let command = try command()
            #expect(try ExecutorCommand(command.frame()) == command)
        }
    }

    @Test mutating func messagesComeBack() throws {
        for _ in 0..<3000 {
            let message = message()
            #expect(try ExecutorMessage(message.frame()) == message)
        }
    }

    /// Payloads that a broken program would send behind a right checksum.
    @Test mutating func damagedPayloadsThrow() throws {
        var refused = 0
        for _ in 0..<20_000 {
            let frame = random.chance(50) ? try command().frame() : try message().frame()
            var payload = frame.payload
            switch random.below(4) {
            case 0: payload.removeLast(min(payload.count, random.below(9) + 1))
            case 1: payload += [UInt8(random.below(256))]
            case 2 where !payload.isEmpty: payload[random.below(payload.count)] = UInt8(random.below(256))
            default: payload = (0..<random.below(40)).map { _ in UInt8(random.below(256)) }
            }
            let kind = random.chance(20) ? UInt8(random.below(256)) : frame.kind
            let damaged = Frame(kind: kind, payload: payload, carriesDescriptor: frame.carriesDescriptor)
            for read in [{ _ = try ExecutorCommand(damaged) }, { _ = try ExecutorMessage(damaged) }] {
                do {
                    try read()
                } catch let error as StoaError {
                    refused += 1
                    #expect(error.code == .executorLost)
                }
            }
        }
        #expect(refused > 20_000)
    }
}
