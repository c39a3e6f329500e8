extension LogicalPlan {
    /// The same rows without keeping these datasets.
    package func withoutPersisting(_ ids: Set<DatasetID>) -> LogicalPlan {
        func rest(_ plan: LogicalPlan) -> LogicalPlan { plan.withoutPersisting(ids) }
        return switch self {
        case .scan, .table: self
        case .select(let expressions, let input): .select(expressions, rest(input))
        case .withColumns(let expressions, let input): .withColumns(expressions, rest(input))
        case .drop(let names, let input): .drop(names, rest(input))
        case .rename(let renamings, let input): .rename(renamings, rest(input))
        case .filter(let condition, let input): .filter(condition, rest(input))
        case .aggregate(let keys, let aggregates, let input):
            .aggregate(keys: keys, aggregates: aggregates, rest(input))
        case .topRows(let count, let keys, let order, let input):
            .topRows(count: count, keys: keys, by: order, rest(input))
        case .join(let kind, let keys, let left, let right):
            .join(kind, keys: keys, left: rest(left), right: rest(right))
        case .sort(let keys, let input): .sort(keys, rest(input))
        case .limit(let skip, let count, let input): .limit(skip: skip, count: count, rest(input))
        case .distinct(let input): .distinct(rest(input))
        case .union(let inputs): .union(inputs.map(rest))
        case .map(let function, let schema, let input): .map(function, schema, rest(input))
        case .persist(let id, let input, let level):
            ids.contains(id) ? rest(input) : .persist(id, rest(input), level)
        }
    }
}
