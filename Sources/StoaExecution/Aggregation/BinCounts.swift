import StoaColumns
import StoaKernels
import StoaTasks

/// Counts the first column, a float64, in bins of equal width.
package struct BinCounts: BatchAggregate {
    package let low: Double
    package let high: Double
    package let bins: Int

    /// Bins over a finite range that is not empty.
    package init(from low: Double, through high: Double, bins: Int) {
        self.low = low
        self.high = high
        self.bins = bins
    }

    package func initialState() -> EqualBins { EqualBins(from: low, through: high, bins: bins) }

    package func consume(_ batch: Batch, into state: inout EqualBins) { state.count(batch.columns[0]) }

    package func merge(_ other: EqualBins, into state: inout EqualBins) { state.add(other) }

    package func finish(_ state: EqualBins) -> EqualBins { state }
}
