import Stoa

/// Logistic regression by full-batch gradient descent on standardised features. Each step is one tree aggregation over the
/// partitions, which stay in the executors' memory from the first step on.
public struct LogisticRegression: Hashable, Codable, Sendable {
    /// The columns to predict from, numeric or bool.
    public var features: [String]
    /// The column to predict: bool, or numbers 0 and 1.
    public var label: String
    /// How the loss is minimised. Its `l2` counts for the coefficients of the standardised features.
    public var optimizer: GradientDescent

    /// A regression of a label on features.
    public init(features: [String], label: String, optimizer: GradientDescent = GradientDescent()) {
        self.features = features
        self.label = label
        self.optimizer = optimizer
    }

    /// Learns from all rows.
    ///
    /// Throws `unknownColumn`, `typeMismatch`, `nullFound` when a feature or the label has nulls (filter those rows out or
    /// fill them before), `invalidArgument` for other labels than 0 and 1, without rows, and when the descent diverges.
    ///
    /// - Parameter progress: called after each step.
    public func fit(
        on frame: DataFrame, progress: (GradientDescent.Step) -> Void = { _ in }
    ) async throws -> LogisticRegressionModel {
        try frame.schema.requireNumber(label)
        if features.contains(label) || Set(features).count < features.count {
            throw StoaError(
                .invalidArgument,
                "the features [\(features.joined(separator: ", "))] repeat a column or the label '\(label)'",
                advice: "name each column once")
        }
        let scaler = try await StandardScaler.fit(features, on: frame)
        let scaled = features.indices.map { scaler.expression(at: $0).as(features[$0]) }
        let rows = frame.select(scaled + [col(label).cast(to: .float64).as(label)]).cache()
        let start = [Double](repeating: 0, count: features.count + 1)
        let outcome = try await optimizer.minimize(from: start, penalizedCount: features.count, progress: progress) {
            try await rows.treeAggregate(
                LogisticGradient(
                    features: features, label: label, coefficients: Array($0.dropLast()), intercept: $0[features.count])
            )
        }
        return LogisticRegressionModel(
            scaler: scaler, parameters: outcome.parameters, label: label, losses: outcome.losses)
    }
}

/// A learned logistic regression: the probability of the label is 1 / (1 + exp(-(intercept + coefficients x))).
public struct LogisticRegressionModel: Hashable, Codable, Sendable {
    /// The columns that the model predicts from.
    public let features: [String]
    /// The column that it predicts.
    public let label: String
    /// Change of the log odds per unit of each feature.
    public let coefficients: [Double]
    /// Log odds where all features are 0.
    public let intercept: Double
    /// Change of the log odds per standard deviation of each feature: comparable between features.
    public let standardizedCoefficients: [Double]
    /// Log odds where all features have their means.
    public let standardizedIntercept: Double
    /// Mean loss before each step.
    public let losses: [Double]

    init(scaler: StandardScaler, parameters: [Double], label: String, losses: [Double]) {
        features = scaler.columns
        self.label = label
        self.losses = losses
        let standardized = Array(parameters.dropLast())
        let perUnit = standardized.indices.map { standardized[$0] / scaler.divisor(at: $0) }
        coefficients = perUnit
        intercept = parameters[standardized.count] - zip(perUnit, scaler.means).reduce(0) { $0 + $1.0 * $1.1 }
        standardizedCoefficients = standardized
        standardizedIntercept = parameters[standardized.count]
    }

    /// The probability that a row's label is 1, float64; null when a feature is null.
    public var probability: Expression {
        let margin = zip(features, coefficients).reduce(lit(intercept)) { sum, term in
            sum + col(term.0).cast(to: .float64) * lit(term.1)
        }
        return lit(1.0) / (lit(1.0) + (-margin).exp())
    }

    /// Whether the probability exceeds a threshold, bool; null when a feature is null.
    public func prediction(threshold: Double = 0.5) -> Expression { probability > lit(threshold) }

    /// The share of rows whose label the model predicts; rows with a null in a feature or the label are left out.
    ///
    /// Throws `invalidArgument` when no row is left.
    public func accuracy(on frame: DataFrame) async throws -> Double {
        let truth = col(label).cast(to: .float64) == lit(1.0)
        let result = try await frame.agg(mean(prediction() == truth).as("accuracy")).collect()
        guard let accuracy = try result["accuracy", as: Double?.self][0] else {
            throw StoaError(.invalidArgument, "there is no row to predict", advice: "loosen the filters before scoring")
        }
        return accuracy
    }
}
