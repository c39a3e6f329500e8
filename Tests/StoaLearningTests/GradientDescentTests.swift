import StoaColumns
import StoaLearning
import Testing

@Suite struct GradientDescentTests {
    /// Half the squared distance from (3, -1), as the mean over four rows.
    private func parabola(_ parameters: [Double]) -> LossGradient {
        var sums = LossGradient(parameterCount: 2)
        let distances = [parameters[0] - 3, parameters[1] + 1]
        sums.loss = 4 * (distances[0] * distances[0] + distances[1] * distances[1]) / 2
        sums.gradient = distances.map { 4 * $0 }
        sums.rowCount = 4
        return sums
    }

    @Test func findsTheMinimum() async throws {
        var steps: [GradientDescent.Step] = []
        let outcome = try await GradientDescent(learningRate: 0.5, iterations: 60).minimize(
            from: [0, 0], progress: { steps.append($0) }
        ) { parabola($0) }
        #expect(abs(outcome.parameters[0] - 3) < 1e-12 && abs(outcome.parameters[1] + 1) < 1e-12)
        #expect(outcome.losses.count == 60 && outcome.losses[0] == 5)
        #expect(zip(outcome.losses, outcome.losses.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(steps.map(\.number) == Array(1...60))
        #expect(steps.map(\.loss) == outcome.losses)
        #expect(steps[0].limit == 60 && abs(steps[0].gradientNorm - 10.0.squareRoot()) < 1e-15)
    }

    @Test func aPenaltyShrinksWhatItCountsFor() async throws {
        let outcome = try await GradientDescent(learningRate: 0.4, iterations: 200, l2: 0.5).minimize(
            from: [0, 0], penalizedCount: 1
        ) { parabola($0) }
        #expect(abs(outcome.parameters[0] - 2) < 1e-12 && abs(outcome.parameters[1] + 1) < 1e-12)
    }

    @Test func toleranceStopsEarly() async throws {
        let outcome = try await GradientDescent(learningRate: 1, iterations: 100, tolerance: 1e-3).minimize(
            from: [0, 0]
        ) { parabola($0) }
        // The first step lands on the minimum; the second sees that, the third that nothing changes any more.
        #expect(outcome.losses == [5, 0, 0])
    }

    @Test func divergenceIsAnError() async throws {
        let error = await #expect(throws: StoaError.self) {
            try await GradientDescent(learningRate: 1e200, iterations: 10).minimize(from: [0, 0]) { parabola($0) }
        }
        #expect(error?.advice.contains("learning rate") == true)
    }

    @Test(arguments: [
        GradientDescent(learningRate: 0), GradientDescent(learningRate: .nan), GradientDescent(iterations: 0),
        GradientDescent(l2: -1), GradientDescent(tolerance: -1),
    ])
    func impossibleSettingsAreErrors(descent: GradientDescent) async throws {
        let error = await #expect(throws: StoaError.self) { try await descent.minimize(from: [0, 0]) { parabola($0) } }
        #expect(error?.code == .invalidArgument)
    }

    @Test func noRowsAreAnError() async throws {
        let error = await #expect(throws: StoaError.self) {
            try await GradientDescent().minimize(from: [0]) { LossGradient(parameterCount: $0.count) }
        }
        #expect(error?.message.contains("no rows") == true)
    }

    @Test func cancellationStopsIt() async throws {
        let task = Task {
            try await GradientDescent(iterations: 1_000_000_000).minimize(from: [0, 0]) { parabola($0) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
