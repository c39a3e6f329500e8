import Glibc

extension Column: Equatable {
    /// Whether type, number of rows, nulls and values agree.
    ///
    /// Floats compare by their bits, so NaN equals the same NaN and 0.0 differs from -0.0: equal columns cannot be told
    /// apart by any computation. Strings compare by their bytes, whether they are dictionary-encoded or not.
    public static func == (left: Column, right: Column) -> Bool {
        guard left.type == right.type, left.count == right.count, left.nullCount == right.nullCount else {
            return false
        }
        for row in stride(from: 0, to: left.count, by: 64)
        where left.validityWord(at: row) != right.validityWord(at: row) {
            return false
        }
        switch left.type.storageType {
        case .bool: return left.hasEqualBits(to: right)
        case .utf8: return left.hasEqualText(to: right)
        default: return left.hasEqualBytes(to: right)
        }
    }

    private func hasEqualBits(to other: Column) -> Bool {
        for row in stride(from: 0, to: count, by: 64) {
            let valid = validityWord(at: row)
            let length = min(64, count - row)
            let own = Bitmap.word(bits.base, at: bits.offset + row, count: length)
            if own & valid != Bitmap.word(other.bits.base, at: other.bits.offset + row, count: length) & valid {
                return false
            }
        }
        return true
    }

    private func hasEqualText(to other: Column) -> Bool {
        (0..<count).allSatisfy { row in
            if isNull(at: row) { return true }
            let own = textBytes(at: row)
            let others = other.textBytes(at: row)
            guard own.count == others.count else { return false }
            guard let a = own.baseAddress, let b = others.baseAddress else { return true }
            return memcmp(a, b, own.count) == 0
        }
    }

    private func hasEqualBytes(to other: Column) -> Bool {
        guard let width = type.storageType.byteWidth, case .fixed(let own) = storage,
            case .fixed(let others) = other.storage
        else { preconditionFailure("a \(type) column has fixed-width values") }
        let left = own.base + offset * width
        let right = others.base + other.offset * width
        if nullCount == 0 { return memcmp(left, right, count * width) == 0 }
        return (0..<count).allSatisfy { row in
            isNull(at: row) || memcmp(left + row * width, right + row * width, width) == 0
        }
    }
}

extension Batch: Equatable {
    /// Whether schema, number of rows and columns agree; see `Column`.
    public static func == (left: Batch, right: Batch) -> Bool {
        left.schema == right.schema && left.rowCount == right.rowCount && left.columns == right.columns
    }
}
