import Glibc
import Stoa
import StoaLearning
import StoaTestSupport
import Testing

@Suite struct LogisticRegressionTests {
    /// Rows whose label follows x clearly and z not at all, x being far from standardised.
    private func columns(rows: Int) -> KeyValuePairs<String, Column> {
        var generator = SplitMix64(seed: 9)
        var x: [Int] = []
        var z: [Float] = []
        var labels: [Bool] = []
        for _ in 0..<rows {
            let value = Int.random(in: 0...2_000, using: &generator)
            let probability = 1 / (1 + exp(-(Double(value) - 1_200) / 150))
            x.append(value)
            z.append(Float.random(in: 0...1, using: &generator))
            labels.append(Double.random(in: 0..<1, using: &generator) < probability)
        }
        return ["x": Column(x), "z": Column(z), "y": Column(labels)]
    }

    private let regression = LogisticRegression(
        features: ["x", "z"], label: "y", optimizer: GradientDescent(learningRate: 3, iterations: 150))

    @Test func findsTheModelBehindTheRows() async throws {
        let frame = try Session().dataFrame(columns(rows: 6_000), rowsPerPartition: 1_100)
        var steps = 0
        let model = try await regression.fit(on: frame) { _ in steps += 1 }
        #expect(steps == 150 && model.losses.count == 150)
        #expect(abs(model.losses[0] - log(2)) < 1e-12)
        #expect(abs(model.coefficients[0] - 1.0 / 150) < 8e-4)
        #expect(abs(model.intercept + 8) < 1)
        #expect(abs(model.coefficients[1]) < 0.3)
        // Both forms of the model give the same margin.
        let accuracy = try await model.accuracy(on: frame)
        #expect(accuracy > 0.85)
        let right = try await frame.filter(model.prediction() == col("y")).count()
        #expect(Double(right) / 6_000 == accuracy)
        let probabilities = try await frame.select(model.probability.as("p")).collect()["p", as: Double.self]
        #expect(probabilities.allSatisfy { (0...1).contains($0) })
    }

    @Test func bitsDoNotDependOnExecutorsAndThreads() async throws {
        var models: [LogisticRegressionModel] = []
        for (executors, threads) in [(1, 1), (1, 4), (3, 1), (2, 3)] {
            let session = try Session(
                cluster: .embedded(executors: executors, threadsPerExecutor: threads, pinned: false))
            let frame = try session.dataFrame(columns(rows: 6_000), rowsPerPartition: 500)
            var short = regression
            short.optimizer.iterations = 8
            models.append(try await short.fit(on: frame))
        }
        #expect(models.allSatisfy { $0 == models[0] })
    }

    @Test func mistakesAreNamed() async throws {
        let session = try Session()
        let frame = try session.dataFrame(
            [
                "x": Column([1.0, nil, 3]), "z": Column([1, 2, 3]), "y": Column([true, false, true]),
                "three": Column([0, 1, 3]), "text": Column(["a", "b", "c"]),
            ])
        func error(_ features: [String], _ label: String) async -> StoaError? {
            await #expect(throws: StoaError.self) {
                try await LogisticRegression(features: features, label: label).fit(on: frame)
            }
        }
        let nulls = await error(["x"], "y")
        #expect(nulls?.code == .nullFound && nulls?.location.column == "x" && nulls?.location.partition == 0)
        let label = await error(["z"], "three")
        #expect(label?.code == .invalidArgument && label?.location.column == "three")
        #expect(await error(["text"], "y")?.code == .typeMismatch)
        #expect(await error(["z"], "text")?.location.column == "text")
        #expect(await error(["z", "z"], "y")?.code == .invalidArgument)
        #expect(await error(["y"], "y")?.code == .invalidArgument)
        #expect(await error(["zz"], "y")?.code == .unknownColumn)
    }

    @Test func flightsAgreeWithNumPy() async throws {
        let flights = try Session().read.csv(NumPy.flights)
            .filter(col("dep_delay").isNotNull && col("arr_delay").isNotNull)
            .withColumn("late", col("arr_delay") > 15)
        let regression = LogisticRegression(
            features: ["dep_delay", "distance", "hour", "month"], label: "late",
            optimizer: GradientDescent(learningRate: 4, iterations: 5))
        let model = try await regression.fit(on: flights.filter(col("day") % 5 != 0))
        let expected = try NumPy.flightsRegression(learningRate: 4, steps: 5)
        for (value, other) in zip(model.coefficients, expected.coefficients) {
            #expect(abs(value - other) < 1e-11 * max(1, abs(other)))
        }
        #expect(abs(model.intercept - expected.intercept) < 1e-10)
        #expect(try await model.accuracy(on: flights.filter(col("day") % 5 == 0)) == expected.accuracy)
    }
}
