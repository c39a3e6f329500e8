import StoaColumns
import StoaPlan

/// The rows of a stage graph, stage by stage and task by task: blocks go where the stages say.
struct StageInterpreter {
    let catalog: DataCatalog
    /// Blocks by stage, partition and bucket.
    private var blocks: [StageID: [[[[Value]]]]] = [:]

    init(catalog: DataCatalog) { self.catalog = catalog }

    mutating func run(_ graph: StageGraph) throws -> [[Value]] {
        for stage in graph.stages {
            precondition(stage.parents.allSatisfy { $0 < stage.id }, "parents come first")
            blocks[stage.id] = try stage.tasks.map { task in
                let inputs = task.inputs.map(rows)
                let result = try interpret(stage.pipelines[task.pipeline], inputs.map { $0.flatMap { $0 } }, inputs)
                return try bucketed(result, stage.output)
            }
        }
        return blocks[graph.result.id, default: []].flatMap { $0.flatMap { $0 } }
    }

    /// The blocks of an input.
    private func rows(_ input: StageInput) -> [[[Value]]] {
        switch input {
        case .file(let slice): [catalog.rows(of: slice)]
        case .dataset(let id, let partition): [catalog.held[id, default: []][partition]]
        case .materialized(let stage, _, let partition): [blocks[stage, default: []][partition][0]]
        case .blocks(let stage, let partitions, let bucket):
            partitions.map { blocks[stage, default: []][$0][bucket ?? 0] }
        }
    }

    private func bucketed(_ rows: [[Value]], _ output: StageOutput) throws -> [[[Value]]] {
        guard case .buckets(let keys, let count) = output else { return [rows] }
        var buckets: [[[Value]]] = Array(repeating: [], count: count)
        for row in rows {
            let hash = try keys.map { try evaluate($0, row) }.description.utf8.reduce(UInt64(5381)) {
                ($0 &* 33) ^ UInt64($1)
            }
            buckets[Int(hash % UInt64(count))].append(row)
        }
        return buckets
    }

    private func interpret(_ plan: PhysicalPlan, _ inputs: [[[Value]]], _ inputBlocks: [[[[Value]]]]) throws
        -> [[Value]]
    {
        func run(_ plan: PhysicalPlan) throws -> [[Value]] { try interpret(plan, inputs, inputBlocks) }
        switch plan {
        case .input(let number, _): return inputs[number]
        case .filter(let condition, let input): return try filter(condition, run(input))
        case .project(let expressions, _, let input): return try project(expressions, run(input))
        case .aggregate(let aggregation, let input):
            let rows = try run(input)
            let aggregates = aggregation.aggregates
            let states =
                aggregation.phase.readsStates
                ? merged(aggregation.keys.count, aggregates.count, rows.map { unpadded($0, aggregation) })
                : try grouped(aggregation.keys, aggregates, rows)
            if aggregation.phase.givesStates { return states.map { padded($0, aggregation) } }
            return try states.map { try finish(aggregates, $0, aggregation.keys.count) }
        case .topRows(let top, let input): return try topRows(top, run(input))
        case .join(let join, let build, let probe):
            let rows = (build: try run(build), probe: try run(probe))
            let isLeft = join.buildSide == .left
            return try joined(
                join.kind, left: isLeft ? rows.build : rows.probe, right: isLeft ? rows.probe : rows.build,
                isLeft ? join.buildKeys : join.probeKeys, isLeft ? join.probeKeys : join.buildKeys, join.output)
        case .sort(let keys, let limit, let input):
            let sorted = try sort(keys, run(input))
            return limit.map { Array(sorted.prefix($0)) } ?? sorted
        case .mergeSorted(let keys, let limit, .input(let number, _)):
            for block in inputBlocks[number] {
                let isSorted = try sort(keys, block) == block
                precondition(isSorted, "a block is not sorted")
            }
            let sorted = try sort(keys, inputs[number])
            return limit.map { Array(sorted.prefix($0)) } ?? sorted
        case .limit(let skip, let count, let input): return Array(try run(input).dropFirst(skip).prefix(count))
        case .mergeSorted, .map, .userAggregate: preconditionFailure("the reference has no \(plan)")
        }
    }

    /// A state row as wide as the schema of states says: what was seen in the first column of each aggregate.
    private func padded(_ state: [Value], _ aggregation: Aggregation) -> [Value] {
        let row =
            Array(state.prefix(aggregation.keys.count))
            + zip(state.dropFirst(aggregation.keys.count), aggregation.aggregates).flatMap { seen, aggregate in
                [seen] + Array(repeating: .null, count: aggregate.stateTypes.count - 1)
            }
        precondition(row.count == aggregation.schema.count, "a state has \(row.count) columns")
        return row
    }

    private func unpadded(_ row: [Value], _ aggregation: Aggregation) -> [Value] {
        var state = Array(row.prefix(aggregation.keys.count))
        var column = aggregation.keys.count
        for aggregate in aggregation.aggregates {
            state.append(row[column])
            column += aggregate.stateTypes.count
        }
        precondition(row.count == column, "a state of \(column) columns has \(row.count)")
        return state
    }
}
