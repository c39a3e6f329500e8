import Stoa
import StoaLinearAlgebra

/// The log loss of a logistic model over rows, and its gradient: an aggregate for `DataFrame.treeAggregate`.
///
/// A row's margin is m = w x + b, its probability p = 1 / (1 + exp(-m)), its loss -(y log p + (1 - y) log(1 - p)), in the
/// form log(1 + exp(-|m|)) + max(m, 0) - y m that neither overflows nor loses small values. The gradient's last value is
/// the intercept's.
///
/// Nulls: an error that names the column. NaN in a feature makes loss and gradient NaN. Labels other than 0 and 1 (false
/// and true) are an error. Empty: sums of zero. Cost per row: two passes over the features in cache (gemv in both
/// directions, on blocks of 1,024 rows joined in row order), and what `LogisticLoss` costs.
public struct LogisticGradient: BatchAggregate, Hashable {
    /// The columns of x, numeric or bool.
    public var features: [String]
    /// The column of y: bool, or numbers 0 and 1.
    public var label: String
    /// w, a value a feature.
    public var coefficients: [Double]
    /// b.
    public var intercept: Double

    /// The loss of a model on rows with these columns.
    public init(features: [String], label: String, coefficients: [Double], intercept: Double) {
        self.features = features
        self.label = label
        self.coefficients = coefficients
        self.intercept = intercept
    }

    /// The sums of no rows. Throws `invalidArgument` unless there is a coefficient for each feature.
    public func initialState() throws -> LossGradient {
        guard coefficients.count == features.count else {
            throw StoaError(
                .invalidArgument, "\(coefficients.count) coefficients for \(features.count) features",
                advice: "give one coefficient per feature")
        }
        return LossGradient(parameterCount: features.count + 1)
    }

    /// Adds a batch's rows.
    public func consume(_ batch: Batch, into state: inout LossGradient) throws {
        // Features and label come as one block: the label is its last column.
        try MatrixBlock<Double>.forEachRowBlock(of: batch, columns: features + [label]) {
            (block, start) throws(StoaError) in
            try add(block, firstRow: start, to: &state)
        }
    }

    /// Adds the sums of later rows.
    public func merge(_ other: LossGradient, into state: inout LossGradient) throws {
        try state.add(other)
    }

    /// The sums of all rows.
    public func finish(_ state: LossGradient) throws -> LossGradient { state }

    private func add(_ block: MatrixBlock<Double>, firstRow: Int, to state: inout LossGradient) throws(StoaError) {
        let x = block.columns(0..<features.count)
        let labels = block.columns(features.count..<features.count + 1).base
        var rows = LossGradient(parameterCount: features.count + 1)
        rows.rowCount = block.rowCount
        let isComplete = withUnsafeTemporaryAllocation(of: Double.self, capacity: block.rowCount) { margins in
            margins.initialize(repeating: intercept)
            coefficients.withUnsafeBufferPointer { x.multiply($0, into: margins, beta: 1) }
            var sums = LogisticLoss()
            guard let residuals = margins.baseAddress, sums.add(residuals, labels, count: block.rowCount) else {
                return block.rowCount == 0
            }
            rows.loss = sums.loss
            rows.gradient[features.count] = sums.residual
            rows.gradient.withUnsafeMutableBufferPointer { gradient in
                x.multiplyTransposed(
                    UnsafeBufferPointer(margins),
                    into: UnsafeMutableBufferPointer(rebasing: gradient[..<features.count]))
            }
            return true
        }
        guard isComplete else {
            let row = (0..<block.rowCount).first { labels[$0] != 0 && labels[$0] != 1 } ?? 0
            throw StoaError(
                .invalidArgument, "row \(firstRow + row) of its batch has the label \(labels[row])",
                advice: "labels are true and false, or 1 and 0", at: .init(column: label))
        }
        try state.add(rows)
    }
}
