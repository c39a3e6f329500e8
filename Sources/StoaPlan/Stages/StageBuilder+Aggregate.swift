import StoaColumns

extension StageBuilder {
    /// Most buckets of an exchange. By the number of partitions only: more buckets than partitions have nothing to win.
    static let maximumBuckets = 16

    /// A grouping.
    ///
    /// One partition: complete in place. With an aggregate that has no state to merge: the rows themselves meet. Without keys: a state a partition, merged by a tree. With keys: states a partition,
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
        if complete.aggregates.contains(where: \.function.isHolistic) { return self.complete(complete, fragment) }
        let partial = complete.inPhase(.partial)
        fragment.append("partial \(name)") { .aggregate(partial, $0) }
        if complete.keys.isEmpty {
            return merged(fragment, "merge states") { phase, input in
                .aggregate(complete.inPhase(phase), input)
            }
        }
        let partitions = fragment.tasks.count
        let keys = complete.keys.indices.map { BoundExpression.column($0, of: partial.schema) }
        let stage = close(fragment, output: .buckets(keys: keys, count: min(partitions, Self.maximumBuckets)))
        var finished = reading(
            bucketsOf: stage, partitions: partitions, schema: partial.schema, size: fragment.size)
        finished.append("finish \(name)") { .aggregate(complete.inPhase(.finish), $0) }
        return finished
    }

    /// A grouping of rows that meet first: with keys in the bucket of their hash, else in one task. Only keys and arguments
    /// travel, computed before they do.
    private mutating func complete(_ grouping: Aggregation, _ input: StageFragment) -> StageFragment {
        var fragment = input
        let size = fragment.size
        let travelling = grouping.travelling(over: input.schema)
        fragment.append(travelling.isRenaming ? nil : "project") {
            .project(travelling.expressions, travelling.schema, $0)
        }
        let partitions = fragment.tasks.count
        var met: StageFragment
        if grouping.keys.isEmpty {
            met = gathered(fragment)
        } else {
            let keys = grouping.keys.indices.map { travelling.grouping.keys[$0] }
            let stage = close(fragment, output: .buckets(keys: keys, count: min(partitions, Self.maximumBuckets)))
            met = reading(bucketsOf: stage, partitions: partitions, schema: travelling.schema, size: size)
        }
        met.append("aggregate") { .aggregate(travelling.grouping, $0) }
        met.size = input.size
        return met
    }

    /// A task a bucket of a stage that exchanges.
    private func reading(bucketsOf stage: StageID, partitions: Int, schema: Schema, size: SizeEstimate) -> StageFragment
    {
        StageFragment(
            reading: (0..<min(partitions, Self.maximumBuckets)).map {
                .blocks(stage, partitions: 0..<partitions, bucket: $0)
            }, schema: schema, operators: [], size: size)
    }

    /// The first rows of groups: of a partition what may be among them, exchanged by the hash of the keys, then the first.
    mutating func topRows(_ top: TopRows, _ input: StageFragment) -> StageFragment {
        var fragment = input
        let name = "top \(top.count) of each group"
        if fragment.tasks.count == 1 {
            fragment.append(name) { .topRows(top, $0) }
            return fragment
        }
        fragment.append("partial \(name)") { .topRows(top.partial, $0) }
        let partitions = fragment.tasks.count
        let stage = close(fragment, output: .buckets(keys: top.keys, count: min(partitions, Self.maximumBuckets)))
        var finished = reading(
            bucketsOf: stage, partitions: partitions, schema: fragment.schema, size: fragment.size)
        finished.append(name) { .topRows(top, $0) }
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
    /// A grouping over rows that hold no more than it reads.
    struct Travelling {
        /// What is computed before the rows travel: the keys, then each different argument.
        let expressions: [BoundExpression]
        let schema: Schema
        /// The grouping over `schema`.
        let grouping: Aggregation
        /// Whether nothing is computed.
        var isRenaming: Bool { expressions.allSatisfy { $0.columnIndex != nil } }
    }

    /// The grouping as it is when its keys and arguments are computed beforehand.
    func travelling(over input: Schema) -> Travelling {
        var expressions = keys
        for argument in aggregates.flatMap(\.arguments) where !expressions.contains(argument) {
            expressions.append(argument)
        }
        if expressions.isEmpty { expressions = [.column(0, of: input)] }
        var fields: [Field] = []
        for (index, expression) in expressions.enumerated() {
            let name = expression.columnIndex.map { input[$0].name } ?? expression.text
            let isFree = !fields.contains { $0.name == name }
            fields.append(
                Field(isFree ? name : "\(name) (\(index))", expression.type, isNullable: expression.isNullable))
        }
        let schema = Schema(fields)
        let columns = expressions.enumerated().map { index, expression in
            BoundExpression(
                .column(index), type: expression.type, isNullable: expression.isNullable, text: expression.text)
        }
        func moved(_ expression: BoundExpression) -> BoundExpression {
            columns[expressions.firstIndex(of: expression) ?? 0]
        }
        return Travelling(
            expressions: expressions, schema: schema,
            grouping: Aggregation(
                phase: phase, keys: Array(columns.prefix(keys.count)),
                aggregates: aggregates.map { $0.over($0.arguments.map(moved)) }, schema: self.schema))
    }

    /// What is read of a row: the keys, then each different argument.
    package var rowExpressions: [BoundExpression] {
        aggregates.flatMap(\.arguments).reduce(into: keys) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The schema of rows that a partial grouping leaves to the one which finishes, because they hardly repeat: the values of
    /// `rowExpressions`. Names tell rows from states, whose types may be the same.
    package var rowSchema: Schema {
        Schema(
            rowExpressions.enumerated().map { place, expression in
                Field("row.\(place)", expression.type, isNullable: expression.isNullable)
            })
    }

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

extension PhysicalPlan {
    /// The schema of rows that may come out in place of those of the plan's schema: see `Aggregation.rowSchema`.
    package var passedRowSchema: Schema? {
        guard case .aggregate(let aggregation, _) = self, aggregation.phase == .partial else { return nil }
        return aggregation.rowSchema
    }
}
