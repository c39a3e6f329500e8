import StoaColumns

/// One key column of a table: the keys by id, and what is known about their range.
struct KeyColumnStore {
    let type: DataType
    /// The texts behind the cells of a text column, whose cells are string ids.
    let strings: KeyStrings?
    private var cells = GrowingBuffer<UInt64>()
    private var high = GrowingBuffer<UInt64>()
    private var nulls = GrowingBuffer<UInt8>()
    /// Range of the cells met so far; empty while `minimum > maximum`.
    private(set) var minimum: UInt64 = .max
    private(set) var maximum: UInt64 = 0
    private(set) var sawNull = false
    /// Whether the range is one that columns came with, and not only that of the cells met.
    private(set) var isBounded = false
    /// Bounds of more values than this may be far from the values themselves, which are looked at then.
    private static let widestBounds = UInt64(1) << 24

    init(_ type: DataType) {
        self.type = type
        strings = type == .utf8 ? KeyStrings() : nil
    }

    var isWide: Bool { type.storageType == .int128 }

    /// Number of cells the range holds; nil when that needs more than 64 bits. One for an empty range.
    var extent: UInt64? {
        if minimum > maximum { return 1 }
        let (extent, overflow) = (maximum - minimum).addingReportingOverflow(1)
        return overflow ? nil : extent
    }

    /// Bits of a cell that tell keys of this type apart.
    var bits: Int {
        switch type.storageType {
        case .bool: 1
        case .utf8: 32
        case let storage: 8 * (storage.byteWidth ?? 8)
        }
    }

    /// Takes the bounds of a column into account whose rows come next.
    mutating func observe(boundsOf column: Column) {
        if let strings {
            isBounded = strings.boundOfCount <= Self.widestBounds
            return
        }
        isBounded = false
        guard let bounds = column.bounds else { return }
        let flip: UInt64 = type.isUnsignedInteger ? 0 : 1 << 63
        let least = UInt64(bitPattern: bounds.lowerBound) ^ flip
        let greatest = UInt64(bitPattern: bounds.upperBound) ^ flip
        if greatest &- least >= Self.widestBounds { return }
        isBounded = true
        minimum = min(minimum, least)
        maximum = max(maximum, greatest)
    }

    /// Takes the range of a chunk's cells into account.
    mutating func observe(
        _ chunk: UnsafePointer<UInt64>, nulls: UnsafePointer<UInt8>, hasNulls: Bool, rows: Int
    ) {
        if let strings {
            sawNull = sawNull || hasNulls
            minimum = 0
            maximum = UInt64(max(isBounded ? strings.boundOfCount : strings.count, 1) - 1)
            return
        }
        if isBounded {
            sawNull = sawNull || hasNulls
            return
        }
        var least = minimum
        var greatest = maximum
        if hasNulls {
            sawNull = true
            for row in 0..<rows {
                // All ones where null: never the least, and cleared never the greatest.
                let veil = 0 &- UInt64(nulls[row])
                least = min(least, chunk[row] | veil)
                greatest = max(greatest, chunk[row] & ~veil)
            }
        } else {
            for row in 0..<rows {
                least = min(least, chunk[row])
                greatest = max(greatest, chunk[row])
            }
        }
        minimum = least
        maximum = greatest
    }

    /// Stores the keys of the fresh rows of a chunk under the next ids.
    mutating func append(_ column: Int, of chunk: KeyChunk, fresh: UnsafePointer<Int32>, count: Int) {
        let source = chunk.cells[column]
        cells.reserve(count)
        nulls.reserve(count)
        let target = cells.pointer + cells.count
        for index in 0..<count { target[index] = source[Int(fresh[index])] }
        let flags = nulls.pointer + nulls.count
        if chunk.hasNulls[column] {
            let from = chunk.nulls[column]
            for index in 0..<count { flags[index] = from[Int(fresh[index])] }
        } else {
            flags.update(repeating: 0, count: count)
        }
        if isWide {
            high.reserve(count)
            let upper = high.pointer + high.count
            for index in 0..<count { upper[index] = chunk.high[column][Int(fresh[index])] }
            high.advance(by: count)
        }
        cells.advance(by: count)
        nulls.advance(by: count)
    }

    /// Makes the keys from `start` on the chunk's column.
    func view(from start: Int, as column: Int, of chunk: inout KeyChunk) {
        chunk.cells[column] = cells.pointer + start
        chunk.high[column] = isWide ? high.pointer + start : cells.pointer + start
        chunk.nulls[column] = nulls.pointer + start
        chunk.hasNulls[column] = sawNull
    }

    /// As many of a range of ids, from the first on, as `column` can give at a time.
    func fittingCount(_ range: Range<Int>, scratch ids: UnsafeMutablePointer<Int32>) -> Int {
        guard let strings else { return range.count }
        loadStringIDs(range, into: ids)
        return strings.fittingCount(ids, count: range.count)
    }

    /// What the keys lie within, where a column's bounds can say so.
    private var keyBounds: ClosedRange<Int64>? {
        guard minimum <= maximum, type.storageType != .bool, !type.isFloat, !isWide, strings == nil else { return nil }
        if type.isUnsignedInteger {
            return maximum <= UInt64(Int64.max) ? Int64(minimum)...Int64(maximum) : nil
        }
        return Int64(bitPattern: minimum ^ (1 << 63))...Int64(bitPattern: maximum ^ (1 << 63))
    }

    private func loadStringIDs(_ range: Range<Int>, into ids: UnsafeMutablePointer<Int32>) {
        let values = UnsafePointer(cells.pointer + range.lowerBound)
        for row in 0..<range.count { ids[row] = Int32(truncatingIfNeeded: values[row]) }
    }

    /// The keys of a range of ids.
    func column(_ range: Range<Int>) -> Column {
        let flags = UnsafePointer(nulls.pointer + range.lowerBound)
        guard let strings else {
            let column = KeyCells.column(
                type, count: range.count, cells: UnsafePointer(cells.pointer + range.lowerBound),
                high: isWide ? high.pointer + range.lowerBound : nil, nulls: flags)
            return Column(
                type: type, count: range.count, validity: column.validity, nullCount: column.nullCount,
                storage: column.storage, bounds: keyBounds)
        }
        let region = MemoryRegion(of: Int32.self, count: range.count)
        defer { withExtendedLifetime(region) {} }
        let ids = region.bound(to: Int32.self)
        loadStringIDs(range, into: ids)
        return strings.column(ids: ids, count: range.count, nulls: flags)
    }
}
