import FoundationEssentials
import StoaColumns
import StoaPlan
import Testing

/// Whole plans, from what a user writes to stages, as golden files; every plan survives being encoded.
@Suite struct ExplanationTests {
    static let flights = scan("flights.parquet")
    static let airlines = scan("airlines.csv")
    static let delays = LogicalPlan.aggregate(
        keys: [col("carrier")], aggregates: [mean("arr_delay").as("delay"), count()],
        .filter(col("distance") > 500, flights))
    static let held = LogicalPlan.table(DatasetID(7), Schema([Field("carrier", .utf8), Field("rank", .int64)]))
    static let kept = LogicalPlan.persist(DatasetID(3), .filter(col("month") == 1, flights))

    static let plans: [(String, LogicalPlan)] = [
        ("grouped-and-sorted", .sort([desc("delay")], delays)),
        ("total", .aggregate(keys: [], aggregates: [sum("distance") / count(), max("arr_delay")], flights)),
        ("one-partition", .sort([asc("name")], .filter(col("carrier") != "UA", airlines))),
        (
            "broadcast-join",
            .sort(
                [desc("delay")],
                .join(.left, keys: [JoinKey("carrier")], left: delays, right: airlines))
        ),
        (
            "join-builds-left",
            .select(
                [col("name"), col("weight")],
                .join(.inner, keys: [JoinKey("carrier")], left: airlines, right: scan("big.parquet")))
        ),
        (
            "exchanged-join",
            .aggregate(
                keys: [col("origin")], aggregates: [sum("weight")],
                .join(.left, keys: [JoinKey("carrier")], left: flights, right: scan("big.parquet")))
        ),
        (
            "top",
            .limit(skip: 0, count: 10, .select([col("tailnum"), col("distance")], .sort([desc("distance")], flights)))
        ),
        ("first-rows", .limit(skip: 100_000, count: 50, flights)),
        ("distinct", .distinct(.select([col("origin"), col("carrier")], flights))),
        (
            "count-distinct-alone",
            .aggregate(keys: [col("origin")], aggregates: [countDistinct("tailnum")], flights)
        ),
        (
            "count-distinct-mixed",
            .aggregate(
                keys: [col("origin")],
                aggregates: [countDistinct("tailnum"), mean("arr_delay"), countDistinct("carrier"), count()], flights)
        ),
        (
            "quantiles-of-groups",
            .aggregate(
                keys: [col("origin")],
                aggregates: [
                    median("arr_delay"), quantile(col("distance") * 2, 0.9, interpolation: .lower).as("far"),
                    (correlation("distance", "arr_delay") * correlation("distance", "arr_delay")).as("r2"), count(),
                ], flights)
        ),
        (
            "quantile-of-all",
            .aggregate(keys: [], aggregates: [quantile("arr_delay", 0.25), sum("distance")], flights)
        ),
        (
            "top-of-groups",
            .filter(
                col("origin") == "JFK",
                .topRows(
                    count: 2, keys: [col("origin")], by: [desc("arr_delay")],
                    .select([col("origin"), col("arr_delay"), col("tailnum")], flights)))
        ),
        (
            "union",
            .aggregate(
                keys: [], aggregates: [count()],
                .union([.select([col("carrier")], flights), .select([col("name")], airlines)]))
        ),
        (
            "persist-twice",
            .union([
                .aggregate(keys: [], aggregates: [count(), min("distance")], kept),
                .aggregate(keys: [], aggregates: [count(), max("distance")], kept),
            ])
        ),
        (
            "held-datasets",
            .join(.inner, keys: [JoinKey("carrier")], left: .persist(DatasetID(4), flights), right: held)
        ),
        (
            "user-function",
            .map(UserFunction(typeName: "Scale", payload: [1]), Schema([Field("x", .float64)]), delays)
        ),
    ]

    static let catalog: TestCatalog = {
        var catalog = TestCatalog.flights
        catalog.held[DatasetID(7)] = HeldDataset(rowCounts: [16], byteCounts: [400])
        catalog.held[DatasetID(4)] = HeldDataset(rowCounts: [1000, 1000, 500], byteCounts: [90_000, 90_000, 45_000])
        return catalog
    }()

    @Test(arguments: plans.map(\.0)) func explanation(_ name: String) throws {
        let plan = try #require(Self.plans.first { $0.0 == name }).1
        let query = try QueryPlanner(catalog: Self.catalog).plan(plan, for: .rows)
        try expectGolden(query.explanation, name)
        try expectRoundTrip(query.logical)
        try expectRoundTrip(query.analyzed)
        try expectRoundTrip(query.optimized)
        try expectRoundTrip(query.graph)
    }

    @Test(arguments: [
        ("write-file", PlanAction.writeFile(FileSink(path: "/out/all.parquet", format: .parquet))),
        ("write-folder", .writeFolder("/out/parts", .parquet)),
        ("user-aggregate", .aggregate(UserFunction(typeName: "Gradient", payload: []))),
    ]) func action(_ name: String, _ action: PlanAction) throws {
        let query = try QueryPlanner(catalog: Self.catalog).plan(.filter(col("month") == 1, Self.flights), for: action)
        try expectGolden(query.explanation, name)
        try expectRoundTrip(query.graph)
    }

    private func expectRoundTrip<Plan: Codable & Hashable>(_ plan: Plan) throws {
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(Plan.self, from: data) == plan)
    }
}
