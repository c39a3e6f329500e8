import Stoa

/// The sum of a loss over rows, and of its derivative by each parameter: what one step of gradient descent needs to know.
public struct LossGradient: Hashable, Codable, Sendable {
    /// Sum of the rows' losses.
    public var loss: Double
    /// Sum of the rows' derivatives, one value a parameter.
    public var gradient: [Double]
    /// Number of rows.
    public var rowCount: Int

    /// The sums of no rows.
    public init(parameterCount: Int) {
        loss = 0
        gradient = Array(repeating: 0, count: parameterCount)
        rowCount = 0
    }

    /// Adds the sums of other rows.
    public mutating func add(_ other: LossGradient) throws(StoaError) {
        guard other.gradient.count == gradient.count else {
            throw StoaError(
                .invalidArgument,
                "gradients of \(gradient.count) and \(other.gradient.count) parameters cannot be added")
        }
        loss += other.loss
        for index in gradient.indices { gradient[index] += other.gradient[index] }
        rowCount += other.rowCount
    }
}
