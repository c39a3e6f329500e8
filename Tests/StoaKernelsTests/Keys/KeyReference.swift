import StoaColumns
import StoaKernels

/// One key value as a Swift dictionary compares it: the oracle of the key tables.
enum KeyValue: Hashable {
    case null
    case bits(UInt64)
    case integer(Int128)
    case text(String)

    /// The rows of a column, with N3 spelled out.
    static func rows(of column: Column) -> [KeyValue] {
        (0..<column.count).map { row in
            if column.isNull(at: row) { return .null }
            switch column.type.storageType {
            case .bool:
                let (base, offset) = column.bits
                return .integer(Bitmap.bit(base, at: offset + row) ? 1 : 0)
            case .int8: return .integer(Int128(column.values(as: Int8.self)[row]))
            case .int16: return .integer(Int128(column.values(as: Int16.self)[row]))
            case .int32: return .integer(Int128(column.values(as: Int32.self)[row]))
            case .int64: return .integer(Int128(column.values(as: Int64.self)[row]))
            case .uint8: return .integer(Int128(column.values(as: UInt8.self)[row]))
            case .uint16: return .integer(Int128(column.values(as: UInt16.self)[row]))
            case .uint32: return .integer(Int128(column.values(as: UInt32.self)[row]))
            case .uint64: return .integer(Int128(column.values(as: UInt64.self)[row]))
            case .int128: return .integer(column.values(as: Int128.self)[row])
            case .float32:
                let value = column.values(as: Float.self)[row]
                return .bits(value.isNaN ? .max : value.isZero ? 0 : UInt64(value.bitPattern) << 8)
            case .float64:
                let value = column.values(as: Double.self)[row]
                return .bits(value.isNaN ? .max : value.isZero ? 0 : value.bitPattern)
            case .utf8: return .text(column.string(at: row) ?? "")
            }
        }
    }

    /// The rows of several columns, each an array of values.
    static func rows(of columns: [Column]) -> [[KeyValue]] {
        let parts = columns.map(KeyValue.rows(of:))
        guard let first = parts.first else { return [] }
        return first.indices.map { row in parts.map { $0[row] } }
    }
}

/// Ids in order of first appearance by a Swift dictionary.
struct KeyReference {
    private(set) var ids: [[KeyValue]: Int32] = [:]
    private(set) var keys: [[KeyValue]] = []

    mutating func insert(_ rows: [[KeyValue]]) -> [Int32] {
        rows.map { row in
            if let id = ids[row] { return id }
            let id = Int32(keys.count)
            ids[row] = id
            keys.append(row)
            return id
        }
    }
}

extension KeyTable {
    func inserting(_ keys: [Column]) -> [Int32] {
        let count = keys[0].count
        return [Int32](unsafeUninitializedCapacity: count) { buffer, filled in
            if let base = buffer.baseAddress { insert(keys, count: count, into: base) }
            filled = count
        }
    }

    func finding(_ keys: [Column]) -> [Int32] {
        let count = keys[0].count
        return [Int32](unsafeUninitializedCapacity: count) { buffer, filled in
            if let base = buffer.baseAddress { find(keys, count: count, into: base) }
            filled = count
        }
    }

    static func hashes(_ keys: [Column]) -> [UInt64] {
        let count = keys[0].count
        return [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
            if let base = buffer.baseAddress { hash(keys, count: count, into: base) }
            filled = count
        }
    }
}
