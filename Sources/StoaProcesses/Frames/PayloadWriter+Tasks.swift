import StoaColumns
import StoaPlan
import StoaTasks

// The values that go along with every task, in as few bytes and as little time as they need.

extension PayloadWriter {
    mutating func append(_ task: TaskID) {
        append(task.job.value)
        append(task.stage.value)
        append(task.partition)
        append(task.attempt)
    }

    mutating func append(_ block: BlockID) {
        switch block {
        case .stage(let job, let stage, let partition, let bucket):
            append(0)
            append(job.value)
            append(stage.value)
            append(partition)
            append(bucket ?? -1)
        case .dataset(let dataset, let partition):
            append(1)
            append(dataset.value)
            append(partition)
        }
    }

    mutating func append(_ location: BlockLocation) {
        append(location.block)
        append(location.executor.value)
    }

    mutating func append(_ output: OutputID) {
        switch output {
        case .stage(let job, let stage, let partition):
            append(0)
            append(job.value)
            append(stage.value)
            append(partition)
        case .dataset(let dataset, let partition):
            append(1)
            append(dataset.value)
            append(partition)
        }
    }

    mutating func append(_ place: BlockPlace) {
        append(place.segment.value)
        append(place.offset)
        append(place.byteCount)
    }

    mutating func append(_ block: PlacedOutput) {
        append(block.location.output)
        append(block.location.executor.value)
        append(block.place)
    }

    mutating func append(_ summary: BlockSummary) {
        append(summary.id)
        append(summary.rowCount)
        append(summary.byteCount)
    }

    mutating func append(_ metrics: TaskMetrics) {
        for number in [
            metrics.rowsRead, metrics.bytesRead, metrics.rowsWritten, metrics.bytesWritten, metrics.nanoseconds,
        ] { append(number) }
    }

    /// The slice; `last` is the one before it in the same payload, whose file it usually shares.
    mutating func append(_ slice: FileSlice, after last: inout FileSlice?) throws(StoaError) {
        let isSameFile = last.map { $0.isOfSameScan(as: slice) } ?? false
        append(isSameFile)
        if !isSameFile { try append(json: slice) }
        last = slice
        switch slice.part {
        case .bytes(let range, let firstRecord):
            append(0)
            append(range.lowerBound)
            append(range.upperBound)
            append(firstRecord)
        case .rowGroups(let groups):
            append(1)
            append(groups) { $0.append($1) }
        case .batches(let range):
            append(2)
            append(range.lowerBound)
            append(range.upperBound)
        }
        append(slice.rowCount) { $0.append($1) }
    }
}

extension PayloadReader {
    mutating func task() throws(StoaError) -> TaskID {
        let job = JobID(try natural())
        let stage = StageID(try natural())
        let partition = try natural()
        return TaskID(job: job, stage: stage, partition: partition, attempt: try natural())
    }

    mutating func block() throws(StoaError) -> BlockID {
        switch try output() {
        case .stage(let job, let stage, let partition):
            let bucket = try int(in: -1...Int.max)
            return .stage(job, stage, partition: partition, bucket: bucket < 0 ? nil : bucket)
        case .dataset(let dataset, let partition): return .dataset(dataset, partition: partition)
        }
    }

    mutating func location() throws(StoaError) -> BlockLocation {
        let block = try block()
        return BlockLocation(block: block, executor: ExecutorID(try natural()))
    }

    mutating func output() throws(StoaError) -> OutputID {
        if try int(in: 0...1) == 0 {
            let job = JobID(try natural())
            let stage = StageID(try natural())
            return .stage(job, stage, partition: try natural())
        }
        let dataset = DatasetID(try natural())
        return .dataset(dataset, partition: try natural())
    }

    mutating func place() throws(StoaError) -> BlockPlace {
        let segment = SegmentID(try int(in: -1...Int.max))
        let offset = try natural()
        return BlockPlace(segment: segment, offset: offset, byteCount: try natural())
    }

    mutating func placedOutput() throws(StoaError) -> PlacedOutput {
        let output = try output()
        let executor = ExecutorID(try natural())
        return PlacedOutput(location: OutputLocation(output: output, executor: executor), place: try place())
    }

    mutating func summary() throws(StoaError) -> BlockSummary {
        let id = try block()
        let rowCount = try natural()
        return BlockSummary(id: id, rowCount: rowCount, byteCount: try natural())
    }

    mutating func metrics() throws(StoaError) -> TaskMetrics {
        var metrics = TaskMetrics()
        metrics.rowsRead = try natural()
        metrics.bytesRead = try natural()
        metrics.rowsWritten = try natural()
        metrics.bytesWritten = try natural()
        metrics.nanoseconds = try natural()
        return metrics
    }

    mutating func slice(after last: inout FileSlice?) throws(StoaError) -> FileSlice {
        let file: FileSlice
        if try bool() {
            guard let last else { throw Frame.damaged("it speaks of a file that it has not named") }
            file = last
        } else {
            file = try json(FileSlice.self)
        }
        last = file
        let part: FileSlice.Part
        switch try int(in: 0...2) {
        case 0:
            let range = try range()
            part = .bytes(range, firstRecord: try natural())
        case 1: part = .rowGroups(try array { (reader) throws(StoaError) in try reader.natural() })
        default: part = .batches(try range())
        }
        let rowCount = try optional { (reader) throws(StoaError) in try reader.natural() }
        return FileSlice(
            path: file.path, format: file.format, fileSchema: file.fileSchema, projection: file.projection, part: part,
            identity: file.identity, rowCount: rowCount)
    }

    private mutating func range() throws(StoaError) -> Range<Int> {
        let lower = try natural()
        return lower..<(try int(in: lower...Int.max))
    }
}

extension FileSlice {
    /// Whether the two differ in their rows only.
    fileprivate func isOfSameScan(as other: FileSlice) -> Bool {
        path == other.path && identity == other.identity && projection == other.projection && format == other.format
            && fileSchema == other.fileSchema
    }
}
