import StoaExecution

/// How many values lie in each of some bins of equal width, and how many in none.
public struct Histogram: Hashable, Sendable {
    /// One more than there are bins, ascending: bin i holds `edges[i] <= x < edges[i + 1]`, the last one also its upper edge.
    public let edges: [Double]
    /// Number of values in each bin.
    public let counts: [Int]
    /// Number of values below the first and above the last edge, infinities included.
    public let below: Int, above: Int
    /// Number of values that are NaN.
    public let nanCount: Int
    /// Number of rows without a value.
    public let nullCount: Int
}
