import Glibc
import StoaColumns
import StoaLearning
import StoaTestSupport
import Testing

@Suite struct LogisticGradientTests {
    /// Loss and gradient straight from the definition, in another order of summation.
    private func reference(_ gradient: LogisticGradient, _ batch: Batch) throws -> LossGradient {
        var sums = LossGradient(parameterCount: gradient.features.count + 1)
        let columns = try gradient.features.map { try batch.column($0).array(of: Double.self) }
        let labels = try batch.column(gradient.label).array(of: Bool.self)
        for row in (0..<batch.rowCount).reversed() {
            let margin = zip(columns, gradient.coefficients).reduce(gradient.intercept) { $0 + $1.0[row] * $1.1 }
            let probability = 1 / (1 + exp(-margin))
            sums.loss -= log(labels[row] ? probability : 1 - probability)
            let residual = probability - (labels[row] ? 1 : 0)
            for index in columns.indices { sums.gradient[index] += columns[index][row] * residual }
            sums.gradient[columns.count] += residual
        }
        sums.rowCount = batch.rowCount
        return sums
    }

    private func makeBatch(rows: Int, features: Int, seed: UInt64) throws -> (Batch, [String]) {
        var generator = SplitMix64(seed: seed)
        let names = (0..<features).map { "x\($0)" }
        var columns = names.map { _ in Column((0..<rows).map { _ in Double.random(in: -2...2, using: &generator) }) }
        columns.append(Column((0..<rows).map { _ in Bool.random(using: &generator) }))
        return (
            try Batch(schema: Schema(zip(names + ["y"], columns).map { Field($0, $1.type) }), columns: columns), names
        )
    }

    private func sums(_ gradient: LogisticGradient, _ batches: [Batch]) throws -> LossGradient {
        var state = try gradient.initialState()
        for batch in batches { try gradient.consume(batch, into: &state) }
        return try gradient.finish(state)
    }

    @Test(arguments: [0, 1, 7, 1_023, 1_024, 1_025, 3_073], [0, 1, 4, 9])
    func agreesWithTheDefinition(rows: Int, features: Int) throws {
        let (batch, names) = try makeBatch(rows: rows, features: features, seed: UInt64(rows + features))
        let gradient = LogisticGradient(
            features: names, label: "y", coefficients: (0..<features).map { Double($0) / 4 - 0.5 }, intercept: 0.3)
        let result = try sums(gradient, [batch])
        let expected = try reference(gradient, batch)
        #expect(result.rowCount == rows)
        #expect(abs(result.loss - expected.loss) <= 1e-12 * Double(rows))
        for (value, other) in zip(result.gradient, expected.gradient) {
            #expect(abs(value - other) <= 1e-12 * Double(rows))
        }
    }

    /// The gradient is the derivative of the loss.
    @Test func agreesWithDifferences() throws {
        let (batch, names) = try makeBatch(rows: 500, features: 3, seed: 1)
        let at = LogisticGradient(features: names, label: "y", coefficients: [0.5, -1, 2], intercept: -0.2)
        let result = try sums(at, [batch])
        for index in 0...3 {
            func loss(_ step: Double) throws -> Double {
                var moved = at
                if index < 3 { moved.coefficients[index] += step } else { moved.intercept += step }
                return try sums(moved, [batch]).loss
            }
            let difference = try (loss(1e-5) - loss(-1e-5)) / 2e-5
            #expect(abs(difference - result.gradient[index]) < 1e-5 * max(1, abs(difference)))
        }
    }

    @Test func hugeMarginsStayFinite() throws {
        let batch = try Batch(["x": Column([1e6, -1e6, 1e6, -1e6]), "y": Column([1, 0, 0, 1])])
        let result = try sums(
            LogisticGradient(features: ["x"], label: "y", coefficients: [1], intercept: 0), [batch])
        #expect(result.loss == 2e6)
        #expect(result.gradient == [2e6, 0])
    }

    @Test func smallLossesAreNotLost() throws {
        let batch = try Batch(["x": Column([50.0]), "y": Column([true])])
        let result = try sums(
            LogisticGradient(features: ["x"], label: "y", coefficients: [1], intercept: 0), [batch])
        #expect(abs(result.loss - 1.928749847963918e-22) < 1e-36)
    }

    @Test func partitionsMergeToTheSameSums() throws {
        let (batch, names) = try makeBatch(rows: 4_096, features: 4, seed: 3)
        let gradient = LogisticGradient(features: names, label: "y", coefficients: [1, -1, 0.5, 0], intercept: 0)
        let whole = try sums(gradient, [batch])
        // Batches that end on row blocks do not change a bit.
        #expect(try sums(gradient, [batch.slice(0..<2_048), batch.slice(2_048..<4_096)]) == whole)
        var left = try sums(gradient, [batch.slice(0..<1_500)])
        try gradient.merge(sums(gradient, [batch.slice(1_500..<4_096)]), into: &left)
        #expect(left.rowCount == 4_096)
        #expect(abs(left.loss - whole.loss) < 1e-9)
    }

    @Test func mistakesAreNamed() throws {
        func error(_ columns: KeyValuePairs<String, Column>, coefficients: [Double] = [1]) throws -> StoaError? {
            let gradient = LogisticGradient(features: ["x"], label: "y", coefficients: coefficients, intercept: 0)
            let batch = try Batch(columns)
            return #expect(throws: StoaError.self) { try sums(gradient, [batch]) }
        }
        let nulls = try error(["x": Column([1.0, nil, nil]), "y": Column([true, true, true])])
        #expect(nulls?.code == .nullFound && nulls?.location.column == "x")
        let missing = try error(["z": Column([1.0]), "y": Column([true])])
        #expect(missing?.code == .unknownColumn)
        let label = try error(["x": Column([1.0, 2]), "y": Column([1, 3])])
        #expect(label?.location.column == "y" && label?.message.contains("row 1") == true)
        let text = try error(["x": Column([1.0]), "y": Column(["yes"])])
        #expect(text?.code == .typeMismatch)
        let count = try error(["x": Column([1.0]), "y": Column([true])], coefficients: [1, 2])
        #expect(count?.code == .invalidArgument)
    }
}
