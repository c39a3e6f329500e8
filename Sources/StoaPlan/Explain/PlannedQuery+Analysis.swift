import StoaColumns

extension PlannedQuery {
    /// The stages with what they did: what `explain(.analyze)` prints.
    ///
    /// Every operator is followed by its rows, their bytes, the time in the operator itself summed over the tasks, and the
    /// bytes per second that it took in; of a file the bytes that came out.
    ///
    /// - Parameter measurements: one a stage.
    package func analysis(_ measurements: [StageMeasurement], nanoseconds: Int) -> String {
        var lines = ["Stages"]
        for ((stage, notes), measured) in zip(zip(graph.stages, notes), measurements) {
            lines += Self.lines(of: stage, notes: notes, measured)
        }
        lines.append("Total: \(Quantities.time(nanoseconds: nanoseconds))")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of stage: Stage, notes: [String], _ measured: StageMeasurement) -> [String] {
        let isComputed = measured.operators.contains { !$0.isEmpty } || stage.tasks.isEmpty
        var lines = [
            "  \(stage.header)"
                + (isComputed
                    ? " [\(Quantities.time(nanoseconds: measured.nanoseconds)), "
                        + "tasks \(Quantities.time(nanoseconds: measured.taskNanoseconds))]"
                    : " [executors held it already]")
        ]
        lines += notes.map { "    note: \($0)" }
        if !isComputed { return lines }
        for (number, pipeline) in stage.pipelines.enumerated() {
            lines += stage.pipelineHeader(number)
            let metrics = measured.operators[number]
            if metrics.isEmpty { continue }
            var place = 0
            lines += Self.lines(of: pipeline, metrics, place: &place, indent: 2, in: stage, pipeline: number)
            lines += stage.inputLines(pipeline: number)
        }
        let inOperators = measured.operators.joined().reduce(0) { $0 + $1.nanoseconds }
        let output = Self.list([
            Quantities.count(measured.rowsWritten, "row"), Quantities.bytes(measured.bytesWritten),
            Quantities.time(nanoseconds: max(0, measured.taskNanoseconds - inOperators)),
        ])
        return lines + ["    output\(output)"]
    }

    private static func lines(
        of plan: PhysicalPlan, _ metrics: [OperatorMetrics], place: inout Int, indent: Int, in stage: Stage,
        pipeline: Int
    ) -> [String] {
        let own = metrics[place]
        place += 1
        let inputs = plan.inputs
        var bytesIn = 0
        var below: [String] = []
        for input in inputs {
            // What a fused operator gives is never made: the one above reads what the first one below that is not gives.
            bytesIn += metrics[place...].first { !$0.isFused }?.byteCount ?? 0
            below += lines(of: input, metrics, place: &place, indent: indent + 1, in: stage, pipeline: pipeline)
        }
        if case .input(let number, _) = plan, stage.readsFile(input: number, pipeline: pipeline) {
            bytesIn = own.byteCount
        }
        let rows = own.rowCount.map { Quantities.count($0, "row") }
        let numbers = [
            rows, Quantities.bytes(own.byteCount),
            Quantities.time(nanoseconds: own.nanoseconds),
            Quantities.rate(bytes: bytesIn, nanoseconds: own.nanoseconds),
        ]
        let margin = String(repeating: "  ", count: indent)
        if own.isFused { return ["\(margin)\(plan.line)\(list([rows, "within the operator above"]))"] + below }
        return ["\(margin)\(plan.line)\(list(numbers))"] + own.strategyLines.map { "\(margin)  strategy: \($0)" }
            + below
    }

    private static func list(_ numbers: [String?]) -> String {
        " [\(numbers.compactMap { $0 }.joined(separator: ", "))]"
    }
}

extension OperatorMetrics {
    /// The ways it went, the most frequent first; with numbers of tasks when they differ.
    fileprivate var strategyLines: [String] {
        let sorted = strategies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if sorted.count == 1 { return [sorted[0].key] }
        return sorted.map { "\(Quantities.count($0.value, "task")): \($0.key)" }
    }
}

extension Stage {
    fileprivate func readsFile(input: Int, pipeline: Int) -> Bool {
        guard let inputs = tasks.first(where: { $0.pipeline == pipeline })?.inputs, inputs.indices.contains(input),
            case .file = inputs[input]
        else { return false }
        return true
    }
}
