import Glibc
import StoaColumns

/// A key column ready to give order-preserving codes. Holds pointers only: `SortKeys` keeps their memory alive.
///
/// Values that do not fit 64 bits are read in parts. The parts of a decimal of 128 bits are its high (0) and low (1) half;
/// the part of a text is the byte from which on seven bytes are looked at.
struct SortKeyReader {
    enum Values {
        case fixed(StorageType, UnsafeRawPointer)
        case bits(UnsafeRawPointer, offset: Int)
        case wide(UnsafePointer<Int128>)
        case text(offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>)
        /// Codes into a dictionary, and the place of each dictionary string among those that occur.
        case ranked(codes: UnsafePointer<Int32>, ranks: UnsafePointer<UInt32>)
    }

    let values: Values
    let validity: UnsafeRawPointer?
    /// Bit of the first row in `validity`.
    let validityOffset: Int
    /// All ones turns codes round.
    let flip: UInt64
    let nullRank: UInt32

    init(_ key: SortColumn, values: Values) {
        self.values = values
        validity = key.column.validity?.base
        validityOffset = key.column.offset
        flip = key.isDescending ? ~0 : 0
        nullRank = key.nullsFirst ? SortEntry.nullFirstRank : SortEntry.nullLastRank
    }

    /// Fills in code and rank of entries whose rows are set. One random read a row, two for text.
    func load(part: Int, into entries: UnsafeMutablePointer<SortEntry>, count: Int) {
        switch values {
        case .fixed(let storage, let base):
            switch storage {
            case .int8: loadFixed(base, as: Int8.self, entries, count)
            case .int16: loadFixed(base, as: Int16.self, entries, count)
            case .int32: loadFixed(base, as: Int32.self, entries, count)
            case .int64: loadFixed(base, as: Int64.self, entries, count)
            case .uint8: loadFixed(base, as: UInt8.self, entries, count)
            case .uint16: loadFixed(base, as: UInt16.self, entries, count)
            case .uint32: loadFixed(base, as: UInt32.self, entries, count)
            case .uint64: loadFixed(base, as: UInt64.self, entries, count)
            case .float32: loadFixed(base, as: Float.self, entries, count)
            case .float64: loadFixed(base, as: Double.self, entries, count)
            case .bool, .utf8, .int128: preconditionFailure("\(storage) values are not read as fixed ones")
            }
        case .bits(let base, let offset):
            for index in 0..<count {
                setCode(of: entries + index, Bitmap.bit(base, at: offset + Int(entries[index].row)) ? 1 : 0)
            }
        case .wide(let base):
            for index in 0..<count {
                let value = base[Int(entries[index].row)]
                setCode(of: entries + index, Self.code(of: value, part: part))
            }
        case .text(let offsets, let bytes):
            for index in 0..<count {
                setCode(of: entries + index, Self.code(offsets, bytes, row: Int(entries[index].row), from: part))
            }
        case .ranked(let codes, let ranks):
            // The code of a null is 0, for which there may be no rank: the padding of the region is read instead.
            for index in 0..<count { setCode(of: entries + index, UInt64(ranks[Int(codes[Int(entries[index].row)])])) }
        }
        guard let validity else { return }
        for index in 0..<count where !Bitmap.bit(validity, at: validityOffset + Int(entries[index].row)) {
            entries[index].code = 0
            entries[index].rank = nullRank
        }
    }

    private func loadFixed<Value: OrderedValue>(
        _ base: UnsafeRawPointer, as type: Value.Type, _ entries: UnsafeMutablePointer<SortEntry>, _ count: Int
    ) {
        let values = base.assumingMemoryBound(to: Value.self)
        for index in 0..<count { setCode(of: entries + index, values[Int(entries[index].row)].orderCode) }
    }

    @inline(__always)
    private func setCode(of entry: UnsafeMutablePointer<SortEntry>, _ code: UInt64) {
        entry.pointee.code = code ^ flip
        entry.pointee.rank = SortEntry.valueRank
    }

    @inline(__always)
    private static func code(of value: Int128, part: Int) -> UInt64 {
        part == 0
            ? UInt64(bitPattern: Int64(truncatingIfNeeded: value >> 64)) ^ (1 << 63) : UInt64(truncatingIfNeeded: value)
    }

    /// Seven bytes from byte `start` on, the first in the highest place, and below them how many bytes there are: 8 for
    /// eight or more. So a text comes before its continuations, zero bytes included.
    @inline(__always)
    private static func code(
        _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, row: Int, from start: Int
    ) -> UInt64 {
        let first = Int(offsets[row]) + start
        let left = Int(offsets[row + 1]) - first
        if left >= 8 {
            let word = UnsafeRawPointer(bytes + first).loadUnaligned(as: UInt64.self).bigEndian
            return (word & ~0xFF) | 8
        }
        if left <= 0 { return 0 }
        var word: UInt64 = 0
        for index in 0..<left { word |= UInt64(bytes[first + index]) << UInt64(56 - index * 8) }
        return word | UInt64(left)
    }

    /// The part that decides between rows which tie with `entry` at `part`, and with each other; nil when they are equal.
    func part(after part: Int, of entry: SortEntry) -> Int? {
        guard entry.rank == SortEntry.valueRank else { return nil }
        switch values {
        case .fixed, .bits, .ranked: return nil
        case .wide: return part == 0 ? 1 : nil
        case .text: return (entry.code ^ flip) & 0xFF < 8 ? nil : part + 7
        }
    }

    /// How many more bytes from `part` on the texts of all rows share; 0 for other values.
    func sharedLength(from part: Int, rows: UnsafePointer<Int32>, count: Int) -> Int {
        guard case .text(let offsets, let bytes) = values else { return 0 }
        let firstRow = Int(rows[0])
        let first = bytes + Int(offsets[firstRow]) + part
        var shared = Int(offsets[firstRow + 1] - offsets[firstRow]) - part
        for index in 1..<count where shared > 0 {
            let row = Int(rows[index])
            let other = bytes + Int(offsets[row]) + part
            let length = min(shared, Int(offsets[row + 1] - offsets[row]) - part)
            if length == shared, memcmp(first, other, length) == 0 { continue }
            shared = 0
            while shared < length, first[shared] == other[shared] { shared += 1 }
        }
        return max(0, shared)
    }

    /// Below zero when row `left` comes before `right`, zero when their values are equal from `part` on.
    func compare(_ left: Int32, _ right: Int32, part: Int) -> Int {
        var pair = (
            SortEntry(code: 0, row: left, rank: 0), SortEntry(code: 0, row: right, rank: 0)
        )
        withUnsafeMutablePointer(to: &pair) { pair in
            pair.withMemoryRebound(to: SortEntry.self, capacity: 2) { load(part: part, into: $0, count: 2) }
        }
        if !pair.0.ties(with: pair.1) { return pair.0.isBefore(pair.1) ? -1 : 1 }
        guard let next = self.part(after: part, of: pair.0) else { return 0 }
        guard case .text(let offsets, let bytes) = values else { return compare(left, right, part: next) }
        let l = Int(offsets[Int(left)]) + next
        let r = Int(offsets[Int(right)]) + next
        let leftLength = Int(offsets[Int(left) + 1]) - l
        let rightLength = Int(offsets[Int(right) + 1]) - r
        let difference = Int(memcmp(bytes + l, bytes + r, min(leftLength, rightLength)))
        let order = difference == 0 ? leftLength - rightLength : difference
        return flip == 0 ? order : -order
    }
}
