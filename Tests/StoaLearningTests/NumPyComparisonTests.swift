import Glibc
import StoaColumns
import StoaLearning
import StoaTestSupport
import Testing

/// Descents against the same descent in NumPy, and against the minimum itself.
@Suite struct NumPyComparisonTests {
    /// Correlated features and labels drawn from a logistic model.
    private func makeRows(_ count: Int) -> (rows: [[Double]], labels: [Double]) {
        var generator = SplitMix64(seed: 42)
        var rows: [[Double]] = []
        var labels: [Double] = []
        for _ in 0..<count {
            let a = Double.random(in: -1.7...1.7, using: &generator)
            let b = 0.5 * a + Double.random(in: -1.5...1.5, using: &generator)
            let c = Double.random(in: -1.7...1.7, using: &generator)
            let probability = 1 / (1 + exp(-(0.4 + 1.5 * a - 0.7 * b)))
            rows.append([a, b, c])
            labels.append(Double.random(in: 0..<1, using: &generator) < probability ? 1 : 0)
        }
        return (rows, labels)
    }

    @Test(arguments: [0, 0.1])
    func parametersAgree(l2: Double) async throws {
        let (rows, labels) = makeRows(1_500)
        let names = ["a", "b", "c"]
        let columns = names.indices.map { index in Column(rows.map { $0[index] }) } + [Column(labels)]
        let batch = try Batch(schema: Schema((names + ["y"]).map { Field($0, .float64) }), columns: columns)
        func descend(steps: Int) async throws -> [Double] {
            try await GradientDescent(learningRate: 1, iterations: steps, l2: l2).minimize(
                from: [0, 0, 0, 0], penalizedCount: 3
            ) { parameters in
                let gradient = LogisticGradient(
                    features: names, label: "y", coefficients: Array(parameters[..<3]), intercept: parameters[3])
                var state = try gradient.initialState()
                for start in stride(from: 0, to: 1_500, by: 700) {
                    try gradient.consume(batch.slice(start..<min(1_500, start + 700)), into: &state)
                }
                return try gradient.finish(state)
            }.parameters
        }
        let expected = try NumPy.logisticRegression(rows: rows, labels: labels, learningRate: 1, steps: 25, l2: l2)
        for (value, other) in zip(try await descend(steps: 25), expected.descended) {
            #expect(abs(value - other) < 1e-12)
        }
        for (value, other) in zip(try await descend(steps: 400), expected.best) { #expect(abs(value - other) < 1e-9) }
    }
}
