import Stoa

/// Full-batch gradient descent with a constant learning rate: every step evaluates the loss over all rows once, and moves
/// the parameters against the mean gradient.
public struct GradientDescent: Hashable, Codable, Sendable {
    /// How far a step goes along the mean gradient.
    public var learningRate: Double
    /// Most steps.
    public var iterations: Int
    /// Weight of half the sum of the squared coefficients, added to the mean loss; the intercept is left out.
    public var l2: Double
    /// Stops after a step that lowered the loss by no more than this share of it; 0 runs all steps.
    public var tolerance: Double

    /// Gradient descent; 100 steps at a learning rate of 0.5 unless stated.
    public init(learningRate: Double = 0.5, iterations: Int = 100, l2: Double = 0, tolerance: Double = 0) {
        self.learningRate = learningRate
        self.iterations = iterations
        self.l2 = l2
        self.tolerance = tolerance
    }

    /// One step: where it began, and what it found there.
    public struct Step: Hashable, Sendable {
        /// Number of the step, from 1 on.
        public let number: Int
        /// Most steps that there will be.
        public let limit: Int
        /// Mean loss of the parameters before the step, penalty included.
        public let loss: Double
        /// Length of the mean gradient, penalty included.
        public let gradientNorm: Double
    }

    /// What the descent came to.
    public struct Outcome: Hashable, Sendable {
        /// The parameters after the last step.
        public let parameters: [Double]
        /// The loss before each step.
        public let losses: [Double]
    }

    /// Descends from `start`.
    ///
    /// - Parameters:
    ///   - start: first parameters.
    ///   - penalizedCount: `l2` counts for this many parameters from the first on; all unless stated.
    ///   - progress: called after each step.
    ///   - evaluate: the sums of loss and gradient over all rows for given parameters: usually one `treeAggregate`.
    ///
    /// Throws `invalidArgument` for impossible settings, for no rows, and when the loss is no longer finite; what `evaluate`
    /// throws; and `CancellationError` when the surrounding task is cancelled.
    public func minimize(
        from start: [Double], penalizedCount: Int? = nil, progress: (Step) -> Void = { _ in },
        _ evaluate: (_ parameters: [Double]) async throws -> LossGradient
    ) async throws -> Outcome {
        try checkSettings()
        let penalized = penalizedCount ?? start.count
        guard (0...start.count).contains(penalized) else {
            throw StoaError(.invalidArgument, "\(penalized) of \(start.count) parameters to be penalized")
        }
        var parameters = start
        var losses: [Double] = []
        for number in 1...iterations {
            try Task.checkCancellation()
            let sums = try await evaluate(parameters)
            let (loss, gradient) = try mean(of: sums, at: parameters, penalized: penalized, step: number)
            for index in parameters.indices { parameters[index] -= learningRate * gradient[index] }
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            progress(Step(number: number, limit: iterations, loss: loss, gradientNorm: norm))
            let previous = losses.last
            losses.append(loss)
            if tolerance > 0, let previous, previous - loss <= tolerance * abs(previous) { break }
        }
        return Outcome(parameters: parameters, losses: losses)
    }

    private func checkSettings() throws(StoaError) {
        guard learningRate > 0, learningRate.isFinite, iterations > 0, l2 >= 0, l2.isFinite, tolerance >= 0 else {
            throw StoaError(
                .invalidArgument,
                "gradient descent with learning rate \(learningRate), \(iterations) iterations, l2 \(l2), tolerance \(tolerance)",
                advice: "rate and iterations are above 0, l2 and tolerance not below 0")
        }
    }

    private func mean(
        of sums: LossGradient, at parameters: [Double], penalized: Int, step: Int
    ) throws(StoaError) -> (loss: Double, gradient: [Double]) {
        guard sums.gradient.count == parameters.count else {
            throw StoaError(
                .invalidArgument, "a gradient of \(sums.gradient.count) values for \(parameters.count) parameters")
        }
        guard sums.rowCount > 0 else {
            throw StoaError(
                .invalidArgument, "there are no rows to learn from", advice: "loosen the filters before fitting")
        }
        let count = Double(sums.rowCount)
        var loss = sums.loss / count
        var gradient = sums.gradient.map { $0 / count }
        for index in 0..<penalized {
            loss += l2 / 2 * parameters[index] * parameters[index]
            gradient[index] += l2 * parameters[index]
        }
        guard loss.isFinite, gradient.allSatisfy(\.isFinite) else {
            throw StoaError(
                .invalidArgument, "the loss is \(loss) at step \(step) of gradient descent",
                advice: "use a smaller learning rate, scale the features, and look for NaN among them")
        }
        return (loss, gradient)
    }
}
