import FoundationEssentials
import StoaColumns
import StoaPlan
import Testing

/// Whole plans, from what a user writes to stages, as golden files; every plan survives being encoded.
@Suite struct ExplanationTests {
    static let flights = scan("flights.parquet")
    static let delays = LogicalPlan.aggregate(
        keys: [col("carrier")], aggregates: [mean("arr_delay").as("delay"), count()],
        .filter(col("distance") > 500, flights))

    static let plans: [(String, LogicalPlan)] = [
        ("grouped-and-sorted", .sort([desc("delay")], delays)),
        ("total", .aggregate(keys: [], aggregates: [sum("distance") / count(), max("arr_delay")], flights)),
        ("one-partition", .sort([asc("name")], .filter(col("carrier") != "UA", scan("airlines.csv")))),
    ]

    @Test(arguments: plans.map(\.0)) func explanation(_ name: String) throws {
        let plan = try #require(Self.plans.first { $0.0 == name }).1
        let query = try QueryPlanner(catalog: TestCatalog.flights).plan(plan, for: .rows)
        try expectGolden(query.explanation, name)
        try expectRoundTrip(query.logical)
        try expectRoundTrip(query.analyzed)
        try expectRoundTrip(query.optimized)
        try expectRoundTrip(query.graph)
    }

    private func expectRoundTrip<Plan: Codable & Hashable>(_ plan: Plan) throws {
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(Plan.self, from: data) == plan)
    }
}
