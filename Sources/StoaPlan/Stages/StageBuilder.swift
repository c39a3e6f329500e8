import StoaColumns

/// Cuts a resolved plan into stages. Whatever it decides follows from the plan, the partitions and their sizes, never from
/// the number of executors or cores, so that results have the same bits everywhere.
///
/// Order of rows: filters, projections and limits keep it, a join keeps the order of its probe side, groups come bucket by
/// bucket in the order of their first row.
struct StageBuilder {
    let catalog: any PlanCatalog
    /// The stages so far, parents first.
    private(set) var stages: [Stage] = []
    /// What was decided for each stage, for explain.
    private(set) var notes: [[String]] = []
    /// Persisted datasets that an earlier part of the plan reads already.
    private var persisted: [DatasetID: StageFragment] = [:]

    init(catalog: any PlanCatalog) { self.catalog = catalog }

    /// The operators of a plan, with everything below its last exchange in stages.
    mutating func fragment(_ plan: ResolvedPlan) throws(StoaError) -> StageFragment {
        switch plan.node {
        case .scan(let scan, let fileSchema, let projection, let predicate):
            return try self.scan(scan, fileSchema, projection, predicate)
        case .table(let id): return try table(id, plan.schema)
        case .filter(let condition, let input):
            var fragment = try fragment(input)
            fragment.append("filter") { .filter(condition, $0) }
            return fragment
        case .project(let expressions, let input):
            var fragment = try fragment(input)
            fragment.size = fragment.size.with(plan.schema, insteadOf: fragment.schema)
            let isRenaming = expressions.allSatisfy { $0.columnIndex != nil }
            fragment.append(isRenaming ? nil : "project") { .project(expressions, plan.schema, $0) }
            return fragment
        case .map(let function, let input):
            var fragment = try fragment(input)
            fragment.size = .unknown
            fragment.append("map") { .map(function, plan.schema, $0) }
            return fragment
        case .aggregate(let keys, let aggregates, let input):
            return aggregate(
                Aggregation(phase: .complete, keys: keys, aggregates: aggregates, schema: plan.schema),
                try fragment(input))
        case .topRows(let top, let input): return topRows(top, try fragment(input))
        case .join(let join, let left, let right):
            return self.join(join, plan.schema, try fragment(left), try fragment(right))
        case .sort(let keys, let limit, let input): return sort(keys, limit, try fragment(input))
        case .limit(let skip, let count, let input): return limit(skip, count, try fragment(input))
        case .union(let inputs):
            var fragments: [StageFragment] = []
            for input in inputs { fragments.append(try fragment(input)) }
            return StageFragment(joining: fragments)
        case .persist(let id, let input, let level): return try persist(id, input, level)
        }
    }

    // MARK: Leaves

    private func scan(_ scan: FileScan, _ fileSchema: Schema, _ projection: [Int], _ predicate: BoundExpression?)
        throws(StoaError) -> StageFragment
    {
        let partitions = try catalog.partitions(of: scan, projection: projection, predicate: predicate)
        guard !partitions.slices.isEmpty else {
            throw StoaError(
                .engineFailed, source: .engine, "the scan of '\(scan.path)' has no partition, not even an empty one",
                at: .init(file: scan.path))
        }
        let schema = fileSchema.projected(to: projection)
        let size =
            partitions.rowCount.map { SizeEstimate.of(rows: $0, schema) }
            ?? SizeEstimate(rows: nil, bytes: partitions.byteCount).with(schema, insteadOf: fileSchema)
        let pruned = partitions.prunedParts
        return StageFragment(
            reading: partitions.slices.map(StageInput.file), schema: schema, operators: ["scan \(scan.fileName)"],
            size: size,
            notes: pruned == 0 ? [] : ["\(pruned) parts of \(scan.fileName) pruned by their statistics"])
    }

    private func table(_ id: DatasetID, _ schema: Schema) throws(StoaError) -> StageFragment {
        guard let held = catalog.heldDataset(id), !held.rowCounts.isEmpty else {
            throw StoaError(
                .unknownName, "the session no longer holds \(id)",
                advice: "make the data frame again from its arrays or batches")
        }
        return reading(held, id, schema)
    }

    private func reading(_ held: HeldDataset, _ id: DatasetID, _ schema: Schema) -> StageFragment {
        StageFragment(
            reading: held.rowCounts.indices.map { .dataset(id, partition: $0) }, schema: schema,
            operators: ["read \(id)"],
            size: held.plannedSize
                ?? SizeEstimate(rows: held.rowCounts.reduce(0, +), bytes: held.byteCounts.reduce(0, +)))
    }

    private mutating func persist(
        _ id: DatasetID, _ input: ResolvedPlan, _ level: StorageLevel
    ) throws(StoaError) -> StageFragment {
        if let fragment = persisted[id] { return fragment }
        let fragment: StageFragment
        if let held = catalog.heldDataset(id), !held.rowCounts.isEmpty {
            fragment = reading(held, id, input.schema)
        } else {
            let source = try self.fragment(input)
            let stage = close(source, output: .persist(id, level), operators: ["persist \(id)"])
            fragment = StageFragment(
                reading: source.tasks.indices.map { .materialized(stage, id, partition: $0) }, schema: source.schema,
                operators: ["read \(id)"], size: source.size)
        }
        persisted[id] = fragment
        return fragment
    }

    // MARK: Exchanges

    /// Makes a stage of a fragment.
    @discardableResult
    mutating func close(_ fragment: StageFragment, output: StageOutput, operators: [String] = []) -> StageID {
        let id = StageID(stages.count)
        var stage = Stage(
            id: id, label: (fragment.operators + operators).joined(separator: ", "), pipelines: fragment.pipelines,
            tasks: fragment.tasks, output: output, schema: fragment.schema)
        stage.size = fragment.size
        stages.append(stage)
        notes.append(fragment.notes)
        return id
    }

    /// Makes a stage of a fragment that leaves one block a task, and gives a fragment of one task that reads them in order.
    mutating func gathered(_ fragment: StageFragment, operators: [String] = []) -> StageFragment {
        let stage = close(fragment, output: .block)
        return StageFragment(
            reading: [.blocks(stage, partitions: 0..<fragment.tasks.count, bucket: nil)], schema: fragment.schema,
            operators: operators, size: fragment.size)
    }

    /// Per-partition sort, then one task that merges; with a limit each side keeps only that many rows.
    private mutating func sort(_ keys: [BoundSortKey], _ limit: Int?, _ input: StageFragment) -> StageFragment {
        var sorted = input
        let name = limit == nil ? "sort" : "top \(limit ?? 0)"
        sorted.append(name) { .sort(keys, limit: limit, $0) }
        if let limit { sorted.size = sorted.size.limited(to: limit, sorted.schema) }
        if sorted.tasks.count == 1 { return sorted }
        var merged = gathered(sorted)
        merged.append("merge sorted") { .mergeSorted(keys, limit: limit, $0) }
        return merged
    }

    private mutating func limit(_ skip: Int, _ count: Int, _ input: StageFragment) -> StageFragment {
        var limited = input
        let (sum, overflow) = skip.addingReportingOverflow(count)
        let end = overflow ? Int.max : sum
        limited.keepFirstTasks(rows: end, catalog)
        if limited.tasks.count > 1 {
            limited.append("limit") { .limit(skip: 0, count: end, $0) }
            limited = gathered(limited)
        }
        limited.size = limited.size.limited(to: count, limited.schema)
        limited.append("limit") { .limit(skip: skip, count: count, $0) }
        return limited
    }

    // MARK: Results

    /// The graph of the whole plan for an action.
    mutating func finish(_ plan: ResolvedPlan, for action: PlanAction) throws(StoaError) -> StageGraph {
        var fragment = try fragment(plan)
        switch action {
        case .rows: close(fragment, output: .block)
        case .writeFile(let sink):
            if fragment.tasks.count > 1 { fragment = gathered(fragment) }
            close(fragment, output: .files([sink]), operators: ["write \(sink.path.lastPathComponent)"])
        case .writeFolder(let folder, let format):
            // Numbers of one length: readers take the files of a folder in the order of their names.
            let digits = max(5, String(fragment.tasks.count - 1).count)
            let sinks = fragment.tasks.indices.map { task in
                let number = String(task)
                let padded = String(repeating: "0", count: digits - number.count) + number
                return FileSink(
                    path: "\(folder.hasSuffix("/") ? folder : folder + "/")part-\(padded).\(format.fileExtension)",
                    format: format)
            }
            close(fragment, output: .files(sinks), operators: ["write \(folder.lastPathComponent)"])
        case .aggregate(let function):
            fragment.append("user aggregate") { .userAggregate(function, .partial, $0) }
            fragment = merged(fragment, "merge states") { phase, input in
                .userAggregate(function, phase == .finish ? .merge : phase, input)
            }
            close(fragment, output: .block)
        }
        return StageGraph(stages: stages)
    }
}

extension FileScan {
    /// The last part of the path.
    package var fileName: String { path.lastPathComponent }
}

extension String {
    fileprivate var lastPathComponent: String { split(separator: "/").last.map(String.init) ?? self }
}

extension FileFormat {
    /// What files of this format end in, without the dot.
    package var fileExtension: String {
        switch self {
        case .csv: "csv"
        case .parquet: "parquet"
        case .arrow: "arrow"
        case .json: "json"
        }
    }
}
