import StoaColumns
import StoaPlan
import Testing

/// Rules and stages never change what a plan means: random plans over random rows give the same rows when they are
/// interpreted as analysed, after the rules, and stage by stage. Where the plan as analysed does not fail, nothing else may.
@Suite struct MeaningTests {
    @Test(arguments: 0..<40) func rowsStayTheSame(_ round: Int) throws {
        var compared = 0
        for index in 0..<50 {
            let seed = UInt64(round * 1000 + index)
            var random = RandomPlans(seed: seed)
            let catalog = random.catalog()
            let plan = random.plan(depth: Int.random(in: 1...5, using: &random.numbers))
            let query = try QueryPlanner(catalog: catalog).plan(plan, for: .rows)
            guard let expected = try? interpret(query.analyzed, catalog) else { continue }
            compared += 1
            let optimized = try interpret(query.optimized, catalog)
            #expect(bag(optimized) == bag(expected), "rules, seed \(seed)\n\(query.explanation)")
            var stages = StageInterpreter(catalog: catalog)
            let staged = try stages.run(query.graph)
            #expect(bag(staged) == bag(expected), "stages, seed \(seed)\n\(query.explanation)")
            #expect(query.optimized.schema.names == query.analyzed.schema.names, "seed \(seed)")
            #expect(query.graph.result.schema.fields.map(\.type) == query.schema.fields.map(\.type), "seed \(seed)")
        }
        #expect(compared > 20, "too many plans fail to say anything")
    }

    /// The rows without their order.
    private func bag(_ rows: [[Value]]) -> [String] { rows.map(\.description).sorted() }
}
