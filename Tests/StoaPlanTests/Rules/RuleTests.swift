import StoaColumns
import StoaPlan
import Testing

/// Each rule alone: the plan before and after, as golden files.
@Suite struct RuleTests {
    struct Case: Sendable {
        let name: String
        let rule: @Sendable (ResolvedPlan) -> ResolvedPlan
        let plan: LogicalPlan
    }

    static let flights = scan("flights.parquet")
    static let airlines = scan("airlines.csv")
    static let joined = LogicalPlan.join(.inner, keys: [JoinKey("carrier")], left: flights, right: airlines)
    static let leftJoined = LogicalPlan.join(.left, keys: [JoinKey("carrier")], left: flights, right: airlines)

    static let cases: [Case] = [
        Case(
            name: "constant-folding", rule: ConstantFolding.applied,
            plan: .filter(
                lit(1) < 2,
                .filter(
                    col("distance") > lit(2) * 250 && true,
                    .withColumns([when(lit(2) > 1, then: col("year")).otherwise(0).as("y")], flights)))),
        Case(
            name: "filter-merge", rule: FilterMerge.applied,
            plan: .filter(
                lit(100).quotient(col("distance")) > 2,
                .filter(
                    col("month") == 1 || col("month") == 2,
                    .filter(col("distance") != 0, .filter(col("year") == 2013, flights))))),
        Case(
            name: "pushdown-through-projection", rule: PredicatePushdown.applied,
            plan: .filter(
                col("kilometres") > 800 && col("log") > 3 && col("origin") == "JFK",
                .withColumns(
                    [(col("distance") * 1.609).as("kilometres"), col("distance").log().as("log")], flights))),
        Case(
            name: "pushdown-into-join", rule: PredicatePushdown.applied,
            plan: .filter(
                col("name") != "x" && col("distance") > 500 && col("carrier") == "UA" && col("distance") + 1 > 3
                    && col("origin") == col("name"), joined)),
        Case(
            name: "pushdown-into-left-join", rule: PredicatePushdown.applied,
            plan: .filter(col("name").isNull && col("distance") > 500 && col("carrier") == "UA", leftJoined)),
        Case(
            name: "pushdown-through-grouping", rule: PredicatePushdown.applied,
            plan: .filter(
                col("carrier") == "UA" && col("count") > 10,
                .aggregate(keys: [col("carrier")], aggregates: [count()], flights))),
        Case(
            name: "pushdown-stops", rule: PredicatePushdown.applied,
            plan: .filter(
                col("month") == 1,
                .union([
                    .limit(skip: 0, count: 5, flights),
                    .persist(DatasetID(1), .filter(col("year") == 2013, flights)),
                    .sort([asc("day")], flights),
                    .filter(lit(100).quotient(col("distance")) > 2, flights),
                ]))),
        Case(
            name: "limit-through-projection", rule: LimitPushdown.applied,
            plan: .limit(
                skip: 0, count: 5, .select([(col("distance") + 1).as("d")], .sort([desc("arr_delay")], flights)))),
        Case(
            name: "limit-of-limit", rule: LimitPushdown.applied,
            plan: .limit(skip: 2, count: 5, .limit(skip: 3, count: 4, .sort([desc("arr_delay")], flights)))),
        Case(
            name: "limit-into-left-join", rule: LimitPushdown.applied,
            plan: .limit(skip: 1, count: 5, leftJoined)),
        Case(
            name: "projection-pruning", rule: ProjectionPruning.applied,
            plan: .select(
                [col("name"), col("delay")],
                .sort(
                    [desc("delay")],
                    .join(
                        .left, keys: [JoinKey("carrier")],
                        left: .aggregate(
                            keys: [col("carrier")], aggregates: [mean("arr_delay").as("delay"), max("distance")],
                            .filter(col("month") > 6, .withColumns([col("distance").exp().as("unused")], flights))),
                        right: airlines)))),
        Case(
            name: "projection-pruning-keeps-one", rule: ProjectionPruning.applied,
            plan: .aggregate(keys: [], aggregates: [count()], .union([flights, flights]))),
        Case(
            name: "project-merge", rule: ProjectMerge.applied,
            plan: .select(
                [(col("double") + 1).as("more"), col("year")],
                .select(
                    [(col("distance") * 2).as("double"), col("year")],
                    .rename([Renaming(from: "day", to: "date")], flights)))),
        Case(
            name: "project-merge-repeats-nothing", rule: ProjectMerge.applied,
            plan: .select(
                [(col("e") + 1).as("a"), (col("e") + 2).as("b")], .select([col("distance").exp().as("e")], flights))),
        Case(
            name: "project-merge-into-grouping", rule: ProjectMerge.applied,
            plan: .aggregate(
                keys: [col("from")], aggregates: [sum("km")],
                .select([col("origin").as("from"), (col("distance") * 1.609).as("km")], flights))),
    ]

    @Test(arguments: cases.map(\.name)) func rewrites(_ name: String) throws {
        let example = try #require(Self.cases.first { $0.name == name })
        let before = try Analyzer(catalog: TestCatalog.flights).resolve(example.plan)
        let after = example.rule(before)
        #expect(after.schema.names == before.schema.names)
        try expectGolden("before\n\(lines(before))\nafter\n\(lines(after))", "rule-\(name)")
        #expect(example.rule(after) == after, "once is enough")
    }

    private func lines(_ plan: ResolvedPlan, indent: Int = 1) -> String {
        String(repeating: "  ", count: indent) + plan.description + "\n"
            + plan.inputs.map { lines($0, indent: indent + 1) }.joined()
    }
}
