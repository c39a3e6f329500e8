import StoaColumns
import StoaPlan
import StoaTasks

extension TaskContext {
    /// The operators of a plan that gives rows.
    ///
    /// - Parameter path: where the plan stands below the joins of the task's plan, 0 for a probe and 1 for a build side.
    func source(of plan: PhysicalPlan, at path: [UInt8] = []) throws(StoaError) -> any BatchSource {
        switch plan {
        case .input(let number, let schema):
            return try InputSource(number, schema: schema, of: self)
        case .join(let join, let build, let probe):
            return try source(of: join, build: build, probe: probe, at: path)
        case .sort(let keys, let limit, let input):
            return try SortOperator(
                keys, limit: limit, input: source(of: input, at: path), cancellation: cancellation)
        case .mergeSorted(let keys, let limit, let input):
            guard case .input(let number, let schema) = input else {
                throw StoaError(.engineFailed, source: .engine, "sorted blocks to be merged are no input of the task")
            }
            return try MergeSortedOperator(keys, limit: limit, input: number, schema: schema, of: self)
        case .filter(let condition, let input):
            return try FilterOperator(condition, input: source(of: input, at: path))
        case .project(let expressions, let schema, let input):
            return try ProjectOperator(expressions, schema: schema, input: source(of: input, at: path))
        case .aggregate(let aggregation, let input):
            if case .aggregate(let distinct, let source) = input,
                let counted = try DistinctCountOperator.make(
                    aggregation, over: distinct,
                    input: { [self] () throws(StoaError) in try self.source(of: source, at: path) },
                    cancellation: cancellation)
            {
                return counted
            }
            let input = try source(of: input, at: path)
            if aggregation.phase == .partial, aggregation.aggregates.isEmpty, !aggregation.keys.isEmpty {
                return try PartialDistinctOperator(aggregation, input: input, cancellation: cancellation)
            }
            return try AggregateOperator(aggregation, input: input, cancellation: cancellation)
        case .topRows(let top, let input):
            return try TopRowsOperator(top, input: source(of: input, at: path), cancellation: cancellation)
        case .limit(let skip, let count, let input):
            return LimitOperator(skip: skip, count: count, input: try source(of: input, at: path))
        case .map(let function, let schema, let input):
            return try MapOperator(function, schema: schema, input: source(of: input, at: path))
        case .userAggregate(let function, _, _):
            throw StoaError(
                .engineFailed, source: .engine,
                "the state of '\(function.printedTypeName)' is read as rows within a task")
        }
    }

    /// A join; its build side is shared between the executor's tasks of this stage when it is the same for all of them.
    private func source(
        of join: HashJoin, build: PhysicalPlan, probe: PhysicalPlan, at path: [UInt8]
    ) throws(StoaError) -> any BatchSource {
        let makeBuild = { [self] () throws(StoaError) -> JoinBuild in
            try JoinBuild(join, from: source(of: build, at: path + [1]), cancellation: cancellation)
        }
        let probe = try source(of: probe, at: path + [0])
        return try HashJoinOperator(join, probe: probe, cancellation: cancellation) {
            [self] () throws(StoaError) -> JoinBuild in
            guard join.isBroadcast else { return try makeBuild() }
            return try sharedTables.build(
                .init(stage: .init(job: task.id.job, stage: task.id.stage), path: path),
                from: blocks(read: build), cancellation: cancellation, by: makeBuild)
        }
    }

    /// The blocks that a plan's leaves read.
    private func blocks(read plan: PhysicalPlan) throws(StoaError) -> [BlockID] {
        switch plan {
        case .input(let number, _):
            guard case .blocks(let locations) = try input(number) else { return [] }
            return locations.map(\.block)
        case .join(_, let build, let probe):
            return try blocks(read: build) + blocks(read: probe)
        case .filter(_, let input), .project(_, _, let input), .aggregate(_, let input), .topRows(_, let input),
            .sort(_, _, let input), .mergeSorted(_, _, let input), .limit(_, _, let input), .map(_, _, let input),
            .userAggregate(_, _, let input):
            return try blocks(read: input)
        }
    }
}
