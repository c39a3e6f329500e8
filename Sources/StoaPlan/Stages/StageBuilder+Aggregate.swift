import StoaColumns

extension StageBuilder {
    /// Most buckets of an exchange. By the number of partitions only: more buckets than partitions have nothing to win.
    static let maximumBuckets = 16

    /// A grouping.
    ///
    /// One partition: complete in place. Without keys: a state a partition, merged by a tree. With keys: states a partition,
    /// exchanged by the hash of the keys, finished a bucket.
    mutating func aggregate(_ complete: Aggregation, _ input: StageFragment) -> StageFragment {
        var fragment = input
        let name = complete.aggregates.isEmpty ? "distinct" : "aggregate"
        let size = input.size.with(complete.schema, insteadOf: input.schema)
        fragment.size = complete.keys.isEmpty ? .of(rows: 1, complete.schema) : size
        if fragment.tasks.count == 1 {
            fragment.append(name) { .aggregate(complete, $0) }
            return fragment
        }
        let partial = complete.inPhase(.partial)
        fragment.append("partial \(name)") { .aggregate(partial, $0) }
        if complete.keys.isEmpty {
            return merged(fragment, "merge states") { phase, input in
                .aggregate(complete.inPhase(phase), input)
            }
        }
        let partitions = fragment.tasks.count
        let buckets = min(partitions, Self.maximumBuckets)
        let keys = complete.keys.indices.map { BoundExpression.column($0, of: partial.schema) }
        let stage = close(fragment, output: .buckets(keys: keys, count: buckets))
        var finished = StageFragment(
            reading: (0..<buckets).map { .blocks(stage, partitions: 0..<partitions, bucket: $0) },
            schema: partial.schema, operators: [], size: fragment.size)
        finished.append("finish \(name)") { .aggregate(complete.inPhase(.finish), $0) }
        return finished
    }

    /// Merges one state a task into one, by levels whose fan-in is ceil(sqrt(n)) for n partitions (a tree of depth two), each
    /// merge over neighbours in partition order. A level that would not save merges of the last one is left out, as in
    /// Spark's treeAggregate. The shape depends on n alone.
    mutating func merged(
        _ states: StageFragment, _ name: String, _ build: (AggregatePhase, PhysicalPlan) -> PhysicalPlan
    ) -> StageFragment {
        var fragment = states
        var count = fragment.tasks.count
        if count == 1 { return fragment }
        let fanIn = max(2, Self.ceilingOfSquareRoot(count))
        while count > fanIn + (count + fanIn - 1) / fanIn {
            let stage = close(fragment, output: .block)
            let groups = (count + fanIn - 1) / fanIn
            fragment = StageFragment(
                reading: (0..<groups).map {
                    .blocks(stage, partitions: $0 * fanIn..<min(count, ($0 + 1) * fanIn), bucket: nil)
                }, schema: fragment.schema, operators: [], size: fragment.size)
            fragment.append(name) { build(.merge, $0) }
            count = groups
        }
        fragment = gathered(fragment)
        fragment.append(name) { build(.finish, $0) }
        return fragment
    }

    private static func ceilingOfSquareRoot(_ count: Int) -> Int {
        var root = 1
        while root * root < count { root += 1 }
        return root
    }
}

extension Aggregation {
    /// The same grouping in a phase; `self` is complete. The columns of states are called after the aggregate, with the
    /// number of the state's part.
    func inPhase(_ phase: AggregatePhase) -> Aggregation {
        guard phase.givesStates else {
            return Aggregation(phase: phase, keys: keys, aggregates: aggregates, schema: schema)
        }
        let states = aggregates.flatMap { aggregate in
            aggregate.stateTypes.enumerated().map { Field("\(aggregate.text).\($0.offset)", $0.element) }
        }
        return Aggregation(
            phase: phase, keys: keys, aggregates: aggregates, schema: Schema(schema.fields.prefix(keys.count) + states))
    }
}
