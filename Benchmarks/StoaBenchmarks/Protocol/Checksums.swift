import Stoa

extension JSONValue {
    /// What the orchestrator compares: number of rows, and of each column sum, nulls, NaNs, smallest and largest value.
    static func checksums(of table: ResultTable) throws -> JSONValue {
        let columns = try table.schema.fields.indices.map { index in
            try ColumnChecksum.of(table.batches.map { $0.columns[index] }, type: table.schema[index].type)
        }
        return .object(["rows": .integer(Int64(table.rowCount)), "columns": .list(columns)])
    }
}

/// One column of a result, boiled down. Plain loops over the values, independent of the kernels that are measured.
enum ColumnChecksum {
    static func of(_ parts: [Column], type: DataType) throws -> JSONValue {
        switch type {
        case .int8: integers(parts, Int8.self)
        case .int16: integers(parts, Int16.self)
        case .int32, .date32: integers(parts, Int32.self)
        case .int64, .timestamp: integers(parts, Int64.self)
        case .uint8: integers(parts, UInt8.self)
        case .uint16: integers(parts, UInt16.self)
        case .uint32: integers(parts, UInt32.self)
        case .uint64: integers(parts, UInt64.self)
        case .float32: floats(parts, Float.self)
        case .float64: floats(parts, Double.self)
        case .utf8: texts(parts)
        case .bool: try booleans(parts)
        case .decimal(_, let scale): decimals(parts, scale: scale)
        }
    }

    private static func integers<Value: FixedWidthInteger & BitwiseCopyable>(
        _ parts: [Column], _: Value.Type
    ) -> JSONValue {
        var (sum, low, high) = (Int128(0), Value?.none, Value?.none)
        for part in parts {
            withExtendedLifetime(part) {
                let values = part.values(as: Value.self)
                for row in 0..<part.count where !part.isNull(at: row) {
                    let value = values[row]
                    sum += Int128(value)
                    low = Swift.min(low ?? value, value)
                    high = Swift.max(high ?? value, value)
                }
            }
        }
        return summary(
            parts, sum: .number(Double(sum)), low: low.map { .number(Double($0)) },
            high: high.map { .number(Double($0)) })
    }

    /// The sum is compensated (Neumaier), so that its error never explains a difference.
    private static func floats<Value: BinaryFloatingPoint & BitwiseCopyable>(
        _ parts: [Column], _: Value.Type
    ) -> JSONValue {
        var (sum, lost, nans) = (0.0, 0.0, 0)
        var (low, high) = (Double?.none, Double?.none)
        for part in parts {
            withExtendedLifetime(part) {
                let values = part.values(as: Value.self)
                for row in 0..<part.count where !part.isNull(at: row) {
                    let value = Double(values[row])
                    if value.isNaN {
                        nans += 1
                        continue
                    }
                    let next = sum + value
                    if next.isFinite { lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum }
                    sum = next
                    low = Swift.min(low ?? value, value)
                    high = Swift.max(high ?? value, value)
                }
            }
        }
        return summary(
            parts, sum: .number(sum + lost), nans: nans, low: low.map { .number($0) }, high: high.map { .number($0) })
    }

    private static func decimals(_ parts: [Column], scale: Int) -> JSONValue {
        var (sum, low, high) = (Int128(0), Int128?.none, Int128?.none)
        for part in parts {
            for row in 0..<part.count where !part.isNull(at: row) {
                let value = part.unscaledDecimal(at: row)
                sum += value
                low = Swift.min(low ?? value, value)
                high = Swift.max(high ?? value, value)
            }
        }
        func text(_ value: Int128) -> JSONValue { .text(Decimals.description(unscaled: value, scale: scale)) }
        return summary(parts, sum: text(sum), low: low.map(text), high: high.map(text))
    }

    private static func texts(_ parts: [Column]) -> JSONValue {
        var (bytes, low, high) = (0, [UInt8]?.none, [UInt8]?.none)
        for part in parts {
            withExtendedLifetime(part) {
                for row in 0..<part.count where !part.isNull(at: row) {
                    let text = part.textBytes(at: row)
                    bytes += text.count
                    if low.map({ text.lexicographicallyPrecedes($0) }) ?? true { low = Array(text) }
                    if high.map({ $0.lexicographicallyPrecedes(text) }) ?? true { high = Array(text) }
                }
            }
        }
        func text(_ bytes: [UInt8]) -> JSONValue { .text(String(decoding: bytes, as: UTF8.self)) }
        return summary(parts, sum: .integer(Int64(bytes)), low: low.map(text), high: high.map(text))
    }

    private static func booleans(_ parts: [Column]) throws -> JSONValue {
        let trues = try parts.reduce(0) { count, part in
            count + (try part.array(of: Bool?.self)).count { $0 == true }
        }
        return summary(parts, sum: .integer(Int64(trues)), low: nil, high: nil)
    }

    private static func summary(
        _ parts: [Column], sum: JSONValue, nans: Int = 0, low: JSONValue?, high: JSONValue?
    ) -> JSONValue {
        .object([
            "sum": sum, "nulls": .integer(Int64(parts.reduce(0) { $0 + $1.nullCount })), "nans": .integer(Int64(nans)),
            "min": low ?? .null, "max": high ?? .null,
        ])
    }
}
