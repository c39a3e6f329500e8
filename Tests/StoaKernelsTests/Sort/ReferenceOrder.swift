import StoaColumns
import StoaKernels

/// A sort key and how to compare two of its values one by one.
struct ReferenceKey {
    let key: SortColumn
    /// Negative, zero or positive, nulls and direction included.
    let compare: (Int, Int) -> Int
}

/// A value with the order of N2.
protocol ReferenceComparable {
    static func order(_ left: Self, _ right: Self) -> Int
}

extension ReferenceComparable where Self: Comparable {
    static func order(_ left: Self, _ right: Self) -> Int { left < right ? -1 : left > right ? 1 : 0 }
}

extension ReferenceComparable where Self: BinaryFloatingPoint {
    static func order(_ left: Self, _ right: Self) -> Int {
        if left.isNaN || right.isNaN { return (left.isNaN ? 1 : 0) - (right.isNaN ? 1 : 0) }
        return left < right ? -1 : left > right ? 1 : 0
    }
}

extension Int8: ReferenceComparable {}
extension Int16: ReferenceComparable {}
extension Int32: ReferenceComparable {}
extension Int64: ReferenceComparable {}
extension UInt8: ReferenceComparable {}
extension UInt16: ReferenceComparable {}
extension UInt32: ReferenceComparable {}
extension UInt64: ReferenceComparable {}
extension Int128: ReferenceComparable {}
extension Float: ReferenceComparable {}
extension Double: ReferenceComparable {}
extension Bool: ReferenceComparable {
    static func order(_ left: Bool, _ right: Bool) -> Int { (left ? 1 : 0) - (right ? 1 : 0) }
}
extension String: ReferenceComparable {
    static func order(_ left: String, _ right: String) -> Int {
        if left.utf8.lexicographicallyPrecedes(right.utf8) { return -1 }
        return right.utf8.lexicographicallyPrecedes(left.utf8) ? 1 : 0
    }
}

extension ReferenceKey {
    init<Value: ReferenceComparable>(_ values: [Value?], _ column: Column, isDescending: Bool, nullsFirst: Bool) {
        key = SortColumn(column, isDescending: isDescending, nullsFirst: nullsFirst)
        compare = { left, right in
            guard let a = values[left] else { return values[right] == nil ? 0 : nullsFirst ? -1 : 1 }
            guard let b = values[right] else { return nullsFirst ? 1 : -1 }
            let order = Value.order(a, b)
            return isDescending ? -order : order
        }
    }

    /// Rows in order by the slow way; rows that tie keep their order.
    static func order(_ keys: [ReferenceKey], count: Int) -> [Int32] {
        (0..<count).sorted { left, right in
            for key in keys {
                let order = key.compare(left, right)
                if order != 0 { return order < 0 }
            }
            return left < right
        }.map(Int32.init)
    }
}

extension RowOrder {
    var array: [Int32] { Array(UnsafeBufferPointer(start: rows, count: count)) }
}
