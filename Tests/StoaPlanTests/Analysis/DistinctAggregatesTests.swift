import StoaColumns
import StoaPlan
import Testing

/// `countDistinct` after its rewrite against counting with sets, with null keys, null values, NaN and both zeros.
@Suite struct DistinctAggregatesTests {
    static let lists: [[AggregateFunction]] = [
        [.countDistinct], [.countDistinct, .countRows], [.sum, .countDistinct, .mean],
        [.countDistinct, .countDistinct],
        [.count, .countDistinct, .max, .countDistinct, .sumOrZero],
    ]

    @Test(arguments: lists, [[], [3], [3, 1]]) func counts(_ functions: [AggregateFunction], _ keys: [Int]) throws {
        let schema = RandomPlans.schema
        for seed in UInt64(0)..<40 {
            var random = RandomPlans(seed: seed)
            let catalog = random.catalog()
            // Arguments go round over a, b, x, so that some functions share one.
            let arguments = functions.indices.map { ($0 + Int(seed)) % 3 }
            let calls = zip(functions, arguments).map { function, column in
                Expression.aggregate(function, function == .countRows ? [] : [.column(schema[column].name)])
            }
            let plan = LogicalPlan.aggregate(
                keys: keys.map { .column(schema[$0].name) },
                aggregates: calls.enumerated().map { $0.element.as("result \($0.offset)") }, scan("few"))
            let query = try QueryPlanner(catalog: catalog).plan(plan, for: .rows)

            let input = ResolvedPlan(
                .scan(FileScan(path: "few"), fileSchema: schema, projection: Array(0..<5), predicate: nil),
                schema: schema)
            let expected = ResolvedPlan(
                .aggregate(
                    keys: keys.map { .column($0, of: schema) },
                    aggregates: zip(functions, arguments).map { function, column in
                        BoundAggregate(
                            function: function,
                            argument: function == .countRows ? nil : .column(column, of: schema),
                            type: function == .mean ? .float64 : .int64, text: "")
                    }, input), schema: query.schema)
            let rows = try interpret(expected, catalog)
            #expect(try bag(interpret(query.analyzed, catalog)) == bag(rows), "seed \(seed)")
            var stages = StageInterpreter(catalog: catalog)
            #expect(try bag(stages.run(query.graph)) == bag(rows), "seed \(seed)")
            #expect(query.schema.names.suffix(functions.count) == functions.indices.map { "result \($0)" })
        }
    }

    private func bag(_ rows: [[Value]]) -> [String] {
        // A sum over nothing but zero has no type of its own in the reference.
        rows.map { $0.description.replacing("0.0", with: "0") }.sorted()
    }
}
