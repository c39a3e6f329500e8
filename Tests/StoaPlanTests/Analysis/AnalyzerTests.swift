import StoaColumns
import StoaPlan
import Testing

/// Names and shapes of plans.
@Suite struct AnalyzerTests {
    let flights = scan("flights.parquet")
    let airlines = scan("airlines.csv")

    private func schema(_ plan: LogicalPlan) throws(StoaError) -> Schema {
        try QueryPlanner(catalog: TestCatalog.flights).schema(of: plan)
    }

    private func mistake(_ plan: LogicalPlan) throws -> StoaError {
        try #require(throws: StoaError.self) { try schema(plan) }
    }

    @Test func projectionsNameTheirColumns() throws {
        #expect(
            try schema(.select([col("distance") * 2, col("origin").as("from")], flights)).names == [
                "distance * 2", "from",
            ])
        let with = try schema(
            .withColumns([(col("distance") / 2).as("distance"), lit(1).as("one")], airlines.joined(flights)))
        #expect(with["distance"]?.type == .float64)
        #expect(with.names.last == "one")
        #expect(try schema(.drop(["name"], airlines)).names == ["carrier"])
        #expect(try schema(.rename([Renaming(from: "name", to: "airline")], airlines)).names == ["carrier", "airline"])
        // Renamings happen at once, so that names can be swapped.
        let swapped = [Renaming(from: "name", to: "carrier"), Renaming(from: "carrier", to: "name")]
        #expect(try schema(.rename(swapped, airlines)).names == ["name", "carrier"])
    }

    @Test func groupingsGiveKeysThenAggregates() throws {
        let plan = LogicalPlan.aggregate(
            keys: [col("origin"), (col("distance") % 100).as("rest")],
            aggregates: [
                count(), sum("distance") / count(), max("carrier").as("last"), col("origin").isNull.as("none"),
                (col("rest") + min("year")).as("mixed"), sumOrZero("distance"),
            ], flights)
        let schema = try schema(plan)
        #expect(
            schema.names == [
                "origin", "rest", "count", "sum(distance) / count()", "last", "none", "mixed", "sumOrZero(distance)",
            ])
        #expect(schema.fields.map(\.type) == [.utf8, .int64, .int64, .float64, .utf8, .bool, .int64, .int64])
        #expect(schema.fields.map(\.isNullable) == [false, true, false, true, true, false, true, false])
    }

    @Test func aggregateTypes() throws {
        func type(_ aggregate: Expression) throws -> DataType {
            try schema(.aggregate(keys: [], aggregates: [aggregate], scan("types.parquet")))[0].type
        }
        for name in ["i8", "i64", "flag"] { #expect(try type(sum(name)) == .int64) }
        for name in ["u8", "u64"] { #expect(try type(sum(name)) == .uint64) }
        #expect(try type(sum("f32")) == .float64)
        #expect(try type(sum("price")) == .decimal(precision: 38, scale: 2))
        #expect(try type(mean("price")) == .decimal(precision: 14, scale: 6))
        #expect(try type(mean("wide")) == .decimal(precision: 38, scale: 14))
        #expect(try type(mean("flag")) == .float64)
        #expect(try type(min("date")) == .date32)
        #expect(try type(countDistinct("text")) == .int64)
        #expect(try type(standardDeviation("u8")) == .float64)
    }

    @Test func joinsKeepSameNamedKeysOnce() throws {
        let joined = try schema(.join(.left, keys: [JoinKey("carrier")], left: flights, right: airlines))
        #expect(joined.names == (try schema(flights)).names + ["name"])
        let inner = LogicalPlan.join(
            .inner, keys: [JoinKey("origin")], left: flights,
            right: .select([col("origin"), lit(1).as("one")], flights))
        #expect(try schema(inner)["one"]?.isNullable == false)
        let left = LogicalPlan.join(
            .left, keys: [JoinKey("origin")], left: flights, right: .select([col("origin"), lit(1).as("one")], flights))
        #expect(try schema(left)["one"]?.isNullable == true)
    }

    @Test func joinKeysMeetInOneType() throws {
        let plan = LogicalPlan.join(
            .inner, keys: [JoinKey(left: col("year"), right: col("i64"))], left: flights,
            right: .select([col("i64")], scan("types.parquet")))
        let query = try QueryPlanner(catalog: TestCatalog.flights).plan(plan, for: .rows)
        guard case .join(let join, _, _) = query.analyzed.node else { return #expect(Bool(false)) }
        #expect(join.leftKeys[0].type == .int64)
        #expect(join.rightKeys[0].type == .int64)
        #expect(query.schema.names.suffix(1) == ["i64"])
    }

    @Test func unionsGoByPosition() throws {
        let plan = LogicalPlan.union([.select([col("origin")], flights), .select([col("name")], airlines)])
        let schema = try schema(plan)
        #expect(schema.names == ["origin"])
        #expect(schema[0].isNullable)
    }

    @Test func mistakesNameTheCandidates() throws {
        let typo = try mistake(.filter(col("distnce") > 5, flights))
        #expect(typo.code == .unknownColumn)
        #expect(typo.advice.contains("did you mean 'distance'"))
        #expect(typo.location.planNode == "filter(distnce > 5)")

        let twice = try mistake(.select([col("year"), col("month").as("year")], flights))
        #expect(twice.code == .ambiguousColumn)
        #expect(twice.message.contains("'year'"))

        let clash = try mistake(
            .join(
                .inner, keys: [JoinKey("carrier")], left: flights,
                right: .rename([Renaming(from: "name", to: "year")], airlines)))
        #expect(clash.code == .ambiguousColumn)
        #expect(clash.advice.contains("rename"))

        let keys = try mistake(
            .join(.inner, keys: [JoinKey(left: col("year"), right: col("name"))], left: flights, right: airlines))
        #expect(keys.code == .typeMismatch)
        #expect(keys.message.contains("int32") && keys.message.contains("utf8"))

        let counts = try mistake(.union([flights, airlines]))
        #expect(counts.code == .schemaMismatch)
        let types = try mistake(.union([.select([col("year")], flights), .select([col("name")], airlines)]))
        #expect(types.message.contains("name: utf8"))

        let many = try mistake(.aggregate(keys: [col("origin")], aggregates: [sum("distance") + col("year")], flights))
        #expect(many.code == .invalidArgument)
        #expect(many.advice.contains("group keys"))
        let nested = try mistake(.aggregate(keys: [], aggregates: [sum(max("distance"))], flights))
        #expect(nested.message.contains("max(distance)"))
        let text = try mistake(.aggregate(keys: [], aggregates: [mean("carrier")], flights))
        #expect(text.code == .typeMismatch)
        let delta = try mistake(.aggregate(keys: [], aggregates: [variance("distance", deltaDegrees: -1)], flights))
        #expect(delta.code == .invalidArgument)

        #expect(try mistake(.filter(col("distance"), flights)).advice.contains("distance > 0"))
        #expect(try mistake(.sort([desc(sum("distance"))], flights)).code == .invalidArgument)
        #expect(try mistake(.limit(skip: 0, count: -1, flights)).code == .invalidArgument)
        #expect(try mistake(.drop(["carrier", "name"], airlines)).code == .invalidArgument)
        #expect(try mistake(.rename([Renaming(from: "nam", to: "x")], airlines)).advice.contains("'name'"))
        #expect(try mistake(.select([], flights)).code == .invalidArgument)
        #expect(try mistake(.join(.inner, keys: [], left: flights, right: airlines)).code == .invalidArgument)
        #expect(try mistake(.aggregate(keys: [], aggregates: [], flights)).code == .invalidArgument)
        #expect(try mistake(scan("nowhere.csv")).code == .fileNotFound)
    }

    @Test func aLostDatasetIsAnError() throws {
        let plan = LogicalPlan.table(DatasetID(9), Schema([Field("a", .int64)]))
        let error = try #require(throws: StoaError.self) {
            try QueryPlanner(catalog: TestCatalog.flights).plan(plan, for: .rows)
        }
        #expect(error.code == .unknownName)
    }
}

extension LogicalPlan {
    /// This plan joined with the other on the carrier.
    fileprivate func joined(_ other: LogicalPlan) -> LogicalPlan {
        .join(.inner, keys: [JoinKey("carrier")], left: other, right: self)
    }
}
