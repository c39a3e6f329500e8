internal import CStoaVector
import StoaColumns

/// Counts of values in bins of equal width: bin i holds edges[i] <= x < edges[i + 1], the last one also its upper edge.
///
/// Nulls: counted apart. NaN: counted apart. Values outside of the edges: counted apart, infinities included. Empty: zeros.
/// Ranges may be as small as floats get; edges that coincide for that leave open which of their bins takes a value.
/// Cost: about 2 ns a row: a multiplication, two comparisons with edges, so that rounding decides nothing, and a count.
package struct EqualBins: Hashable, Codable, Sendable {
    /// One more than there are bins, ascending.
    package let edges: [Double]
    package private(set) var counts: [Int]
    package private(set) var below = 0
    package private(set) var above = 0
    package private(set) var notANumber = 0
    package private(set) var nulls = 0

    /// A power of two, for widths below 2^-1000.
    private static let stretch = 0x1p600

    /// Bins over a finite range that is not empty.
    package init(from low: Double, through high: Double, bins: Int) {
        precondition(bins > 0 && low < high && (high - low).isFinite, "\(bins) bins from \(low) to \(high)")
        let width = (high - low) / Double(bins)
        edges = (0..<bins).map { low + Double($0) * width } + [high]
        counts = [Int](repeating: 0, count: bins)
    }

    /// Counts the rows of a float64 column.
    package mutating func count(_ column: Column) {
        nulls += column.nullCount
        let values = column.values(as: Double.self)
        let bins = counts.count
        let (low, high) = (edges[0], edges[bins])
        // The number of bins over the width of a tiny range is infinite: such values are stretched before, which is exact.
        let stretch = Double(bins) / (high - low) < .infinity ? 1 : Self.stretch
        let scale = Double(bins) / ((high - low) * stretch)
        // Two counters a bin, so that equal values in a row do not wait for each other.
        var tally = [Int](repeating: 0, count: 2 * bins)
        var (under, over, strange) = (0, 0, 0)
        tally.withUnsafeMutableBufferPointer { tally in
            edges.withUnsafeBufferPointer { edges in
                ValidityBits.forEach(column, count: column.count) { row in
                    let value = values[row]
                    guard value >= low, value <= high else {
                        under &+= value < low ? 1 : 0
                        over &+= value > high ? 1 : 0
                        strange &+= value != value ? 1 : 0
                        return
                    }
                    var bin = min(
                        Int(truncatingIfNeeded: stoa_int64_of_f64((value - low) * stretch * scale)), bins &- 1)
                    bin &-= value < edges[bin] ? 1 : 0
                    bin &+= bin < bins &- 1 && value >= edges[bin &+ 1] ? 1 : 0
                    tally[bin &* 2 &+ (row & 1)] &+= 1
                }
            }
        }
        for bin in 0..<bins { counts[bin] += tally[2 * bin] + tally[2 * bin + 1] }
        below += under
        above += over
        notANumber += strange
    }

    /// Adds the counts of other rows in the same bins.
    package mutating func add(_ other: EqualBins) {
        precondition(edges == other.edges, "counts of other bins")
        for bin in counts.indices { counts[bin] += other.counts[bin] }
        below += other.below
        above += other.above
        notANumber += other.notANumber
        nulls += other.nulls
    }
}
