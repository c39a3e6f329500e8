import StoaColumns

/// A bound of a column's values.
enum BoundValue: Hashable, Comparable {
    /// Booleans, integers, days, microseconds, and decimals by their scaled number.
    case number(Int128)
    case float(Double)
    case bytes([UInt8])

    /// Order within one kind. Of different kinds no pair is less.
    static func < (left: BoundValue, right: BoundValue) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
        default: false
        }
    }
}

/// What a file says about the values of one column in one part of the file.
struct ColumnStatistics {
    /// Least and greatest value, perhaps rounded outwards; nil when unknown. NaN is never among them, though the column
    /// may hold it.
    let bounds: ClosedRange<BoundValue>?
    /// Nil when unknown.
    let nullCount: Int?
    let rowCount: Int
}
