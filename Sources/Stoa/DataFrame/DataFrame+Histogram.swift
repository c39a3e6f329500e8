import StoaColumns
import StoaExecution
import StoaPlan

extension DataFrame {
    /// Counts the values of a number in bins of equal width.
    ///
    /// The edges and counts are NumPy's: the bins part the range evenly, each without its upper edge but for the last.
    /// Without a range they reach from the smallest to the largest value that is not NaN, half to both sides of a value
    /// that stands alone, from 0 to 1 when there is none. Values outside of the range, NaN and nulls are in no bin and
    /// counted apart. Throws `invalidArgument` for less than one bin and for a range that is empty or not finite, as it is
    /// without one when there are infinities.
    public func histogram(
        _ value: any ColumnSelection, bins: Int = 10, range: ClosedRange<Double>? = nil
    ) async throws -> Histogram {
        guard bins >= 1, bins <= 1 << 20 else {
            throw StoaError(
                .invalidArgument, "histogram of \(bins) bins", advice: "give a number from 1 to \(1 << 20)")
        }
        let numbers = select(value.selectedExpression.cast(to: .float64).as("value"))
        let given: ClosedRange<Double>
        if let range { given = range } else { given = try await numbers.extent() }
        guard given.lowerBound < given.upperBound, (given.upperBound - given.lowerBound).isFinite else {
            throw StoaError(
                .invalidArgument,
                "the range of a histogram is from \(given.lowerBound) to \(given.upperBound), which is empty or not finite",
                advice: "give a range: 0...100")
        }
        let counted = try await numbers.treeAggregate(
            BinCounts(from: given.lowerBound, through: given.upperBound, bins: bins))
        return Histogram(
            edges: counted.edges, counts: counted.counts, below: counted.below, above: counted.above,
            nanCount: counted.notANumber, nullCount: counted.nulls)
    }

    /// The range that a histogram of the only column takes by itself.
    private func extent() async throws -> ClosedRange<Double> {
        let result = try await filter(!col("value").isNaN).agg(min("value").as("low"), max("value").as("high"))
            .collect()
        guard let low = try result["low", as: Double?.self][0], let high = try result["high", as: Double?.self][0]
        else {
            return 0...1
        }
        return low == high ? low - 0.5...high + 0.5 : low...high
    }
}
