import StoaColumns

/// Values as integers in the order of N2 and N5: -inf < ... < -0.0 < +0.0 < ... < +inf < NaN, all NaN one key.
///
/// Integers, dates, timestamps and decimals are their own keys, booleans 0 and 1.
protocol OrderKey: FixedWidthInteger, BitwiseCopyable {
    /// The keys of a column whose memory form this key serves.
    static func keys(of column: Column) -> ReductionValues<Self>

    /// The values of keys as bytes of a column of that type, which is not bool.
    static func restore(_ keys: UnsafeMutablePointer<Self>, count: Int, type: DataType)
}

extension OrderKey {
    static func keys(of column: Column) -> ReductionValues<Self> { ReductionValues(column) }
    static func restore(_ keys: UnsafeMutablePointer<Self>, count: Int, type: DataType) {}
}

extension Int8: OrderKey {}
extension Int16: OrderKey {}
extension UInt16: OrderKey {}
extension UInt32: OrderKey {}
extension UInt64: OrderKey {}
extension Int128: OrderKey {}

extension UInt8: OrderKey {
    static func keys(of column: Column) -> ReductionValues<UInt8> {
        column.type == .bool ? ReductionValues(booleans: column) : ReductionValues(column)
    }
}

extension Int32: OrderKey {
    /// Flips the magnitude bits of negative floats, so that integer order is the order of the floats.
    @inline(__always)
    private static func flip(_ bits: Int32) -> Int32 { bits ^ ((bits &>> 31) & Int32.max) }

    static func keys(of column: Column) -> ReductionValues<Int32> {
        guard column.type == .float32 else { return ReductionValues(column) }
        let region = MemoryRegion(of: Int32.self, count: column.count)
        let target = region.bound(to: Int32.self)
        let values = column.values(as: Float.self)
        for row in 0..<column.count {
            let value = values[row]
            target[row] = value != value ? 0x7fc0_0000 : flip(Int32(bitPattern: value.bitPattern))
        }
        return ReductionValues(region)
    }

    static func restore(_ keys: UnsafeMutablePointer<Int32>, count: Int, type: DataType) {
        guard type == .float32 else { return }
        for row in 0..<count { keys[row] = flip(keys[row]) }
    }
}

extension Int64: OrderKey {
    /// Flips the magnitude bits of negative floats, so that integer order is the order of the floats.
    @inline(__always)
    static func flip(_ bits: Int64) -> Int64 { bits ^ ((bits &>> 63) & Int64.max) }

    static func keys(of column: Column) -> ReductionValues<Int64> {
        guard column.type == .float64 else { return ReductionValues(column) }
        let region = MemoryRegion(of: Int64.self, count: column.count)
        let target = region.bound(to: Int64.self)
        let values = column.values(as: Double.self)
        for row in 0..<column.count {
            let value = values[row]
            target[row] = value != value ? 0x7ff8_0000_0000_0000 : flip(Int64(bitPattern: value.bitPattern))
        }
        return ReductionValues(region)
    }

    static func restore(_ keys: UnsafeMutablePointer<Int64>, count: Int, type: DataType) {
        guard type == .float64 else { return }
        for row in 0..<count { keys[row] = flip(keys[row]) }
    }
}

/// Which of two keys an extreme keeps.
protocol ExtremeRule {
    /// A key that every other one replaces or equals.
    static func weakest<Key: OrderKey>(_: Key.Type) -> Key
    static func choose<Key: OrderKey>(_ left: Key, _ right: Key) -> Key
}

enum Least: ExtremeRule {
    @inline(__always) static func weakest<Key: OrderKey>(_: Key.Type) -> Key { .max }
    @inline(__always) static func choose<Key: OrderKey>(_ left: Key, _ right: Key) -> Key {
        right < left ? right : left
    }
}

enum Greatest: ExtremeRule {
    @inline(__always) static func weakest<Key: OrderKey>(_: Key.Type) -> Key { .min }
    @inline(__always) static func choose<Key: OrderKey>(_ left: Key, _ right: Key) -> Key {
        right > left ? right : left
    }
}
