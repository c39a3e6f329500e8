import StoaColumns
import StoaKernels
import StoaPlan

extension BoundAggregate {
    /// The aggregate as kernels compute it.
    func reduction() throws(StoaError) -> ReductionDescription {
        let kernel: ReductionFunction
        switch function {
        case .countRows: kernel = .countRows
        case .count: kernel = .count
        case .sum: kernel = .sum
        case .sumOrZero: kernel = .sumOrZero
        case .mean: kernel = .mean
        case .min: kernel = .min
        case .max: kernel = .max
        case .variance(let deltaDegrees): kernel = .variance(deltaDegrees: deltaDegrees)
        case .standardDeviation(let deltaDegrees): kernel = .standardDeviation(deltaDegrees: deltaDegrees)
        case .covariance(let deltaDegrees): kernel = .covariance(deltaDegrees: deltaDegrees)
        case .correlation: kernel = .correlation
        case .quantile(let share, let interpolation): kernel = .quantile(share, interpolation.method)
        case .countDistinct:
            throw StoaError(
                .engineFailed, source: .engine, "a count of different values was not planned as two groupings",
                at: .init(column: text))
        }
        return ReductionDescription(
            function: kernel, argument: argument?.type, result: type, text: text, states: stateTypes)
    }
}

extension QuantileInterpolation {
    fileprivate var method: QuantileMethod {
        switch self {
        case .linear: .linear
        case .lower: .lower
        case .higher: .higher
        case .nearest: .nearest
        case .midpoint: .midpoint
        case .invertedCDF: .invertedCDF
        }
    }
}
