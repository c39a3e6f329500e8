import StoaColumns

/// One value as the reference sees it: equal and ordered by rule N2, text by its bytes.
enum Cell: Hashable {
    case null
    case integer(Int128)
    case float(Double)
    case text(String)
    case flag(Bool)

    static func == (left: Cell, right: Cell) -> Bool { left.order(right) == 0 }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .integer(let value): hasher.combine(value)
        case .float(let value): hasher.combine(value.isNaN ? Double.infinity.nextDown : value + 0)
        case .text(let value): hasher.combine(value)
        case .flag(let value): hasher.combine(value)
        }
    }

    /// Negative, zero or positive; null equals null and is above all values.
    func order(_ other: Cell) -> Int {
        switch (self, other) {
        case (.null, .null): return 0
        case (.null, _): return 1
        case (_, .null): return -1
        case (.integer(let a), .integer(let b)): return a < b ? -1 : a > b ? 1 : 0
        case (.flag(let a), .flag(let b)): return (a ? 1 : 0) - (b ? 1 : 0)
        case (.float(let a), .float(let b)):
            if a.isNaN || b.isNaN { return (a.isNaN ? 1 : 0) - (b.isNaN ? 1 : 0) }
            return a < b ? -1 : a > b ? 1 : 0
        case (.text(let a), .text(let b)):
            if a.utf8.elementsEqual(b.utf8) { return 0 }
            return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        default: return -2
        }
    }
}

extension Column {
    /// The values one by one.
    var cells: [Cell] {
        (0..<count).map { row in
            if isNull(at: row) { return .null }
            switch type.storageType {
            case .bool: return .flag(Bitmap.bit(bits.base, at: bits.offset + row))
            case .utf8: return .text(string(at: row) ?? "")
            case .int8: return .integer(Int128(values(as: Int8.self)[row]))
            case .int16: return .integer(Int128(values(as: Int16.self)[row]))
            case .int32: return .integer(Int128(values(as: Int32.self)[row]))
            case .int64: return .integer(Int128(values(as: Int64.self)[row]))
            case .int128: return .integer(values(as: Int128.self)[row])
            case .uint8: return .integer(Int128(values(as: UInt8.self)[row]))
            case .uint16: return .integer(Int128(values(as: UInt16.self)[row]))
            case .uint32: return .integer(Int128(values(as: UInt32.self)[row]))
            case .uint64: return .integer(Int128(values(as: UInt64.self)[row]))
            case .float32: return .float(Double(values(as: Float.self)[row]))
            case .float64: return .float(values(as: Double.self)[row])
            }
        }
    }
}
