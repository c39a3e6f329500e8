import StoaColumns

/// Values in a form whose integer order is the order of N2: what quantiles are selected among.
protocol SelectionKey: FixedWidthInteger, SignedInteger, BitwiseCopyable {
    /// The keys of rows, nulls included (their keys are unspecified).
    static func load(_ column: Column, start: Int, rows: Int, into keys: UnsafeMutablePointer<Self>)

    /// The keys of two ranks, of which the upper is the lower or the next. The keys may be moved;
    /// `KeySelection.padding` keys past the last are readable.
    static func select(
        _ keys: UnsafeMutablePointer<Self>, count: Int, lower: Int, upper: Int, with selection: inout KeySelection
    ) -> (Self, Self)

    /// Moves keys to their groups.
    static func scatter(
        _ column: Column, ids: UnsafePointer<Int32>, count: Int, to keys: UnsafeMutablePointer<Self>,
        next: UnsafeMutablePointer<Int>)

    /// Keys as a column of the type, null where `present` is zero.
    static func column(
        _ type: DataType, _ keys: UnsafePointer<Self>, present: UnsafePointer<UInt8>, count: Int
    ) -> Column

    /// The value of a key of that type.
    static func number(_ key: Self, _ type: DataType) -> Double
}

extension SelectionKey {
    static func scatter(
        _ column: Column, ids: UnsafePointer<Int32>, count: Int, to keys: UnsafeMutablePointer<Self>,
        next: UnsafeMutablePointer<Int>
    ) {
        let blockRows = 1024
        let region = MemoryRegion(of: Self.self, count: blockRows)
        defer { withExtendedLifetime(region) {} }
        let block = region.bound(to: Self.self)
        var start = 0
        while start < count {
            let rows = Swift.min(blockRows, count - start)
            load(column, start: start, rows: rows, into: block)
            if column.validity == nil {
                for row in 0..<rows {
                    let group = Int(ids[start + row])
                    keys[next[group]] = block[row]
                    next[group] &+= 1
                }
            } else {
                for row in 0..<rows where !column.isNull(at: start + row) {
                    let group = Int(ids[start + row])
                    keys[next[group]] = block[row]
                    next[group] &+= 1
                }
            }
            start += rows
        }
    }
}

extension Int64: SelectionKey {
    static func load(_ column: Column, start: Int, rows: Int, into keys: UnsafeMutablePointer<Int64>) {
        OrderKeys.load(column, start: start, rows: rows, inversion: 0, into: keys)
    }

    static func select(
        _ keys: UnsafeMutablePointer<Int64>, count: Int, lower: Int, upper: Int, with selection: inout KeySelection
    ) -> (Int64, Int64) {
        selection.select(keys, count: count, lower: lower, upper: upper)
    }

    static func column(
        _ type: DataType, _ keys: UnsafePointer<Int64>, present: UnsafePointer<UInt8>, count: Int
    ) -> Column {
        OrderKeys.column(type, keys, present: present, count: count, inversion: 0)
    }

    static func number(_ key: Int64, _ type: DataType) -> Double { OrderKeys.number(key, type) }
}

/// Decimals of more than 18 digits are their own keys.
extension Int128: SelectionKey {
    static func load(_ column: Column, start: Int, rows: Int, into keys: UnsafeMutablePointer<Int128>) {
        keys.update(from: column.values(as: Int128.self) + start, count: rows)
    }

    /// Hoare's selection around the middle of three: about three comparisons a key.
    static func select(
        _ keys: UnsafeMutablePointer<Int128>, count: Int, lower: Int, upper: Int, with selection: inout KeySelection
    ) -> (Int128, Int128) {
        place(lower, keys, 0..<count)
        if upper == lower { return (keys[lower], keys[lower]) }
        // What stands behind the lower rank is not below it.
        var next = keys[upper]
        for index in upper..<count { next = Swift.min(next, keys[index]) }
        return (keys[lower], next)
    }

    /// Brings the key of a rank into its place, none above it before and none below it behind.
    private static func place(_ rank: Int, _ keys: UnsafeMutablePointer<Int128>, _ range: Range<Int>) {
        var (first, last) = (range.lowerBound, range.upperBound - 1)
        while first < last {
            let middle = keys[first + (last - first) / 2]
            let pivot = Swift.max(Swift.min(keys[first], middle), Swift.min(Swift.max(keys[first], middle), keys[last]))
            var (left, right) = (first, last)
            while left <= right {
                while keys[left] < pivot { left += 1 }
                while pivot < keys[right] { right -= 1 }
                if left <= right {
                    (keys[left], keys[right]) = (keys[right], keys[left])
                    left += 1
                    right -= 1
                }
            }
            if rank <= right {
                last = right
            } else if rank >= left {
                first = left
            } else {
                return
            }
        }
    }

    static func column(
        _ type: DataType, _ keys: UnsafePointer<Int128>, present: UnsafePointer<UInt8>, count: Int
    ) -> Column {
        let region = MemoryRegion(of: Int128.self, count: count)
        region.bound(to: Int128.self).update(from: keys, count: count)
        let validity = Bitmap.filled(true, count: count)
        for row in 0..<count where present[row] == 0 { Bitmap.set(validity.base, at: row, to: false) }
        return Column(type: type, count: count, values: region, validity: validity)
    }

    static func number(_ key: Int128, _ type: DataType) -> Double {
        guard case .decimal(_, let scale) = type else { preconditionFailure("\(type) has no keys of 128 bits") }
        return Double(key) / Double(Decimals.powerOfTen(scale))
    }
}

extension OrderKeys {
    /// The value of a key of numbers.
    static func number(_ key: Int64, _ type: DataType) -> Double {
        switch type {
        case .float64: Double(bitPattern: UInt64(bitPattern: order(key)))
        case .float32: Double(Float(bitPattern: UInt32(bitPattern: order(Int32(truncatingIfNeeded: key)))))
        case .uint64: Double(UInt64(bitPattern: key ^ Int64.min))
        case .decimal(_, let scale): Double(key) / Double(Decimals.powerOfTen(scale))
        default: Double(key)
        }
    }
}
