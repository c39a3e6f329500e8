internal import CStoaVector
import StoaColumns

/// Key values as 64-bit cells: equal keys have equal cells, and unsigned order of cells is the order of integers, dates
/// and timestamps, so that ranges of cells are ranges of values.
enum KeyCells {
    private static let signBit: UInt64 = 1 << 63

    /// Loads the cells of a column that is not text. A decimal of more than 18 digits has its high half in `high`.
    /// A null row's cell is unspecified.
    static func load(
        _ column: Column, start: Int, rows: Int, into cells: UnsafeMutablePointer<UInt64>,
        high: UnsafeMutablePointer<UInt64>?
    ) {
        switch column.type.storageType {
        case .bool:
            let (base, offset) = column.bits
            for row in 0..<rows { cells[row] = ValidityBits.bit(base, at: offset + start + row) ? 1 : 0 }
        case .int8: loadSigned(column.values(as: Int8.self) + start, rows, cells)
        case .int16: loadSigned(column.values(as: Int16.self) + start, rows, cells)
        case .int32: loadSigned(column.values(as: Int32.self) + start, rows, cells)
        case .int64: loadSigned(column.values(as: Int64.self) + start, rows, cells)
        case .uint8: loadUnsigned(column.values(as: UInt8.self) + start, rows, cells)
        case .uint16: loadUnsigned(column.values(as: UInt16.self) + start, rows, cells)
        case .uint32: loadUnsigned(column.values(as: UInt32.self) + start, rows, cells)
        case .uint64: loadUnsigned(column.values(as: UInt64.self) + start, rows, cells)
        case .float32:
            let values = column.values(as: Float.self) + start
            for row in 0..<rows { cells[row] = UInt64(canonicalBits(values[row])) }
        case .float64:
            let values = column.values(as: Double.self) + start
            for row in 0..<rows { cells[row] = canonicalBits(values[row]) }
        case .int128:
            guard let high else { preconditionFailure("a \(column.type) key needs room for two words a row") }
            let values = column.values(as: Int128.self) + start
            for row in 0..<rows {
                let value = values[row]
                cells[row] = UInt64(truncatingIfNeeded: value)
                high[row] = UInt64(truncatingIfNeeded: value >> 64)
            }
        case .utf8: preconditionFailure("text keys have string ids, not cells of their own")
        }
    }

    /// Asks for the rows after those at hand: columns taken in turns, a chunk each, are too short runs for the hardware.
    @inline(__always)
    static func prefetch(_ column: Column, start: Int, rows: Int) {
        let width: Int
        let base: UnsafeRawPointer
        switch column.storage {
        case .fixed(let buffer): (base, width) = (buffer.base, column.type.storageType.byteWidth ?? 0)
        case .dictionary(let codes, _): (base, width) = (codes.base, 4)
        case .bits, .text: return
        }
        let first = base + (column.offset + start) * width
        var place = 0
        while place < rows &* width {
            stoa_prefetch(first + place)
            place &+= 64
        }
    }

    /// One flag a row, 1 for null; false when no row is null, and the flags are then unspecified.
    static func loadNulls(_ column: Column, start: Int, rows: Int, into flags: UnsafeMutablePointer<UInt8>) -> Bool {
        if column.nullCount == 0 { return false }
        var anyNull: UInt64 = 0
        var row = 0
        while row < rows {
            let step = min(64, rows - row)
            let nulls = ~column.validityWord(at: start + row) & (step == 64 ? ~0 : (1 << UInt64(step)) - 1)
            anyNull |= nulls
            for bit in 0..<step { flags[row + bit] = UInt8(truncatingIfNeeded: (nulls &>> UInt64(bit)) & 1) }
            row += step
        }
        return anyNull != 0
    }

    @inline(__always)
    private static func loadSigned<Value: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ cells: UnsafeMutablePointer<UInt64>
    ) {
        for row in 0..<rows { cells[row] = UInt64(truncatingIfNeeded: values[row]) ^ signBit }
    }

    @inline(__always)
    private static func loadUnsigned<Value: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ cells: UnsafeMutablePointer<UInt64>
    ) {
        for row in 0..<rows { cells[row] = UInt64(truncatingIfNeeded: values[row]) }
    }

    /// N3: one pattern for both zeros and one for all NaN.
    @inline(__always)
    static func canonicalBits(_ value: Double) -> UInt64 {
        value == 0 ? 0 : value != value ? 0x7ff8_0000_0000_0000 : value.bitPattern
    }

    /// N3: one pattern for both zeros and one for all NaN.
    @inline(__always)
    static func canonicalBits(_ value: Float) -> UInt32 {
        value == 0 ? 0 : value != value ? 0x7fc0_0000 : value.bitPattern
    }

    /// The column that the cells of ids stand for; null where the flag is set.
    static func column(
        _ type: DataType, count: Int, cells: UnsafePointer<UInt64>, high: UnsafePointer<UInt64>?,
        nulls: UnsafePointer<UInt8>
    ) -> Column {
        let validity = validity(count: count, nulls: nulls)
        switch type.storageType {
        case .bool:
            let region = Bitmap.filled(false, count: count)
            for row in 0..<count where cells[row] != 0 { Bitmap.set(region.base, at: row, to: true) }
            return Column(type: type, count: count, validity: validity?.buffer, storage: .bits(region.buffer))
        case .int8: return integers(type, count, cells, validity, as: Int8.self)
        case .int16: return integers(type, count, cells, validity, as: Int16.self)
        case .int32: return integers(type, count, cells, validity, as: Int32.self)
        case .uint8: return integers(type, count, cells, validity, as: UInt8.self)
        case .uint16: return integers(type, count, cells, validity, as: UInt16.self)
        case .uint32, .float32: return integers(type, count, cells, validity, as: UInt32.self)
        case .uint64, .float64: return integers(type, count, cells, validity, as: UInt64.self)
        case .int64:
            let region = MemoryRegion(of: UInt64.self, count: count)
            let values = region.bound(to: UInt64.self)
            for row in 0..<count { values[row] = cells[row] ^ signBit }
            return Column(type: type, count: count, values: region, validity: validity)
        case .int128:
            guard let high else { preconditionFailure("a \(type) key has two words a row") }
            let region = MemoryRegion(of: UInt64.self, count: 2 * count)
            let values = region.bound(to: UInt64.self)
            for row in 0..<count {
                values[2 * row] = cells[row]
                values[2 * row + 1] = high[row]
            }
            return Column(type: type, count: count, values: region, validity: validity)
        case .utf8: preconditionFailure("text keys have string ids, not cells of their own")
        }
    }

    /// The bitmap of rows whose flag is not set; nil when no flag is.
    static func validity(count: Int, nulls: UnsafePointer<UInt8>) -> MemoryRegion? {
        var anyNull: UInt8 = 0
        for row in 0..<count { anyNull |= nulls[row] }
        if anyNull == 0 { return nil }
        let region = Bitmap.filled(true, count: count)
        for row in 0..<count where nulls[row] != 0 { Bitmap.set(region.base, at: row, to: false) }
        return region
    }

    private static func integers<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: DataType, _ count: Int, _ cells: UnsafePointer<UInt64>, _ validity: MemoryRegion?, as: Value.Type
    ) -> Column {
        let region = MemoryRegion(of: Value.self, count: count)
        let values = region.bound(to: Value.self)
        for row in 0..<count { values[row] = Value(truncatingIfNeeded: cells[row]) }
        return Column(type: type, count: count, values: region, validity: validity)
    }
}
