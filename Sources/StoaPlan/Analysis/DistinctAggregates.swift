import StoaColumns

/// Rewrites `countDistinct` into groupings without it.
///
/// One distinct argument and nothing else: group by keys and argument, then count the arguments of each key.
///
/// Anything else, as Spark's `RewriteDistinctAggregates`: the input is read once for the ordinary aggregates (branch 0) and
/// once for each distinct argument (branch i), all branches go through one grouping by (keys, branch, arguments), in which
/// branch 0 has one row a key with the ordinary results and branch i one row a key and value. A second grouping by the keys
/// picks the ordinary results (`max` of the only row) and counts the values. Null keys are keys like others throughout.
struct DistinctAggregates {
    let keys: [BoundExpression]
    let keyNames: [String]
    let input: ResolvedPlan

    /// One row a group: the keys, then the aggregates called by their texts.
    func grouped(_ aggregates: [BoundAggregate]) -> ResolvedPlan {
        let distinct = aggregates.filter { $0.function == .countDistinct }
        if distinct.isEmpty { return grouping(keys, keyNames, aggregates, input) }
        var arguments: [BoundExpression] = []
        for case let argument? in distinct.map(\.argument) where !arguments.contains(argument) {
            arguments.append(argument)
        }
        if arguments.count == 1, distinct.count == aggregates.count {
            let values = grouping(keys + arguments, keyNames + ["value"], [], input)
            let counts = aggregates.map { aggregate in
                BoundAggregate(
                    function: .count, argument: .column(keys.count, of: values.schema), type: .int64,
                    text: aggregate.text)
            }
            return grouping(keyColumns(of: values), keyNames, counts, values)
        }
        return mixed(aggregates, arguments: arguments)
    }

    private func grouping(
        _ keys: [BoundExpression], _ names: [String], _ aggregates: [BoundAggregate], _ input: ResolvedPlan
    ) -> ResolvedPlan {
        let fields = zip(names, keys).map { Field($0, $1.type, isNullable: $1.isNullable) }
        return ResolvedPlan(
            .aggregate(keys: keys, aggregates: aggregates, input),
            schema: Schema(fields + aggregates.map { Field($0.columnName, $0.type, isNullable: $0.isNullable) }))
    }

    private func keyColumns(of plan: ResolvedPlan) -> [BoundExpression] {
        keys.indices.map { .column($0, of: plan.schema) }
    }

    private func mixed(_ aggregates: [BoundAggregate], arguments: [BoundExpression]) -> ResolvedPlan {
        let ordinary = aggregates.filter { $0.function != .countDistinct }
        var inputs: [BoundExpression] = []
        for argument in ordinary.flatMap(\.arguments) where !inputs.contains(argument) { inputs.append(argument) }

        // Columns of every branch: keys, number of the branch, distinct arguments, inputs of the ordinary aggregates.
        let names =
            keyNames + ["branch"] + arguments.indices.map { "distinct \($0 + 1)" }
            + inputs.indices.map { "input \($0 + 1)" }
        let fields =
            keys.map { ($0.type, $0.isNullable) } + [(.int32, false)] + (arguments + inputs).map { ($0.type, true) }
        let schema = Schema(zip(names, fields).map { Field($0, $1.0, isNullable: $1.1) })
        let numbers = ordinary.isEmpty ? Array(1...arguments.count) : Array(0...arguments.count)
        let branches = numbers.map { number in
            let distinct = arguments.enumerated().map { index, argument in
                index + 1 == number ? argument : .constant(.null, argument.type)
            }
            let values = inputs.map { number == 0 ? $0 : .constant(.null, $0.type) }
            let branch = BoundExpression.constant(.integer(Int64(number)), .int32)
            return ResolvedPlan(.project(keys + [branch] + distinct + values, input), schema: schema)
        }
        let all = branches.count == 1 ? branches[0] : ResolvedPlan(.union(branches), schema: schema)

        let firstInput = keys.count + 1 + arguments.count
        let groupKeys = (0..<firstInput).map { BoundExpression.column($0, of: schema) }
        let first = grouping(
            groupKeys, Array(names.prefix(firstInput)),
            ordinary.map { aggregate in
                aggregate.over(
                    aggregate.arguments.compactMap(inputs.firstIndex).map {
                        BoundExpression.column(firstInput + $0, of: schema)
                    })
            }, all)
        return picked(aggregates, arguments: arguments, from: first)
    }

    /// The second grouping, and a projection that brings back what a count over no rows is.
    private func picked(_ aggregates: [BoundAggregate], arguments: [BoundExpression], from first: ResolvedPlan)
        -> ResolvedPlan
    {
        let branch = BoundExpression.column(keys.count, of: first.schema)
        func rows(ofBranch number: Int, _ column: Int) -> BoundExpression {
            let value = BoundExpression.column(column, of: first.schema)
            let isBranch = BoundExpression(
                .binary(.equal, branch, .constant(.integer(Int64(number)), .int32)), type: .bool, isNullable: false,
                text: "branch == \(number)")
            return BoundExpression(
                .conditional([.init(condition: isBranch, value: value)], otherwise: nil), type: value.type,
                isNullable: true, text: value.text)
        }
        var nextOrdinary = keys.count + 1 + arguments.count
        var picks: [BoundAggregate] = []
        for aggregate in aggregates {
            let function: AggregateFunction
            let argument: BoundExpression
            if aggregate.function == .countDistinct, let distinct = aggregate.argument.flatMap(arguments.firstIndex) {
                function = .count
                argument = rows(ofBranch: distinct + 1, keys.count + 1 + distinct)
            } else {
                function = .max
                argument = rows(ofBranch: 0, nextOrdinary)
                nextOrdinary += 1
            }
            picks.append(
                BoundAggregate(function: function, argument: argument, type: aggregate.type, text: aggregate.text))
        }
        let second = grouping(keyColumns(of: first), keyNames, picks, first)
        let restored = zip(second.schema.fields.indices.dropFirst(keys.count), aggregates).map { index, aggregate in
            let column = BoundExpression.column(index, of: second.schema)
            guard column.isNullable, !aggregate.isNullable, let zero = Literal.integer(0).converted(to: column.type)
            else { return column }
            return BoundExpression(
                .function(.coalesce, [column, .constant(zero, column.type)]), type: column.type, isNullable: false,
                text: column.text)
        }
        return Analyzer.projected(
            keyColumns(of: second) + restored, names: second.schema.names, second)
    }
}

extension BoundAggregate {
    /// Whether a group can give null: counts and `sumOrZero` never do.
    package var isNullable: Bool {
        switch function {
        case .countRows, .count, .countDistinct, .sumOrZero: false
        default: true
        }
    }
}

extension BoundAggregate {
    /// What its column is called before anyone names it.
    package var columnName: String { function == .countRows ? "count" : text }
}
