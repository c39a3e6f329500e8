import StoaColumns

extension PlannedQuery {
    /// The plan as written, after the rules, and in stages: what `explain()` prints.
    package var explanation: String {
        let parts = [
            ["Logical plan"] + logical.tree.lines(indent: 1),
            ["Optimised plan"] + optimized.tree.lines(indent: 1),
            ["Stages"] + zip(graph.stages, notes).flatMap { Self.lines(of: $0, notes: $1) },
        ]
        return parts.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private static func lines(of stage: Stage, notes: [String]) -> [String] {
        var lines = ["  \(stage.header)"]
        lines += notes.map { "    note: \($0)" }
        for (number, pipeline) in stage.pipelines.enumerated() {
            lines += stage.pipelineHeader(number) + pipeline.tree.lines(indent: 2) + stage.inputLines(pipeline: number)
        }
        return lines
    }
}

extension Stage {
    /// Its name, what it does, and where its rows go.
    var header: String { "\(id): \(label); \(Quantities.count(tasks.count, "task")), \(output.line(schema))" }

    /// Which of several pipelines follows.
    func pipelineHeader(_ number: Int) -> [String] {
        if pipelines.count == 1 { return [] }
        return ["    pipeline \(number), \(tasks.count { $0.pipeline == number }) of the tasks"]
    }

    /// What the tasks of a pipeline read.
    func inputLines(pipeline: Int) -> [String] {
        let tasks = tasks.filter { $0.pipeline == pipeline }
        return (tasks.first?.inputs.indices ?? 0..<0).map { input in
            "    input \(input): \(StageInput.summary(tasks.map { $0.inputs[input] }))"
        }
    }
}

extension StageOutput {
    /// Where the rows go, in words.
    fileprivate func line(_ schema: Schema) -> String {
        switch self {
        case .block: "one block each"
        case .buckets(let keys, let count):
            "\(count) buckets each by \(keys.map { $0.named(by: schema).description }.joined(separator: ", "))"
        case .persist(let id, let level): level == .memory ? "kept as \(id)" : "kept as \(id), \(level)"
        case .files(let sinks):
            sinks.count == 1 ? "file \(sinks[0].path)" : "\(sinks.count) files, from \(sinks[0].path)"
        }
    }
}

extension StageInput {
    /// What the tasks of a stage read as one of their inputs.
    fileprivate static func summary(_ inputs: [StageInput]) -> String {
        guard let first = inputs.first else { return "nothing" }
        switch first {
        case .file:
            var paths: [String] = []
            var rows: Int? = 0
            for case .file(let slice) in inputs {
                if !paths.contains(slice.path) { paths.append(slice.path) }
                rows = rows.flatMap { total in slice.rowCount.map { total + $0 } }
            }
            let files = paths.count == 1 ? paths[0] : "\(paths.count) files, from \(paths[0])"
            let slices = inputs.count == 1 ? "1 slice" : "\(inputs.count) slices"
            return "\(slices) of \(files)\(rows.map { ", \($0) rows" } ?? "")"
        case .blocks(let stage, let partitions, let bucket):
            let isShared = inputs.allSatisfy { $0 == first }
            if bucket != nil, !isShared { return "a bucket each from \(partitions.count) tasks of \(stage)" }
            if !isShared { return "up to \(partitions.count) blocks each of \(stage)" }
            return partitions.count == 1 ? "the block of \(stage)" : "all \(partitions.count) blocks of \(stage)"
        case .dataset(let id, _): return "\(count(inputs)) of \(id)"
        case .materialized(let stage, let id, _): return "\(count(inputs)) of \(id) from \(stage)"
        }
    }

    private static func count(_ inputs: [StageInput]) -> String {
        let count = Set(inputs).count
        return count == 1 ? "1 partition" : "\(count) partitions"
    }
}
