import StoaColumns

/// One key of a sort: the values to compare, in the order of N2 (every NaN equal and above all numbers, -0.0 equal to
/// +0.0, false before true, text by its UTF-8 bytes), and where nulls go.
package struct SortColumn: Sendable {
    package let column: Column
    /// Largest value first. Nulls do not turn with it.
    package let isDescending: Bool
    /// Nulls before all values, else after all.
    package let nullsFirst: Bool

    package init(_ column: Column, isDescending: Bool = false, nullsFirst: Bool = false) {
        self.column = column
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}

/// Rows in a new order, as `Column.taking` wants them.
package struct RowOrder: @unchecked Sendable {
    // Unchecked: the region is filled before the value exists and never written after.
    private let region: MemoryRegion
    /// Number of rows.
    package let count: Int

    /// The first `count` row numbers of a filled region.
    init(_ region: MemoryRegion, count: Int) {
        self.region = region
        self.count = count
    }

    /// The row numbers; valid as long as this value lives.
    package var rows: UnsafePointer<Int32> { UnsafePointer(region.bound(to: Int32.self)) }

    /// Most rows that can be ordered at once.
    package static let rowLimit = Int(Int32.max)
}
