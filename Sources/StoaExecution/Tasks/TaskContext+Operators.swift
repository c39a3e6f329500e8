import StoaColumns
import StoaPlan
import StoaTasks

/// Where a plan stands in the task's plan.
struct PlanPlace {
    /// Below the joins, 0 for a probe and 1 for a build side.
    var path: [UInt8] = []
    /// In `PhysicalPlan.operators`; kept when the task is analyzed only.
    var index = 0

    /// The place of the only plan below.
    var below: PlanPlace { PlanPlace(path: path, index: index + 1) }
}

extension TaskContext {
    /// The operators of a plan that gives rows.
    func source(of plan: PhysicalPlan, at place: PlanPlace = PlanPlace()) throws(StoaError) -> any BatchSource {
        guard let analysis else { return try plainSource(of: plan, at: place) }
        return try analysis.measured(at: place.index) { () throws(StoaError) in try plainSource(of: plan, at: place) }
    }

    private func plainSource(of plan: PhysicalPlan, at place: PlanPlace) throws(StoaError) -> any BatchSource {
        switch plan {
        case .input(let number, let schema):
            return try InputSource(number, schema: schema, of: self)
        case .join(let join, let build, let probe):
            return try source(of: join, build: build, probe: probe, at: place)
        case .sort(let keys, let limit, let input):
            return try SortOperator(
                keys, limit: limit, input: source(of: input, at: place.below), memory: memory,
                cancellation: cancellation)
        case .mergeSorted(let keys, let limit, let input):
            guard case .input(let number, let schema) = input else {
                throw StoaError(.engineFailed, source: .engine, "sorted blocks to be merged are no input of the task")
            }
            return try MergeSortedOperator(keys, limit: limit, input: number, schema: schema, of: self)
        case .filter(let condition, let input):
            return try FilterOperator(condition, input: source(of: input, at: place.below))
        case .project(let expressions, let schema, let input):
            return try ProjectOperator(expressions, schema: schema, input: source(of: input, at: place.below))
        case .aggregate(let aggregation, let input):
            if case .aggregate(let distinct, let source) = input,
                let counted = try DistinctCountOperator.make(
                    aggregation, over: distinct,
                    input: { [self] () throws(StoaError) in try self.source(of: source, at: place.below.below) },
                    memory: memory, cancellation: cancellation)
            {
                analysis?.noteFusion(at: place.below.index)
                return counted
            }
            if aggregation.takesRowSteps {
                let (steps, source) = input.rowSteps
                var place = place.below
                var fused: [(place: Int, isFilter: Bool)] = []
                for step in steps.reversed() {
                    fused.append((place.index, step.isFilter))
                    place = place.below
                }
                let grouping = try AggregateOperator(
                    aggregation, after: steps, input: self.source(of: source, at: place), memory: memory,
                    cancellation: cancellation)
                analysis?.noteFusion(fused, over: place.index, in: grouping)
                return grouping
            }
            let (aggregation, input) = try self.input(of: aggregation, over: input, at: place.below)
            if aggregation.phase == .partial, aggregation.aggregates.isEmpty, !aggregation.keys.isEmpty {
                return try PartialDistinctOperator(
                    aggregation, input: input, memory: memory, cancellation: cancellation)
            }
            return try AggregateOperator(
                aggregation, after: [], input: input, memory: memory, cancellation: cancellation)
        case .topRows(let top, let input):
            return try TopRowsOperator(
                top, input: source(of: input, at: place.below), memory: memory, cancellation: cancellation)
        case .limit(let skip, let count, let input):
            return LimitOperator(skip: skip, count: count, input: try source(of: input, at: place.below))
        case .map(let function, let schema, let input):
            return try MapOperator(
                function, schema: schema, input: source(of: input, at: place.below), memory: memory)
        case .userAggregate(let function, _, _):
            throw StoaError(
                .engineFailed, source: .engine,
                "the state of '\(function.printedTypeName)' is read as rows within a task")
        }
    }

    /// What a task keeps: the operators of a plan, or an input without the cuts that only operators need.
    func keptSource(of plan: PhysicalPlan) throws(StoaError) -> any BatchSource {
        let source = try source(of: plan)
        if case .input = plan { source.takeLongBatches() }
        return source
    }

    /// The states of groups, among which rows may come that were passed on.
    private func states(
        _ number: Int, _ schema: Schema, of aggregation: Aggregation, at place: PlanPlace
    ) throws(StoaError) -> any BatchSource {
        let source = { [self] () throws(StoaError) -> any BatchSource in
            try InputSource(number, schema: schema, or: aggregation.rowSchema, of: self)
        }
        guard let analysis else { return try source() }
        return try analysis.measured(at: place.index, source)
    }

    /// An aggregation and its input. A filter below a grouping moves only the columns that the grouping reads.
    private func input(
        of aggregation: Aggregation, over plan: PhysicalPlan, at place: PlanPlace
    ) throws(StoaError) -> (Aggregation, any BatchSource) {
        if case .input(let number, let schema) = plan, aggregation.phase.readsStates {
            return (aggregation, try states(number, schema, of: aggregation, at: place))
        }
        guard case .filter(let condition, let input) = plan, !aggregation.phase.readsStates else {
            return (aggregation, try source(of: plan, at: place))
        }
        let columns = aggregation.columns.sorted()
        let filter = { [self] () throws(StoaError) -> any BatchSource in
            try FilterOperator(condition, keeping: columns, input: source(of: input, at: place.below))
        }
        guard let analysis else { return (aggregation.reading(columns), try filter()) }
        return (aggregation.reading(columns), try analysis.measured(at: place.index, filter))
    }

    /// A join; its build side is shared between the executor's tasks of this stage when it is the same for all of them.
    private func source(
        of join: HashJoin, build: PhysicalPlan, probe: PhysicalPlan, at place: PlanPlace
    ) throws(StoaError) -> any BatchSource {
        let buildPlace = PlanPlace(path: place.path + [1], index: place.index + 1)
        let probePlace = PlanPlace(
            path: place.path + [0], index: analysis == nil ? 0 : buildPlace.index + build.operators.count)
        let readBuild = { [self] () throws(StoaError) -> BuildSide in
            try JoinBuildReader(
                join, from: source(of: build, at: buildPlace), memory: memory, cancellation: cancellation
            ).read()
        }
        let probe = try source(of: probe, at: probePlace)
        return try HashJoinOperator(join, probe: probe, memory: memory, cancellation: cancellation) {
            [self] () throws(StoaError) -> BuildSide in
            guard join.isBroadcast else { return try readBuild() }
            let shared = try executor.sharedTables.build(
                .init(stage: .init(job: task.id.job, stage: task.id.stage), path: place.path),
                from: blocks(read: build), cancellation: cancellation
            ) { () throws(StoaError) -> JoinBuild in
                guard case .table(let table) = try readBuild() else {
                    preconditionFailure("the build side of a broadcast join went to files")
                }
                return table
            }
            return .table(shared)
        }
    }

    /// The blocks that a plan's leaves read.
    private func blocks(read plan: PhysicalPlan) throws(StoaError) -> [BlockID] {
        switch plan {
        case .input(let number, _):
            guard case .blocks(let locations) = try input(number) else { return [] }
            return locations.map(\.block)
        default:
            var blocks: [BlockID] = []
            for input in plan.inputs { blocks += try self.blocks(read: input) }
            return blocks
        }
    }
}
