internal import CStoaVector
import StoaColumns

/// Where the values of a record's field come from, for the rows of one batch.
struct RecordSource {
    let field: RecordField
    let column: Column?
    let base: UnsafeRawPointer
    /// Bytes of a value; 0 for bits.
    let width: Int
    let storage: StorageType
    let hasNulls: Bool

    /// The number of rows: a one a row.
    init(ones: UnsafePointer<Int64>) {
        field = RecordField(content: .rows, argument: 0)
        (column, base, width, storage, hasNulls) = (nil, UnsafeRawPointer(ones), 0, .int64, false)
    }

    /// The values of a column.
    init(_ field: RecordField, _ column: Column) {
        self.field = field
        self.column = column
        storage = column.type.storageType
        hasNulls = column.nullCount > 0
        switch column.storage {
        case .fixed(let buffer):
            width = storage.byteWidth ?? 0
            base = buffer.base + column.offset * width
        case .bits(let buffer): (width, base) = (0, buffer.base)
        case .text, .dictionary: preconditionFailure("a \(column.type) column has no values of fixed width")
        }
    }
}

/// Rows of arguments as the 8-byte values that record loops take, converted a block at a time; a null row has the value that
/// changes nothing.
final class RecordValues {
    private let region: MemoryRegion
    private let scratch: UnsafeMutablePointer<Int64>
    /// What adds one to the number of rows.
    let ones: UnsafePointer<Int64>
    /// Values that change no sum.
    let zeros: UnsafePointer<Int64>
    /// Room for the packed integers of a row.
    let packed: UnsafeMutablePointer<Int64>
    /// Room for a pointer a field.
    let pointers: UnsafeMutablePointer<UnsafePointer<Int64>>

    /// Room for the values of so many fields.
    init(fields: Int) {
        let rows = RecordLoops.blockRows
        region = MemoryRegion(of: Int64.self, count: (fields + 3) * rows + fields, zeroed: true)
        let words = region.bound(to: Int64.self)
        words.update(repeating: 1, count: rows)
        ones = UnsafePointer(words)
        zeros = UnsafePointer(words + rows)
        packed = words + 2 * rows
        scratch = words + 3 * rows
        pointers = UnsafeMutableRawPointer(scratch + fields * rows).assumingMemoryBound(
            to: UnsafePointer<Int64>.self)
    }

    /// The values of a field for `rows` rows of its source from `start` on; the column's own memory where that is what they
    /// are. The next block is asked for: columns taken in turns, a block each, are too short runs for the hardware.
    func load(
        _ sources: UnsafePointer<RecordSource>, _ number: Int, start: Int, rows: Int
    ) -> UnsafePointer<Int64> {
        let source = sources + number
        let values = source.pointee.base + start &* source.pointee.width
        Self.prefetch(values + rows &* source.pointee.width, byteCount: rows &* source.pointee.width)
        let target = scratch + number * RecordLoops.blockRows
        let content = source.pointee.field.content
        if content.loop == .least, let column = source.pointee.column {
            OrderKeys.load(column, start: start, rows: rows, inversion: content == .greatest ? -1 : 0, into: target)
        } else {
            switch source.pointee.storage {
            case .int64, .uint64, .float64:
                let own = values.assumingMemoryBound(to: Int64.self)
                if !source.pointee.hasNulls, content != .squares { return own }
                target.update(from: own, count: rows)
            case .float32:
                let floats = UnsafeMutableRawPointer(target).assumingMemoryBound(to: Double.self)
                let own = values.assumingMemoryBound(to: Float.self)
                for row in 0..<rows { floats[row] = Double(own[row]) }
            case .int8: Self.widen(values.assumingMemoryBound(to: Int8.self), rows, target)
            case .int16: Self.widen(values.assumingMemoryBound(to: Int16.self), rows, target)
            case .int32: Self.widen(values.assumingMemoryBound(to: Int32.self), rows, target)
            case .uint8: Self.widen(values.assumingMemoryBound(to: UInt8.self), rows, target)
            case .uint16: Self.widen(values.assumingMemoryBound(to: UInt16.self), rows, target)
            case .uint32: Self.widen(values.assumingMemoryBound(to: UInt32.self), rows, target)
            case .bool:
                if let (bits, offset) = source.pointee.column?.bits {
                    for row in 0..<rows { target[row] = ValidityBits.bit(bits, at: offset + start + row) ? 1 : 0 }
                }
            case .int128, .utf8: preconditionFailure("\(source.pointee.storage) values are not of 64 bits")
            }
            if content == .squares { for row in 0..<rows { target[row] &*= target[row] } }
        }
        // +0.0 has no bits set, and no sum is -0.0, so that adding it changes nothing.
        if source.pointee.hasNulls, let column = source.pointee.column {
            Self.fillNulls(column, start: start, rows: rows, with: source.pointee.field.empty, in: target)
        }
        return UnsafePointer(target)
    }

    /// Adds the values of an integer field to the packed rows.
    func pack(_ sources: UnsafePointer<RecordSource>, _ number: Int, start: Int, rows: Int, shift: UInt64) {
        let source = sources + number
        if source.pointee.storage == .int32, !source.pointee.hasNulls, source.pointee.field.content == .sum {
            let own = source.pointee.base.assumingMemoryBound(to: Int32.self) + start
            Self.prefetch(UnsafeRawPointer(own + rows), byteCount: rows &* 4)
            PackedIntegers.pack(own, rows, shift: shift, into: packed)
        } else {
            PackedIntegers.pack(
                load(sources, number, start: start, rows: rows), rows, shift: shift, into: packed)
        }
    }

    @inline(__always)
    private static func prefetch(_ base: UnsafeRawPointer, byteCount: Int) {
        var place = 0
        while place < byteCount {
            stoa_prefetch(base + place)
            place &+= 64
        }
    }

    /// Adds one to the number of nulls of each null row's group.
    static func countNulls(
        _ column: Column, count: Int, ids: UnsafePointer<Int32>, in nulls: UnsafeMutablePointer<Int64>
    ) {
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            var word = ~column.validityWord(at: start) & (rows == 64 ? ~0 : (1 << UInt64(rows)) - 1)
            while word != 0 {
                nulls[Int(ids[start + word.trailingZeroBitCount])] &+= 1
                word &= word &- 1
            }
            start += rows
        }
    }

    /// How many bits the magnitudes of the integers need, those under nulls included.
    static func magnitudeBits(_ column: Column, start: Int, rows: Int) -> Int {
        switch column.type.storageType {
        case .bool: return 1
        case .int8: return 7
        case .uint8: return 8
        case .int16: return 15
        case .uint16: return 16
        case .int32: return signedBits(column.values(as: Int32.self) + start, rows)
        case .int64: return signedBits(column.values(as: Int64.self) + start, rows)
        case .uint32:
            let values = column.values(as: UInt32.self) + start
            var all: UInt32 = 0
            for row in 0..<rows { all |= values[row] }
            return 32 - all.leadingZeroBitCount
        case .uint64:
            let values = column.values(as: UInt64.self) + start
            var all: UInt64 = 0
            for row in 0..<rows { all |= values[row] }
            return 64 - all.leadingZeroBitCount
        case .int128, .float32, .float64, .utf8: preconditionFailure("\(column.type) values are no integers of 64 bits")
        }
    }

    /// Bits of the magnitudes; one more for -2^n, whose complement is 2^n - 1.
    @inline(__always)
    private static func signedBits<Value: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<Value>, _ rows: Int
    ) -> Int {
        var all: Value = 0
        for row in 0..<rows { all |= values[row] ^ (values[row] &>> Value(Value.bitWidth - 1)) }
        return Value.bitWidth - all.leadingZeroBitCount + 1
    }

    /// Calls `body` with each row that holds a value, and the value.
    @inline(__always)
    static func forEachInteger(_ column: Column, _ body: (Int, Int128) -> Void) {
        @inline(__always)
        func visit<Value: FixedWidthInteger & BitwiseCopyable>(_ values: UnsafePointer<Value>) {
            ValidityBits.forEach(column, count: column.count) { body($0, Int128(truncatingIfNeeded: values[$0])) }
        }
        switch column.type.storageType {
        case .bool:
            let (bits, offset) = column.bits
            ValidityBits.forEach(column, count: column.count) {
                body($0, ValidityBits.bit(bits, at: offset + $0) ? 1 : 0)
            }
        case .int8: visit(column.values(as: Int8.self))
        case .int16: visit(column.values(as: Int16.self))
        case .int32: visit(column.values(as: Int32.self))
        case .int64: visit(column.values(as: Int64.self))
        case .uint8: visit(column.values(as: UInt8.self))
        case .uint16: visit(column.values(as: UInt16.self))
        case .uint32: visit(column.values(as: UInt32.self))
        case .uint64: visit(column.values(as: UInt64.self))
        case .int128, .float32, .float64, .utf8: preconditionFailure("\(column.type) values are no integers of 64 bits")
        }
    }

    @inline(__always)
    private static func widen<Value: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ target: UnsafeMutablePointer<Int64>
    ) {
        for row in 0..<rows { target[row] = Int64(truncatingIfNeeded: values[row]) }
    }

    private static func fillNulls(
        _ column: Column, start: Int, rows: Int, with empty: Int64, in target: UnsafeMutablePointer<Int64>
    ) {
        var first = 0
        while first < rows {
            let step = min(64, rows - first)
            let word = column.validityWord(at: start + first)
            if word & (step == 64 ? ~0 : (1 << UInt64(step)) - 1) != (step == 64 ? ~0 : (1 << UInt64(step)) - 1) {
                let place = target + first
                for bit in 0..<step {
                    let veil = 0 &- Int64(truncatingIfNeeded: (word &>> UInt64(bit)) & 1)
                    place[bit] = (place[bit] & veil) | (empty & ~veil)
                }
            }
            first += step
        }
    }
}
