import StoaColumns
import StoaPlan

/// Rows on paper: a file is a list of slices of rows.
struct DataCatalog: PlanCatalog {
    let schema: Schema
    /// Path to slices to rows.
    let files: [String: [[[Value]]]]
    /// Held datasets: partitions of rows.
    var held: [DatasetID: [[[Value]]]] = [:]

    func schema(of scan: FileScan) throws(StoaError) -> Schema { schema }

    /// Perfect statistics: a slice none of whose rows satisfies the predicate is left out.
    func partitions(of scan: FileScan, projection: [Int], predicate: BoundExpression?) throws(StoaError)
        -> ScanPartitions
    {
        let slices = files[scan.path, default: []]
        let kept = slices.indices.filter { slice in
            guard let predicate else { return true }
            return slices[slice].contains { row in (try? evaluate(predicate, row)) == .bool(true) }
        }
        func slice(_ groups: [Int], rowCount: Int?) -> FileSlice {
            FileSlice(
                path: scan.path, format: .parquet, fileSchema: schema, projection: projection, part: .rowGroups(groups),
                identity: FileIdentity(size: 0, modified: 0, number: 0), rowCount: rowCount)
        }
        return ScanPartitions(
            slices: kept.isEmpty
                ? [slice([], rowCount: 0)]
                : kept.map { slice([$0], rowCount: $0 % 2 == 0 ? slices[$0].count : nil) },
            prunedParts: slices.count - kept.count, byteCount: scan.path == "huge" ? 1 << 40 : 1000, rowCount: nil)
    }

    func heldDataset(_ id: DatasetID) -> HeldDataset? {
        held[id].map { HeldDataset(rowCounts: $0.map(\.count), byteCounts: $0.map { $0.count * 8 }) }
    }

    func rows(of slice: FileSlice) -> [[Value]] {
        guard case .rowGroups(let groups) = slice.part else { preconditionFailure("slices are row groups") }
        return groups.flatMap { files[slice.path, default: []][$0] }.map { row in slice.projection.map { row[$0] } }
    }
}

/// The rows of a resolved plan, operator by operator over all rows at once: what a plan means.
func interpret(_ plan: ResolvedPlan, _ catalog: DataCatalog) throws -> [[Value]] {
    let inputs = try plan.inputs.map { try interpret($0, catalog) }
    switch plan.node {
    case .scan(let scan, _, let projection, _):
        return catalog.files[scan.path, default: []].flatMap { $0 }.map { row in projection.map { row[$0] } }
    case .table(let id): return catalog.held[id, default: []].flatMap { $0 }
    case .project(let expressions, _): return try project(expressions, inputs[0])
    case .filter(let condition, _): return try filter(condition, inputs[0])
    case .aggregate(let keys, let aggregates, _):
        let groups = try grouped(keys, aggregates, inputs[0])
        return try groups.map { try finish(aggregates, $0, keys.count) }
    case .topRows(let top, _): return try topRows(top, inputs[0])
    case .join(let join, _, _):
        return try joined(
            join.kind, left: inputs[0], right: inputs[1], join.leftKeys, join.rightKeys, join.output)
    case .sort(let keys, let limit, _):
        let sorted = try sort(keys, inputs[0])
        return limit.map { Array(sorted.prefix($0)) } ?? sorted
    case .limit(let skip, let count, _): return Array(inputs[0].dropFirst(skip).prefix(count))
    case .union: return inputs.flatMap { $0 }
    case .persist: return inputs[0]
    case .map: preconditionFailure("the reference has no functions of the user")
    }
}

func project(_ expressions: [BoundExpression], _ rows: [[Value]]) throws -> [[Value]] {
    try rows.map { row in try expressions.map { try evaluate($0, row) } }
}

func filter(_ condition: BoundExpression, _ rows: [[Value]]) throws -> [[Value]] {
    try rows.filter { try evaluate(condition, $0) == .bool(true) }
}

/// Stable, nulls where the keys want them.
func sort(_ keys: [BoundSortKey], _ rows: [[Value]]) throws -> [[Value]] {
    let keyed = try rows.enumerated().map { index, row in
        (index, row, try keys.map { try evaluate($0.expression, row) })
    }
    return keyed.sorted { left, right in
        for (position, key) in keys.enumerated() {
            let (a, b) = (left.2[position], right.2[position])
            if a == b { continue }
            if a == .null || b == .null { return (a == .null) == key.nullsFirst }
            return Value.isOrdered(a, before: b) != key.isDescending
        }
        return left.0 < right.0
    }.map(\.1)
}

/// The first rows of each group, groups in the order of their first row.
func topRows(_ top: TopRows, _ rows: [[Value]]) throws -> [[Value]] {
    let keys = try rows.map { row in try top.keys.map { try evaluate($0, row) } }
    var order: [[Value]] = []
    for key in keys where !order.contains(key) { order.append(key) }
    return try order.flatMap { key in
        try sort(top.order, zip(keys, rows).filter { $0.0 == key }.map(\.1)).prefix(top.count)
    }
}

/// A state row a group, in the order of first rows: the keys, then what each aggregate has seen.
func grouped(_ keys: [BoundExpression], _ aggregates: [BoundAggregate], _ rows: [[Value]]) throws -> [[Value]] {
    try merged(
        keys.count, aggregates.count,
        rows.map { row in
            try keys.map { try evaluate($0, row) }
                + aggregates.map { .seen([try $0.argument.map { try evaluate($0, row) } ?? .bool(true)]) }
        })
}

/// State rows of equal keys become one; without keys there is one row also for none.
func merged(_ keyCount: Int, _ aggregateCount: Int, _ states: [[Value]]) -> [[Value]] {
    var order: [[Value]] = keyCount == 0 ? [[]] : []
    var seen: [[Value]: [[Value]]] = [:]
    for state in states {
        let key = Array(state.prefix(keyCount))
        if seen[key] == nil {
            if keyCount > 0 { order.append(key) }
            seen[key] = Array(repeating: [], count: aggregateCount)
        }
        for index in 0..<aggregateCount {
            guard case .seen(let values) = state[keyCount + index] else { preconditionFailure("a state is no value") }
            seen[key]?[index] += values
        }
    }
    return order.map { key in
        key + (seen[key] ?? Array(repeating: [], count: aggregateCount)).map { .seen($0) }
    }
}

func finish(_ aggregates: [BoundAggregate], _ state: [Value], _ keyCount: Int) throws -> [Value] {
    try Array(state.prefix(keyCount))
        + aggregates.enumerated().map { index, aggregate in
            guard case .seen(let values) = state[keyCount + index] else { preconditionFailure("a state is no value") }
            let result = try evaluate(aggregate.function, values)
            return result == .int(0) && aggregate.type == .float64 ? .number(0) : result
        }
}

func joined(
    _ kind: JoinKind, left: [[Value]], right: [[Value]], _ leftKeys: [BoundExpression], _ rightKeys: [BoundExpression],
    _ output: [HashJoin.OutputColumn]
) throws -> [[Value]] {
    let rightKeyed = try right.map { row in (row, try rightKeys.map { try evaluate($0, row) }) }
    return try left.flatMap { row -> [[Value]] in
        let key = try leftKeys.map { try evaluate($0, row) }
        let partners: [[Value]?] = key.contains(.null) ? [] : rightKeyed.filter { $0.1 == key }.map(\.0)
        let all = partners.isEmpty && kind == .left ? [nil] : partners
        return all.map { partner in output.map { $0.side == .left ? row[$0.index] : partner?[$0.index] ?? .null } }
    }
}
