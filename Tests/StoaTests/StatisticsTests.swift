import Foundation
import Stoa
import StoaTestSupport
import Testing

@Suite struct StatisticsTests {
    let session: Session
    let trades: DataFrame

    init() throws {
        session = try Session(cluster: .embedded(executors: 2, threadsPerExecutor: 2))
        trades = try session.dataFrame(
            [
                "symbol": Column(["A", "B", "A", nil, "A", "B", "A"]),
                "price": Column([1.0, 20, nil, 4, 3, .nan, 2]),
                "size": Column([10, 20, 30, 40, 50, nil, 70]),
                "day": Column([5, 1, 4, 2, 3, 9, 7] as [Int32]),
                "text": Column([5, 1, 4, 2, 3, 9, 7].map { "2013-01-0\($0)" }),
            ], rowsPerPartition: 2)
    }

    @Test func quantilesOfGroups() async throws {
        let result = try await trades.groupBy("symbol").agg(
            median("price").as("m"), quantile("size", 0.25).as("q"),
            quantile("size", 0.25, interpolation: .higher).as("h"), count().as("n")
        ).sort("symbol").collect()
        #expect(try result["symbol", as: String?.self] == ["A", "B", nil])
        let medians = try result["m", as: Double.self]
        #expect(medians[0] == 2 && medians[1].isNaN && medians[2] == 4)
        #expect(try result["q", as: Double.self] == [25, 20, 40])
        #expect(try result["h", as: Int.self] == [30, 20, 40])
        #expect(try result["n", as: Int.self] == [4, 2, 1])
    }

    @Test func quantilesKeepTypesOrInterpolate() async throws {
        let dated = trades.withColumn("date", col("text").cast(to: .date32)).withColumn(
            "money", col("day").cast(to: .decimal(precision: 10, scale: 2)))
        let result = try await dated.agg(
            quantile("date", 0.5, interpolation: .lower).as("date"), median("money").as("money"),
            quantile("money", 1, interpolation: .nearest).as("most"), median("day").as("day"),
            median(col("day") * 2).as("double")
        ).collect()
        #expect(
            result.schema.fields.map(\.type) == [
                .date32, .float64, .decimal(precision: 10, scale: 2), .float64, .float64,
            ])
        #expect(result.formatted(rowLimit: 1, width: 200).contains("2013-01-04"))
        #expect(try result["day", as: Double.self] == [4])
        #expect(try result["money", as: Double.self] == [4])
        #expect(try result["double", as: Double.self] == [8])
    }

    @Test func ofNothingThereIsNull() async throws {
        let none = trades.filter(lit(false))
        let row = try #require(
            try await none.agg(
                median("price").as("m"), covariance("price", "size").as("c"), correlation("price", "size").as("r"),
                dot("price", "size").as("d")
            ).first())
        for name in ["m", "c", "r", "d"] { #expect(try row[name, as: Double.self] == nil) }
        #expect(try await none.groupBy("symbol").top(2, by: desc("price")).count() == 0)
    }

    /// No rounding of a mean may look like a deviation: 0 / 0 is NaN, with keys and without.
    @Test(arguments: [2, 3, 6, 10, 1_000, 1_024, 2_500]) func constantsHaveNoCorrelation(count: Int) async throws {
        let frame = try session.dataFrame(
            [
                "same": Column(Array(repeating: 0.1, count: count)),
                "holed": Column((0..<count).map { $0 % 3 == 1 ? nil : 0.7 }),
                "rising": Column((0..<count).map { Double($0) / 3 }),
            ], rowsPerPartition: 700)
        let relations = [
            correlation("same", "same").as("a"), correlation("same", "rising").as("b"),
            correlation("rising", "holed").as("c"), covariance("same", "rising").as("d"),
        ]
        for result in [
            try await frame.agg(relations).collect(),
            try await frame.withColumn("key", lit(1)).groupBy("key").agg(relations).collect(),
        ] {
            #expect(try result["a", as: Double.self][0].isNaN)
            #expect(try result["b", as: Double.self][0].isNaN)
            // Of two rows one has a value: a pair alone has no correlation at all.
            if count > 2 { #expect(try result["c", as: Double.self][0].isNaN) }
            #expect(try result["d", as: Double.self] == [0])
        }
    }

    @Test func relationsSkipPairsWithANull() async throws {
        let result = try await trades.filter(!col("price").isNaN || col("price").isNull).agg(
            covariance("size", "day").as("c"), correlation("day", "size").as("r"),
            (correlation("day", "size") * correlation("day", "size")).as("r2"), dot("day", "size").as("d")
        ).collect()
        // By NumPy, over the pairs without nulls.
        #expect(abs(try result["c", as: Double.self][0] - 20.666666666666668) < 1e-12)
        let r = try result["r", as: Double.self][0]
        #expect(abs(r - 0.4428571428571429) < 1e-12)
        #expect(try result["r2", as: Double.self] == [r * r])
        #expect(try result["d", as: Int.self] == [10 * 5 + 20 + 120 + 80 + 150 + 490])
    }

    @Test func aggregatesThatIgnoreNaN() async throws {
        let frame = try session.dataFrame(
            ["x": Column([1, .nan, nil, 4, 7]), "f": Column([.nan, .nan, nil, nil, .nan] as [Float?])],
            rowsPerPartition: 2)
        let row = try #require(
            try await frame.agg(
                sumIgnoringNaN("x").as("sum"), meanIgnoringNaN("x").as("mean"), minIgnoringNaN("x").as("min"),
                maxIgnoringNaN("x").as("max"), varianceIgnoringNaN("x").as("var"),
                standardDeviationIgnoringNaN("x").as("sd"), medianIgnoringNaN("x").as("median"),
                maxIgnoringNaN("f").as("none")
            ).first())
        let expected = ["sum": 12.0, "mean": 4, "min": 1, "max": 7, "var": 9, "sd": 3, "median": 4]
        for (name, value) in expected { #expect(try row[name, as: Double.self] == value, "\(name)") }
        #expect(try row["none", as: Float.self] == nil)
        // Options are part of the name, as they are of `variance`.
        let both = try await frame.agg(varianceIgnoringNaN("x"), varianceIgnoringNaN("x", deltaDegrees: 0)).collect()
        #expect(
            both.schema.fields.map(\.name) == ["varianceIgnoringNaN(x)", "varianceIgnoringNaN(x, deltaDegrees: 0)"])
    }

    @Test func mistakesAreNamed() async throws {
        func error(_ frame: DataFrame) async throws -> StoaError {
            try #require(await #expect(throws: StoaError.self) { try await frame.collect() })
        }
        #expect(try await error(trades.agg(quantile("price", 1.5))).code == .invalidArgument)
        #expect(try await error(trades.agg(quantile("price", .nan))).code == .invalidArgument)
        #expect(try await error(trades.agg(median("symbol"))).code == .typeMismatch)
        let date = try await error(trades.agg(median(col("text").cast(to: .date32))))
        #expect(date.code == .typeMismatch && date.description.contains("interpolation: .lower"))
        #expect(try await error(trades.agg(covariance("price", "symbol"))).code == .typeMismatch)
        #expect(try await error(trades.agg(covariance("price", "size", deltaDegrees: -1))).code == .invalidArgument)
        #expect(try await error(trades.groupBy("symbol").top(-1, by: "price")).code == .invalidArgument)
        #expect(try await error(trades.groupBy("symbol").top(1, by: "prise")).description.contains("price"))
        await #expect(throws: StoaError.self) { try await trades.histogram("size", bins: 0) }
        await #expect(throws: StoaError.self) { try await trades.histogram("size", range: 1...1) }
    }

    @Test func topRowsOfGroups() async throws {
        let result = try await trades.groupBy("symbol").top(2, by: desc("price")).collect()
        #expect(try result["symbol", as: String?.self].filter { $0 == "A" }.count == 2)
        let sorted = try await trades.groupBy("symbol").top(2, by: desc("price"), "day").sort("symbol", desc("price"))
            .collect()
        #expect(try sorted["day", as: Int32.self] == [3, 7, 9, 1, 2])
        #expect(try await trades.groupBy("symbol").top(0, by: "price").count() == 0)
        let all = try await trades.groupBy([]).top(3, by: "size").collect()
        #expect(try all["size", as: Int.self] == [10, 20, 30])
    }

    /// The order of groups and rows is that of one partition, whatever the partitions are.
    @Test func topRowsDoNotDependOnPartitions() async throws {
        var random = SplitMix64(seed: 12)
        let batch = try Batch([
            "group": Column((0..<5_000).map { _ in random.below(40) }),
            "value": Column((0..<5_000).map { _ in Double(random.below(30)) }), "row": Column(Array(0..<5_000)),
        ])
        var answers: [[Int]] = []
        for rows in [5_000, 1_000, 77] {
            let frame = try session.dataFrame([batch], rowsPerPartition: rows)
            let top = frame.groupBy("group").top(3, by: "value").sort("group", "value")
            answers.append(try await top.collect()["row", as: Int.self])
        }
        #expect(answers[0].count == 120 && answers[1] == answers[0] && answers[2] == answers[0])
    }

    @Test func histogramsAreThoseOfNumPy() async throws {
        var random = SplitMix64(seed: 5)
        let values = (0..<20_000).map { _ in Double(random.below(10_000)) / 1_000 }
        let frame = try session.dataFrame(["x": Column(values)], rowsPerPartition: 3_000)
        for (bins, range) in [(10, nil), (7, 0.1...9.7), (100, 2...3), (1, nil), (997, 0...10)]
            as [(Int, ClosedRange<Double>?)]
        {
            let found = try await frame.histogram("x", bins: bins, range: range)
            let script = """
                import json, sys, numpy as np
                values, bins, low, high = json.load(sys.stdin)
                counts, edges = np.histogram(np.array(values), bins=bins, range=None if low is None else (low, high))
                print(json.dumps([counts.tolist(), edges.tolist()]))
                """
            let input: [Any] = [values, bins, range?.lowerBound ?? NSNull(), range?.upperBound ?? NSNull()]
            let folder = try TemporaryFolder()
            try JSONSerialization.data(withJSONObject: input).write(to: URL(fileURLWithPath: folder.path("input.json")))
            let outcome = try BuiltProgram.python.run([
                "-c", script.replacing("json.load(sys.stdin)", with: "json.load(open('\(folder.path("input.json"))'))"),
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let answer = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[NSNumber]])
            #expect(found.counts == answer[0].map(\.intValue), "\(bins) bins in \(String(describing: range))")
            #expect(zip(found.edges, answer[1]).allSatisfy { abs($0 - $1.doubleValue) <= 1e-12 })
            #expect(found.counts.reduce(0, +) + found.below + found.above == values.count)
        }
    }

    @Test func histogramsCountWhatIsInNoBin() async throws {
        let frame = try session.dataFrame(["x": Column([1, 2, 3, nil, .nan, -.infinity, .infinity, 4, 2.5])])
        let found = try await frame.histogram("x", bins: 2, range: 2...4)
        #expect(found.counts == [2, 2] && found.below == 2 && found.above == 1)
        #expect(found.nanCount == 1 && found.nullCount == 1 && found.edges == [2, 3, 4])
        let error = await #expect(throws: StoaError.self) { try await frame.histogram("x") }
        #expect(error?.code == .invalidArgument)
        let one = try await frame.filter(col("x") == 3).histogram("x", bins: 4)
        #expect(one.counts == [0, 0, 1, 0] && one.edges[0] == 2.5)
        #expect(try await frame.filter(lit(false)).histogram("x", bins: 1).edges == [0, 1])
    }

    /// The number of bins over the width of the range is infinite.
    @Test func histogramsOfTinyRanges() async throws {
        let frame = try session.dataFrame(["x": Column([0.0, 1e-308])])
        #expect(try await frame.histogram("x", bins: 10).counts == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        let least = try session.dataFrame(["x": Column([0.0, Double.leastNonzeroMagnitude])])
        let counts = try await least.histogram("x", bins: 10).counts
        #expect(counts.reduce(0, +) == 2 && counts[9] == 1)
    }
}
