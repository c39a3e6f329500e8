import StoaColumns

/// Values as integers in the order of N2 and N5: -inf < ... < -0.0 < +0.0 < ... < +inf < NaN, all NaN one key.
///
/// Types of up to 64 bits have Int64 keys, decimals above 18 digits are their own Int128 keys. A key may be inverted (all bits
/// flipped), which reverses the order, so that the greatest value is the least inverted key.
enum OrderKeys {
    /// Flips the magnitude bits of negative floats, so that integer order is the order of the floats; its own inverse.
    @inline(__always)
    static func order(_ bits: Int64) -> Int64 { bits ^ ((bits &>> 63) & Int64.max) }

    @inline(__always)
    static func order(_ bits: Int32) -> Int32 { bits ^ ((bits &>> 31) & Int32.max) }

    /// The key of a float.
    @inline(__always)
    static func key(_ value: Float) -> Int64 {
        Int64(order(value != value ? 0x7fc0_0000 : Int32(bitPattern: value.bitPattern)))
    }

    /// The key of a float.
    @inline(__always)
    static func key(_ value: Double) -> Int64 {
        order(value != value ? 0x7ff8_0000_0000_0000 : Int64(bitPattern: value.bitPattern))
    }

    /// The keys of rows, nulls included (their keys are unspecified). `inversion` is 0, or -1 for inverted keys.
    static func load(
        _ column: Column, start: Int, rows: Int, inversion: Int64, into keys: UnsafeMutablePointer<Int64>
    ) {
        switch column.type.storageType {
        case .bool:
            let (bits, offset) = column.bits
            for row in 0..<rows {
                keys[row] = (ValidityBits.bit(bits, at: offset + start + row) ? 1 : 0) ^ inversion
            }
        case .int8: integers(column.values(as: Int8.self) + start, rows, inversion, keys)
        case .int16: integers(column.values(as: Int16.self) + start, rows, inversion, keys)
        case .int32: integers(column.values(as: Int32.self) + start, rows, inversion, keys)
        case .int64: integers(column.values(as: Int64.self) + start, rows, inversion, keys)
        case .uint8: integers(column.values(as: UInt8.self) + start, rows, inversion, keys)
        case .uint16: integers(column.values(as: UInt16.self) + start, rows, inversion, keys)
        case .uint32: integers(column.values(as: UInt32.self) + start, rows, inversion, keys)
        case .uint64:
            // Without the top bit's weight the signed order is the unsigned one.
            integers(column.values(as: UInt64.self) + start, rows, inversion ^ Int64.min, keys)
        case .float32:
            let values = column.values(as: Float.self) + start
            for row in 0..<rows { keys[row] = key(values[row]) ^ inversion }
        case .float64:
            let values = column.values(as: Double.self) + start
            for row in 0..<rows { keys[row] = key(values[row]) ^ inversion }
        case .int128, .utf8: preconditionFailure("\(column.type) has no order keys of 64 bits")
        }
    }

    @inline(__always)
    private static func integers<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ flips: Int64, _ keys: UnsafeMutablePointer<Int64>
    ) {
        for row in 0..<rows { keys[row] = Int64(truncatingIfNeeded: values[row]) ^ flips }
    }

    /// A column of the values of keys, null where `present` is zero.
    static func column(
        _ type: DataType, _ keys: UnsafePointer<Int64>, present: UnsafePointer<UInt8>, count: Int, inversion: Int64
    ) -> Column {
        let validity = Bitmap.filled(true, count: count)
        for row in 0..<count where present[row] == 0 { Bitmap.set(validity.base, at: row, to: false) }
        switch type.storageType {
        case .bool:
            let bits = MemoryRegion(bits: count, zeroed: true)
            for row in 0..<count where present[row] != 0 {
                Bitmap.set(bits.base, at: row, to: keys[row] ^ inversion == 1)
            }
            return Column(type: type, count: count, validity: validity.buffer, storage: .bits(bits.buffer))
        case .int8, .uint8: return integers(type, keys, count, validity, inversion, as: UInt8.self)
        case .int16, .uint16: return integers(type, keys, count, validity, inversion, as: UInt16.self)
        case .int32, .uint32: return integers(type, keys, count, validity, inversion, as: UInt32.self)
        case .int64: return integers(type, keys, count, validity, inversion, as: UInt64.self)
        case .uint64: return integers(type, keys, count, validity, inversion ^ Int64.min, as: UInt64.self)
        case .float32:
            let region = MemoryRegion(of: Int32.self, count: count)
            let values = region.bound(to: Int32.self)
            for row in 0..<count { values[row] = order(Int32(truncatingIfNeeded: keys[row] ^ inversion)) }
            return Column(type: type, count: count, values: region, validity: validity)
        case .float64:
            let region = MemoryRegion(of: Int64.self, count: count)
            let values = region.bound(to: Int64.self)
            for row in 0..<count { values[row] = order(keys[row] ^ inversion) }
            return Column(type: type, count: count, values: region, validity: validity)
        case .int128, .utf8: preconditionFailure("\(type) has no order keys of 64 bits")
        }
    }

    private static func integers<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: DataType, _ keys: UnsafePointer<Int64>, _ count: Int, _ validity: MemoryRegion, _ flips: Int64,
        as: Value.Type
    ) -> Column {
        let region = MemoryRegion(of: Value.self, count: count)
        let values = region.bound(to: Value.self)
        for row in 0..<count { values[row] = Value(truncatingIfNeeded: keys[row] ^ flips) }
        return Column(type: type, count: count, values: region, validity: validity)
    }
}

extension ReductionDescription {
    /// Zero for the least value, all ones for the greatest, which is the least of inverted keys.
    var inversion: Int64 { function == .max ? -1 : 0 }
}
